package intake

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// cmpEmpty takes no errors and an empty list of errors for the same.
var cmpEmpty = cmpopts.EquateEmpty()

// asRead compares errors as programs read them.
var asRead = cmp.Transformer("english", func(e FieldError) [2]string { return [2]string{e.Field, sayWith(e.Message, e.Args)} })

func TestDecodeForm(t *testing.T) {
	yes, no := true, false
	cases := map[string]struct {
		body          string
		want          *Submission
		wantKey       string
		wantErrors    FieldErrors
		wantMalformed bool
	}{
		"everything": {
			body: "name=Ada+Example&email=ada%40example.com&company=Example+Ltd&phone=%2B44+20&country=GB&channel=blog&page=https%3A%2F%2Fexample.com%2F" +
				"&attributes.plan=pro&consent.marketing=on&consent.statement=Yes%2C+please&idempotencyKey=k1",
			want: &Submission{
				Name: "Ada Example", Email: "ada@example.com", Company: "Example Ltd", Phone: "+44 20", Country: "GB", Channel: "blog",
				Page: "https://example.com/", Attributes: map[string]string{"plan": "pro"}, Consent: &yes, ConsentStatement: "Yes, please",
			},
			wantKey: "k1",
		},
		"an unticked box is no answer":   {body: "email=a@b&consent.statement=x", want: &Submission{Email: "a@b"}},
		"a blank answer is no answer":    {body: "email=a@b&consent.marketing=+", want: &Submission{Email: "a@b"}},
		"yes in capitals":                {body: "email=a@b&consent.marketing=YES", want: &Submission{Email: "a@b", Consent: &yes}},
		"off is an answer":               {body: "email=a@b&consent.marketing=off", want: &Submission{Email: "a@b", Consent: &no}},
		"a hidden no before a box":       {body: "email=a@b&consent.marketing=0&consent.marketing=1", want: &Submission{Email: "a@b", Consent: &yes}},
		"unknown fields are ignored":     {body: "email=a@b&g-recaptcha-response=x&_wpnonce=y&Email=c", want: &Submission{Email: "a@b"}},
		"several boxes of one attribute": {body: "email=a@b&attributes.topics=x&attributes.topics=&attributes.topics=y", want: &Submission{Email: "a@b", Attributes: map[string]string{"topics": "x, y"}}},
		"the same value twice":           {body: "email=a@b&email=+a@b&email=", want: &Submission{Email: "a@b"}},
		"a page that is too long loses its query": {
			body: "email=a@b&page=https://example.com/x%3Fq%3D" + strings.Repeat("y", 3000),
			want: &Submission{Email: "a@b", Page: "https://example.com/x"},
		},
		"two values": {
			body:       "email=a@b&email=c@d",
			wantErrors: FieldErrors{{Field: "email", Message: "This field was sent more than once, with different values."}},
		},
		"every bad field is named": {
			body: "email=&name=a%00b&company=%FF&phone=" + strings.Repeat("1", 65) + "&consent.marketing=maybe",
			wantErrors: FieldErrors{
				{Field: "email", Message: "Enter your e-mail address."},
				{Field: "name", Message: "This text holds characters that can't be shown; remove them."},
				{Field: "company", Message: "This text is not valid UTF-8; send it in that encoding."},
				{Field: "phone", Message: "Use at most 64 characters; these are 65."},
				{Field: "consent.marketing", Message: "Answer with on, true, 1 or yes, or with off, false, 0 or no."},
			},
		},
		"an empty body":   {body: "", wantErrors: FieldErrors{{Field: "email", Message: "Enter your e-mail address."}}},
		"broken encoding": {body: "email=a@b&name=100%", wantMalformed: true},
		"a bare ;":        {body: "email=a@b;name=x", wantMalformed: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			in, err := decodeForm([]byte(tc.body))
			if (err != nil) != tc.wantMalformed {
				t.Errorf("error %v, want malformed: %v", err, tc.wantMalformed)
			}
			if in == nil {
				return
			}
			got, errs := in.submission, in.errs
			if in.key != tc.wantKey {
				t.Errorf("key %q, want %q", in.key, tc.wantKey)
			}
			if diff := cmp.Diff(tc.wantErrors, errs, cmpEmpty, asRead); diff != "" {
				t.Errorf("field errors (-want +got):\n%s", diff)
			}
			if tc.want != nil {
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("submission (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestPageAddress(t *testing.T) {
	cases := map[string]struct{ raw, want string }{
		"an address":              {"https://example.com/a?b=c", "https://example.com/a?b=c"},
		"credentials, a fragment": {"https://u:p@example.com/a#b", "https://example.com/a"},
		"too long":                {"https://example.com/a?" + strings.Repeat("b", 3000), "https://example.com/a"},
		"too long all the same":   {"https://example.com/" + strings.Repeat("b", 3000), ""},
		"another scheme":          {"javascript:alert(1)", ""},
		"relative":                {"/a/b", ""},
		"no address":              {"::", ""},
	}
	for name, tc := range cases {
		if got := pageAddress(tc.raw); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func FuzzDecodeForm(f *testing.F) {
	for _, seed := range []string{
		"email=a@b&name=Ada+E&attributes.x=1&attributes.x=2&consent.marketing=on&consent.statement=s&idempotencyKey=k",
		"email=%00&name=%ff", "email=a&email=b", "%", "a;b", "attributes.=1&email=x", "email=a@b&page=http://x%0a",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := decodeForm(body)
		checkForm(t, in, err)
	})
}

// checkForm is checkAccepted for forms.
func checkForm(t *testing.T, in *formInput, err error) {
	t.Helper()
	if (in == nil) == (err == nil) {
		t.Fatalf("input %v and error %v", in, err)
	}
	if in != nil {
		checkAccepted(t, in.submission, in.errs, err)
	}
}
