package httpjson

import (
	"net/url"
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		wantWrong string
	}{
		"https://crm.example/people/{key}":            {},
		"http://crm.example:8080/a%20b?who={key}&x=1": {},
		"https://crm.example":                         {},
		"https://crm.example?who={key}":               {},
		"http://[2001:db8::1]:80/{key}":               {},
		"https://crm.example/{key}/{key}":             {},
		"ftp://crm.example/":                          {"scheme has to be http or https"},
		"crm.example/people":                          {"scheme has to be http or https"},
		"https:///people":                             {"names no host"},
		"https://:443/people":                         {"names no host"},
		"https://{key}.crm.example/":                  {"path and the query only"},
		"https://{key}@crm.example/":                  {"path and the query only"},
		"{key}://crm.example/":                        {"path and the query only"},
		"https://crm.example:{key}/":                  {"path and the query only"},
		"https://user:pass@crm.example/":              {"holds credentials"},
		"https://crm.example/{email}":                 {"only {key} is replaced"},
		"https://crm.example/{key":                    {"only {key} is replaced"},
		"https://crm.example/#{key}":                  {"has a fragment"},
		"https://crm.example/a b":                     {"blank or a control character"},
		"https://crm.example/a\nb":                    {"blank or a control character"},
		"https://crm.example/%zz":                     {"not a valid URL"},
		"https://crm.example:0/":                      {"port"},
		"https://crm.example:70000/":                  {"port"},
	}
	for raw, tc := range cases {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			_, err := parseURL("spec.http.upsert.url", raw)
			if tc.wantWrong == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e := provider.AsError(err)
			if err == nil || e.Class != provider.Config || !strings.HasPrefix(e.Message, "spec.http.upsert.url: ") || !strings.Contains(e.Message, tc.wantWrong) {
				t.Errorf("got %v, want a Config error with %q", err, tc.wantWrong)
			}
		})
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		template, key string
		want          string
		wantInvalid   bool
	}{
		"address":                 {template: "https://x.example/p/{key}", key: "ada+web@example.com", want: "https://x.example/p/ada%2Bweb@example.com"},
		"query":                   {template: "https://x.example/p?who={key}", key: "ada+web@example.com", want: "https://x.example/p?who=ada%2Bweb%40example.com"},
		"both":                    {template: "https://x.example/{key}?who={key}", key: "a b", want: "https://x.example/a%20b?who=a+b"},
		"no key in it":            {template: "https://x.example/p", key: "", want: "https://x.example/p"},
		"slashes stay one name":   {template: "https://x.example/p/{key}", key: "../../admin", want: "https://x.example/p/..%2F..%2Fadmin"},
		"question mark and hash":  {template: "https://x.example/p/{key}", key: "a?b=c#d", want: "https://x.example/p/a%3Fb=c%23d"},
		"ampersand in the query":  {template: "https://x.example/?q={key}&z=1", key: "a&z=2", want: "https://x.example/?q=a%26z%3D2&z=1"},
		"percent":                 {template: "https://x.example/p/{key}", key: "100%41", want: "https://x.example/p/100%2541"},
		"line break":              {template: "https://x.example/p/{key}", key: "a\r\nX: y", want: "https://x.example/p/a%0D%0AX:%20y"},
		"the placeholder itself":  {template: "https://x.example/{key}/{key}", key: "{key}", want: "https://x.example/%7Bkey%7D/%7Bkey%7D"},
		"umlaut":                  {template: "https://x.example/p/{key}", key: "ä", want: "https://x.example/p/%C3%A4"},
		"nothing":                 {template: "https://x.example/p/{key}", key: "", wantInvalid: true},
		"the folder above":        {template: "https://x.example/p/{key}", key: "..", wantInvalid: true},
		"the folder itself":       {template: "https://x.example/p/{key}/x", key: ".", wantInvalid: true},
		"dots joined":             {template: "https://x.example/p/.{key}", key: ".", wantInvalid: true},
		"dots within a name":      {template: "https://x.example/p/a{key}", key: "..", want: "https://x.example/p/a.."},
		"dots in the query":       {template: "https://x.example/p?a={key}", key: "..", want: "https://x.example/p?a=.."},
		"longer than any address": {template: "https://x.example/p/{key}", key: strings.Repeat("x", maxKey+1), wantInvalid: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := parseURL("spec.http.upsert.url", tc.template)
			if err != nil {
				t.Fatal(err)
			}
			got, err := u.expand(tc.key)
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if invalid := err != nil && provider.AsError(err).Class == provider.Invalid; invalid != tc.wantInvalid {
				t.Errorf("got error %v", err)
			}
		})
	}
}

// Whatever a key holds, it stays one segment and one query value of the same host.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"ada@example.com", "..", "a/../b", "%2e%2e", "{key}", "?#&=+ %", "\x00\r\n", "\xff", "ä", "//evil.example"} {
		f.Add(seed)
	}
	u, err := parseURL("url", "https://crm.example/people/{key}/notes?who={key}&limit=1")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, key string) {
		target, err := u.expand(key)
		if err != nil {
			if provider.AsError(err).Class != provider.Invalid {
				t.Fatalf("class of %v", err)
			}
			return
		}
		got, err := url.Parse(target)
		if err != nil {
			t.Fatalf("%q gives no URL: %v", key, err)
		}
		segments := strings.Split(got.EscapedPath(), "/")
		if got.Host != "crm.example" || got.Scheme != "https" || got.Fragment != "" || len(segments) != 4 {
			t.Fatalf("%q gives another place: %s", key, target)
		}
		if back, err := url.PathUnescape(segments[2]); err != nil || back != key || segments[2] == ".." || segments[2] == "." {
			t.Errorf("%q becomes %q in the path", key, segments[2])
		}
		query, err := url.ParseQuery(got.RawQuery)
		if err != nil || len(query) != 2 || query.Get("who") != key || query.Get("limit") != "1" {
			t.Errorf("%q becomes %q in the query", key, got.RawQuery)
		}
	})
}
