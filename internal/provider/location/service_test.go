package location

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// transport answers every call with the same.
type transport func(*http.Request) (status int, body string)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := f(r)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// An answer that does not speak of the address that was asked about tells nothing of it: it must not end the search.
func TestAnswersHaveToSpeakOfTheAddress(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer    Answer
		ok        bool
		status    int
		want      string
		wantClass provider.Class
	}{
		"a country":          {Answer{Address: "203.0.113.77", Country: "FR"}, true, 200, "FR", ""},
		"as IPv6":            {Answer{Address: "::ffff:203.0.113.77", Country: "FR"}, true, 200, "FR", ""},
		"none":               {Answer{Address: "203.0.113.77"}, true, 200, "", ""},
		"people elsewhere":   {Answer{Address: "203.0.113.77", Country: "FR", Elsewhere: true}, true, 200, "", ""},
		"another address":    {Answer{Address: "203.0.113.78", Country: "FR"}, true, 200, "", provider.Transient},
		"no address":         {Answer{Country: "FR"}, true, 200, "", provider.Transient},
		"not the vendor's":   {Answer{Address: "203.0.113.77", Country: "FR"}, false, 200, "", provider.Transient},
		"a refusal":          {status: 401, wantClass: provider.Auth},
		"it is not in there": {status: 404},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &Service{
				Vendor: "Vendor",
				Client: &http.Client{Transport: transport(func(r *http.Request) (int, string) {
					if r.Header.Get("Accept") != "application/json" {
						t.Errorf("Accept %q", r.Header.Get("Accept"))
					}
					return tc.status, "body"
				})},
				Request: func(ctx context.Context, addr netip.Addr) (*http.Request, error) {
					return httpx.NewRequest(ctx, http.MethodGet, "https://vendor.example/"+addr.String(), nil)
				},
				Read: func([]byte) (Answer, bool) { return tc.answer, tc.ok },
				Refusal: func(r httpx.Response) *provider.Error {
					if r.Status == 404 {
						return nil
					}
					return provider.Errorf(provider.Auth, "no")
				},
			}
			got, err := s.Country(t.Context(), netip.MustParseAddr("203.0.113.77"))
			class := provider.Class("")
			if err != nil {
				class = provider.AsError(err).Class
			}
			if got != tc.want || class != tc.wantClass {
				t.Errorf("%q, %v; want %q, %s", got, err, tc.want, tc.wantClass)
			}
		})
	}
}
