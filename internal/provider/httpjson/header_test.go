package httpjson

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestHeaders(t *testing.T) {
	t.Parallel()
	ref := provider.Ref{Name: "crm", Key: "token"}
	const secret = "sekret"
	cases := map[string]struct {
		header    Header
		secret    string
		noSecret  bool
		want      string
		wantWrong string
	}{
		"given here":                {header: Header{Name: "X-Version", Value: "2"}, want: "2"},
		"given here, with a prefix": {header: Header{Name: "X-Version", Value: "2", Prefix: "v"}, want: "v2"},
		"from a Secret":             {header: Header{Name: "X-Api-Key", SecretKeyRef: &ref}, secret: secret, want: secret},
		"with a prefix":             {header: Header{Name: "Authorization", SecretKeyRef: &ref, Prefix: "Bearer "}, secret: secret, want: "Bearer sekret"},
		"line break at the end":     {header: Header{Name: "X-Api-Key", SecretKeyRef: &ref}, secret: secret + "\n", want: secret},
		"from Windows":              {header: Header{Name: "X-Api-Key", SecretKeyRef: &ref}, secret: secret + "\r\n", want: secret},
		"two line breaks":           {header: Header{Name: "X-Api-Key", SecretKeyRef: &ref}, secret: secret + "\n\n", wantWrong: "Secret crm, key token (header X-Api-Key) has a line break"},
		"line break within":         {header: Header{Name: "X-Api-Key", SecretKeyRef: &ref}, secret: secret + "\nEvil: 1", wantWrong: "Secret crm, key token (header X-Api-Key) has a line break"},
		"nul":                       {header: Header{Name: "X-Api-Key", SecretKeyRef: &ref}, secret: secret + "\x00", wantWrong: "control character"},
		"tab":                       {header: Header{Name: "X-Api-Key", SecretKeyRef: &ref}, secret: secret + "\tx", wantWrong: "control character"},
		"in the prefix":             {header: Header{Name: "X-Api-Key", SecretKeyRef: &ref, Prefix: "a\r\n"}, secret: secret, wantWrong: "control character"},
		"in a value given here":     {header: Header{Name: "X-Version", Value: "2\n3"}, wantWrong: "the value of X-Version has a line break"},
		"empty Secret":              {header: Header{Name: "X-Api-Key", SecretKeyRef: &ref}, secret: "\n", wantWrong: "Secret crm, key token (header X-Api-Key): it is empty"},
		"no Secret":                 {header: Header{Name: "X-Api-Key", SecretKeyRef: &ref}, noSecret: true, wantWrong: "Secret crm, key token (header X-Api-Key): there is no such key"},
		"name with a colon":         {header: Header{Name: "X: y", Value: "2"}, wantWrong: "not the name of a header"},
		"Host":                      {header: Header{Name: "host", Value: "x"}, wantWrong: "set by the connection itself"},
		"Content-Length":            {header: Header{Name: "content-length", Value: "1"}, wantWrong: "set by the connection itself"},
		"Accept-Encoding":           {header: Header{Name: "Accept-Encoding", Value: "br"}, wantWrong: "set by the connection itself"},
		"Accept of one's own":       {header: Header{Name: "accept", Value: "application/vnd.api+json"}, want: "application/vnd.api+json"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secrets := map[provider.Ref]string{ref: tc.secret}
			if tc.noSecret {
				secrets = nil
			}
			h, err := headers([]Header{tc.header}, secrets)
			if tc.wantWrong != "" {
				e := provider.AsError(err)
				if err == nil || e.Class != provider.Config || !strings.Contains(e.Message, tc.wantWrong) {
					t.Fatalf("got %v, want a Config error with %q", err, tc.wantWrong)
				}
				if strings.Contains(e.Message, secret) {
					t.Errorf("the message shows the Secret: %s", e.Message)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := http.Header{"Accept": {"application/json"}}
			want.Set(tc.header.Name, tc.want)
			if diff := cmp.Diff(want, h); diff != "" {
				t.Error(diff)
			}
		})
	}
}
