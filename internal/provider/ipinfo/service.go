package ipinfo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/location"
)

// service makes the calls to one of ipinfo's services.
type service struct {
	client *http.Client
	kind   string
	base   string
	token  string
}

func (s *service) asked() *location.Service {
	return &location.Service{Client: s.client, Vendor: "ipinfo", Request: s.request, Read: s.reader(), Refusal: refusal}
}

func (s *service) request(ctx context.Context, addr netip.Addr) (*http.Request, error) {
	path := map[string]string{lite: "/lite/" + addr.String(), lookup: "/lookup/" + addr.String(), legacy: "/" + addr.String() + "/json"}
	req, err := httpx.NewRequest(ctx, http.MethodGet, s.base+path[s.kind], nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token) // never ?token=, which ends up in logs
	return req, nil
}

// reader reads the answers of this service. An address that nobody on the Internet has is answered with "bogon" and no country.
func (s *service) reader() func([]byte) (location.Answer, bool) {
	switch s.kind {
	case lookup:
		return readLookup
	case legacy:
		return readLegacy
	}
	return readLite
}

func readLite(body []byte) (location.Answer, bool) {
	var r struct {
		IP          string `json:"ip"`
		CountryCode string `json:"country_code"` // "country" is its name
	}
	err := json.Unmarshal(body, &r)
	return location.Answer{Address: r.IP, Country: r.CountryCode}, err == nil
}

func readLookup(body []byte) (location.Answer, bool) {
	var r struct {
		IP  string `json:"ip"`
		Geo struct {
			CountryCode string `json:"country_code"`
		} `json:"geo"`
		IsAnonymous bool `json:"is_anonymous"`
		IsAnycast   bool `json:"is_anycast"`
		IsHosting   bool `json:"is_hosting"`
		IsSatellite bool `json:"is_satellite"`
	}
	err := json.Unmarshal(body, &r)
	return location.Answer{
		Address: r.IP, Country: r.Geo.CountryCode,
		Elsewhere: r.IsAnonymous || r.IsAnycast || r.IsHosting || r.IsSatellite,
	}, err == nil
}

func readLegacy(body []byte) (location.Answer, bool) {
	var r struct {
		IP      string `json:"ip"`
		Country string `json:"country"` // a code
		Anycast bool   `json:"anycast"`
		Privacy struct {
			VPN     bool `json:"vpn"`
			Proxy   bool `json:"proxy"`
			Tor     bool `json:"tor"`
			Relay   bool `json:"relay"`
			Hosting bool `json:"hosting"`
		} `json:"privacy"` // of some plans
	}
	err := json.Unmarshal(body, &r)
	p := r.Privacy
	return location.Answer{
		Address: r.IP, Country: r.Country,
		Elsewhere: r.Anycast || p.VPN || p.Proxy || p.Tor || p.Relay || p.Hosting,
	}, err == nil
}

// refusal classifies an answer that is no success, by its status: the texts are for people.
func refusal(res httpx.Response) *provider.Error {
	switch res.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return provider.Errorf(provider.Auth, "ipinfo does not take the token, or its plan does not have this service (status %d): "+
			"check the Secret and spec.ipinfo.service", res.Status)
	case http.StatusNotFound:
		return provider.Errorf(provider.Config, "there is no such service of ipinfo at spec.ipinfo.url (status 404): leave url out, and check service")
	case http.StatusTooManyRequests:
		return &provider.Error{
			Class: provider.Throttled, RetryAfter: res.RetryAfter,
			Message: "the quota of the ipinfo plan is used up, or calls come too fast (status 429)",
		}
	}
	class, _ := httpx.Classify(res.Status)
	return httpx.StatusError(class, res)
}
