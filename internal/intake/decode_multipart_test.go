package intake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// part is one part of a multipart body: its headers after "Content-Disposition: form-data; ", and its content.
type part struct{ headers, content string }

func multipartBody(parts ...part) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "--x\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n", p.headers, p.content)
	}
	return b.String() + "--x--\r\n"
}

func TestDecodeMultipart(t *testing.T) {
	yes := true
	many := make([]part, maxParts+1)
	for i := range many {
		many[i] = part{fmt.Sprintf(`name="f%d"`, i), "x"}
	}
	cases := map[string]struct {
		body          string
		want          *Submission
		wantErrors    FieldErrors
		wantMalformed string
	}{
		"everything, as a browser sends it": {
			body: multipartBody(
				part{`name="email"`, "ada@example.com"}, part{`name="name"`, "Ada Éxample"}, part{`name="company"`, ""},
				part{`name="attributes.note"`, "one\r\ntwo"}, part{`name="consent.marketing"`, "on"}, part{`name="consent.statement"`, "Yes"},
			),
			want: &Submission{Email: "ada@example.com", Name: "Ada Éxample", Attributes: map[string]string{"note": "one\ntwo"}, Consent: &yes, ConsentStatement: "Yes"},
		},
		"a file that nobody chose": {
			body: multipartBody(part{`name="email"`, "a@b"}, part{"name=\"cv\"; filename=\"\"\r\nContent-Type: application/octet-stream", ""}),
			want: &Submission{Email: "a@b"},
		},
		"files are named, and nothing else is lost": {
			body: multipartBody(part{`name="email"`, "a@b"}, part{"name=\"cv\"; filename=\"cv.pdf\"\r\nContent-Type: application/pdf", "%PDF"},
				part{`name="attributes.photo"; filename*=UTF-8''%E2%82%AC.png`, "x"}, part{`name="unnamed"; filename=""`, "content"}),
			want: &Submission{Email: "a@b"},
			wantErrors: FieldErrors{
				{Field: "attributes.photo", Message: "Files are not taken here. Send the form again without the file."},
				{Field: "cv", Message: "Files are not taken here. Send the form again without the file."},
				{Field: "unnamed", Message: "Files are not taken here. Send the form again without the file."},
			},
		},
		"another character set": {
			body:       multipartBody(part{`name="email"`, "a@b"}, part{"name=\"name\"\r\nContent-Type: text/plain; charset=iso-8859-1", "M\xfcller"}),
			want:       &Submission{Email: "a@b"},
			wantErrors: FieldErrors{{Field: "name", Message: "This text is not valid UTF-8; send it in that encoding."}},
		},
		"a part without a name": {body: multipartBody(part{`filename="x"`, "y"}), wantMalformed: "A part of the form has no name."},
		"too many parts":        {body: multipartBody(many...), wantMalformed: "The form has too many parts."},
		"cut off":               {body: "--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@b", wantMalformed: "The form is not properly encoded: a part of it is broken, or its end is missing."},
		"not multipart at all":  {body: "email=a@b", wantMalformed: "The form is not properly encoded: a part of it is broken, or its end is missing."},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			in, err := decodeMultipart([]byte(tc.body), "x")
			if tc.wantMalformed != "" {
				if err == nil || err.Error() != tc.wantMalformed {
					t.Fatalf("error %v, want %s", err, tc.wantMalformed)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.wantErrors, in.errs, cmpEmpty, asRead); diff != "" {
				t.Errorf("field errors (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.want, in.submission); diff != "" {
				t.Errorf("submission (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMultipartIsTheSameSubmission(t *testing.T) {
	a, err := decodeForm([]byte("email=ada%40example.com&name=Ada&attributes.x=1%0A2&consent.marketing=no"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := decodeMultipart([]byte(multipartBody(part{`name="attributes.x"`, "1\r\n2"}, part{`name="name"`, " Ada"},
		part{`name="email"`, "ada@example.com"}, part{`name="consent.marketing"`, "no"})), "x")
	if err != nil {
		t.Fatal(err)
	}
	if mustName(t, "ns", "trial", "k", a.submission) != mustName(t, "ns", "trial", "k", b.submission) {
		t.Error("the same content has two names, depending on how it was encoded")
	}
}

func FuzzDecodeMultipart(f *testing.F) {
	for _, seed := range []string{
		multipartBody(part{`name="email"`, "a@b"}, part{`name="attributes.x"`, "1"}, part{`name="f"; filename="g"`, "h"}),
		multipartBody(part{`name="email"`, "\x00\xff"}, part{"name=\"name\"\r\nContent-Transfer-Encoding: quoted-printable", "=C3=A9=0"}),
		multipartBody(part{`name=""`, ""}), "--x\r\n\r\n", "--x--", "",
	} {
		f.Add([]byte(seed), "x")
	}
	f.Fuzz(func(t *testing.T, body []byte, boundary string) {
		in, err := decodeMultipart(body, boundary)
		checkForm(t, in, err)
	})
}
