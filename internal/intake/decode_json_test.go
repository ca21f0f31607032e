package intake

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeJSON(t *testing.T) {
	yes, no := true, false
	long := strings.Repeat("é", 256)
	cases := map[string]struct {
		body          string
		want          *Submission
		wantErrors    FieldErrors
		wantMalformed string
	}{
		"everything": {
			body: `{"name":"Ada Example","email":"ada@example.com","company":"Example Ltd","phone":"+44 20 7946 0958","country":"GB",
				"channel":"trial-download","page":"https://example.com/a?b#c","attributes":{"plan":"pro"},
				"consent":{"marketing":true,"statement":"Send me the newsletter"}}`,
			want: &Submission{
				Name: "Ada Example", Email: "ada@example.com", Company: "Example Ltd", Phone: "+44 20 7946 0958", Country: "GB",
				Channel: "trial-download", Page: "https://example.com/a?b#c", Attributes: map[string]string{"plan": "pro"},
				Consent: &yes, ConsentStatement: "Send me the newsletter",
			},
		},
		"only an address, which need not be one": {
			body: `{"email":" not-an-address "}`,
			want: &Submission{Email: "not-an-address"},
		},
		"null and blank are absent": {
			body: `{"email":"a@b","name":null,"company":" \t ","attributes":{"x":null,"y":""},"consent":null}`,
			want: &Submission{Email: "a@b"},
		},
		"an explicit no": {
			body: `{"email":"a@b","consent":{"marketing":false,"statement":null}}`,
			want: &Submission{Email: "a@b", Consent: &no},
		},
		"a statement without an answer is no answer": {
			body: `{"email":"a@b","consent":{"statement":"Send me the newsletter"}}`,
			want: &Submission{Email: "a@b"},
		},
		"line breaks become blanks, except where text has lines": {
			body: `{"email":"a@b","name":"Ada\r\nExample\tB","attributes":{"note":"one\r\ntwo\u2028three"}}`,
			want: &Submission{Email: "a@b", Name: "Ada Example B", Attributes: map[string]string{"note": "one\ntwo\nthree"}},
		},
		"the longest name, counted in characters": {
			body: `{"email":"a@b","name":"` + long + `"}`,
			want: &Submission{Email: "a@b", Name: long},
		},
		"a byte order mark, and half a surrogate pair": {
			body: "\xEF\xBB\xBF" + `{"email":"a@b","name":"x\ud800"}`,
			want: &Submission{Email: "a@b", Name: "x\uFFFD"},
		},
		"every bad field is named": {
			body: `{"email":5,"name":"` + long + `é","company":["x"],"phone":"1\u0000","attributes":{"a":1,"b":{"c":2}},
				"consent":{"marketing":"yes","when":"now"},"newsletter":true}`,
			wantErrors: FieldErrors{
				{Field: "email", Message: "This must be a string."},
				{Field: "name", Message: "Use at most 256 characters; these are 257."},
				{Field: "company", Message: "This must be a string."},
				{Field: "phone", Message: "This text holds characters that can't be shown; remove them."},
				{Field: "attributes.a", Message: "This must be a string."},
				{Field: "attributes.b", Message: "This must be a string."},
				{Field: "consent.marketing", Message: "This must be true, false or null."},
				{Field: "consent.when", Message: "Unknown field."},
				{Field: "newsletter", Message: "Unknown field."},
			},
		},
		"no address":            {body: `{}`, wantErrors: FieldErrors{{Field: "email", Message: "Enter your e-mail address."}}},
		"a blank address":       {body: `{"email":"\u00a0\u200b"}`, wantErrors: FieldErrors{{Field: "email", Message: "Enter your e-mail address."}}},
		"names are exact":       {body: `{"email":"a@b","Email":"c@d"}`, wantErrors: FieldErrors{{Field: "Email", Message: "Unknown field."}}},
		"consent is nested":     {body: `{"email":"a@b","consent.marketing":true,"consent.statement":"x"}`, wantErrors: FieldErrors{{Field: "consent.statement", Message: "Unknown field."}, {Field: "consent.marketing", Message: "Unknown field."}}},
		"wrong shapes":          {body: `{"email":"a@b","attributes":[],"consent":true}`, wantErrors: FieldErrors{{Field: "attributes", Message: "This must be an object of strings."}, {Field: "consent", Message: `This must be an object such as {"marketing": true}.`}}},
		"a field given twice":   {body: `{"email":"a@b","email":"c@d"}`, wantErrors: FieldErrors{{Field: "email", Message: "This field is given more than once."}}},
		"the same, in disguise": {body: `{"email":"a@b","\u0065mail":null}`, wantErrors: FieldErrors{{Field: "email", Message: "This field is given more than once."}}},
		"an attribute twice":    {body: `{"email":"a@b","attributes":{"x":"1"," x":"2"}}`, wantErrors: FieldErrors{{Field: "attributes.x", Message: "This attribute is given more than once."}}},
		"a nameless attribute":  {body: `{"email":"a@b","attributes":{" ":"1"}}`, wantErrors: FieldErrors{{Field: "attributes", Message: "Every attribute needs a name."}}},
		"an attribute's long name": {
			body:       `{"email":"a@b","attributes":{"` + strings.Repeat("n", 64) + `":"1"}}`,
			wantErrors: FieldErrors{{Field: "attributes." + strings.Repeat("n", 64), Message: "The attribute's name must have at most 63 characters."}},
		},
		"not UTF-8": {
			body:       "{\"email\":\"a@b\",\"name\":\"M\xfcller\"}",
			wantErrors: FieldErrors{{Field: "name", Message: "This text is not valid UTF-8; send it in that encoding."}},
		},
		"empty":            {body: " \n", wantMalformed: "The body is empty; send a JSON object."},
		"no object":        {body: `["a@b"]`, wantMalformed: "The body must be a JSON object."},
		"null":             {body: `null`, wantMalformed: "The body must be a JSON object."},
		"a syntax error":   {body: "{\"email\":\n  ü}", wantMalformed: "The body is not valid JSON at byte 13 (line 2, column 3)."},
		"cut off":          {body: `{"email":"a@b"`, wantMalformed: "The body is not valid JSON: it ends too early, after byte 14."},
		"trailing garbage": {body: `{"email":"a@b"} {}`, wantMalformed: "The body is not valid JSON at byte 17 (line 1, column 17)."},
		"nested too deep": {
			body:          strings.Repeat(`{"a":`, 11_000) + "1" + strings.Repeat("}", 11_000),
			wantMalformed: "The body is not valid JSON at byte 50001 (line 1, column 50001).",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, errs, err := decodeJSON([]byte(tc.body))
			malformed := ""
			if err != nil {
				malformed = err.Error()
			}
			if malformed != tc.wantMalformed {
				t.Errorf("malformed: %q, want %q", malformed, tc.wantMalformed)
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

func TestTooManyAttributes(t *testing.T) {
	attributes := map[string]string{}
	for i := range maxAttributes + 1 {
		attributes["a"+strings.Repeat("x", i)] = "1"
	}
	body, err := json.Marshal(map[string]any{"email": "a@b", "attributes": attributes})
	if err != nil {
		t.Fatal(err)
	}
	_, errs, err := decodeJSON(body)
	want := FieldErrors{{Field: "attributes", Message: "Send at most 32 attributes; these are 33."}}
	if diff := cmp.Diff(want, errs, asRead); diff != "" || err != nil {
		t.Errorf("error %v, field errors (-want +got):\n%s", err, diff)
	}
}

func TestFieldErrorsAreBounded(t *testing.T) {
	unknown := map[string]string{"email": "a@b"}
	for i := range 2 * maxFieldErrors {
		unknown["u"+strings.Repeat("x", i)] = "1"
	}
	body, err := json.Marshal(unknown)
	if err != nil {
		t.Fatal(err)
	}
	if _, errs, _ := decodeJSON(body); len(errs) == 0 || len(errs) > maxFieldErrors {
		t.Errorf("%d errors, want 1 to %d", len(errs), maxFieldErrors)
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{
		`{"email":"a@b","name":null,"attributes":{"x":"1"},"consent":{"marketing":true,"statement":"s"}}`,
		`{"email":"a@b","email":1}`, "{\"email\":\"\xff\"}", `[]`, `{"a":`, `{"email":"\ud800\u0000"}`, "\xEF\xBB\xBF",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s, errs, err := decodeJSON(body)
		checkAccepted(t, s, errs, err)
	})
}

// checkAccepted fails unless everything in an accepted submission is what the resource takes.
func checkAccepted(t *testing.T, s *Submission, errs FieldErrors, err error) {
	t.Helper()
	if err != nil || len(errs) > 0 {
		return
	}
	if s.Email == "" {
		t.Error("accepted without an address")
	}
	check := func(name, value string, limit int) {
		if !utf8.ValidString(value) || utf8.RuneCountInString(value) > limit || removeControls(value) != value || trim(value) != value {
			t.Errorf("accepted %s = %q", name, value)
		}
	}
	for _, f := range textFields {
		check(f.name, *f.value(s), f.maxRunes)
	}
	if len(s.Attributes) > maxAttributes {
		t.Errorf("accepted %d attributes", len(s.Attributes))
	}
	for name, value := range s.Attributes {
		check("an attribute's name", name, maxAttributeName)
		check(name, value, maxAttributeValue)
		if name == "" || value == "" {
			t.Errorf("accepted the attribute %q = %q", name, value)
		}
	}
	if s.Consent == nil && s.ConsentStatement != "" {
		t.Error("kept a statement without an answer")
	}
}

// The way in which objects are taken apart agrees with the standard library's.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{"a":"b"}`, `{ "a" : [1, {"b":"}"}] , "c":null,"a":2 }`, `{"\u0061":"\ud800\"","x":-1.5e3,"y":true}`, "{\"\xff\":\"\xff\",\n\"z\":{}}", `{}`, `{"a":[[],[]],"b":"\\"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var whole json.RawMessage
		if json.Unmarshal(body, &whole) != nil || whole[0] != '{' {
			return
		}
		type member struct{ Name, Raw string }
		var want, got []member
		seen := map[string]bool{}
		dec := json.NewDecoder(bytes.NewReader(whole))
		_, _ = dec.Token()
		for dec.More() {
			token, err := dec.Token()
			var raw json.RawMessage
			if err != nil || dec.Decode(&raw) != nil {
				t.Fatal("the standard library stumbles over what it called valid")
			}
			if name := token.(string); !seen[name] {
				seen[name] = true
				if string(raw) != "null" {
					want = append(want, member{name, string(raw)})
				}
			}
		}
		members(whole, "", &FieldErrors{}, func(name string, raw json.RawMessage) { got = append(got, member{name, string(raw)}) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
