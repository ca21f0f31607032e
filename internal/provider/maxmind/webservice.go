package maxmind

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/location"
)

// webService makes the calls to one of MaxMind's web services.
type webService struct {
	client  *http.Client
	base    string // up to the address
	account int32
	key     string
}

func (w *webService) asked() *location.Service {
	return &location.Service{Client: w.client, Vendor: "MaxMind", Request: w.request, Read: read, Refusal: refusal}
}

func (w *webService) request(ctx context.Context, addr netip.Addr) (*http.Request, error) {
	req, err := httpx.NewRequest(ctx, http.MethodGet, w.base+addr.String(), nil)
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(strconv.Itoa(int(w.account)), w.key)
	return req, nil
}

// read reads a record. What is not known is left out of it: a country, too.
func read(body []byte) (location.Answer, bool) {
	var r struct {
		Country struct {
			ISOCode string `json:"iso_code"`
		} `json:"country"`
		Traits struct {
			IPAddress string `json:"ip_address"`
			location.Traits
		} `json:"traits"`
		Anonymizer location.Traits `json:"anonymizer"` // of Insights; its predecessors in traits are on their way out
	}
	if json.Unmarshal(body, &r) != nil {
		return location.Answer{}, false
	}
	return location.Answer{
		Address: r.Traits.IPAddress, Country: r.Country.ISOCode,
		Elsewhere: r.Traits.Elsewhere() || r.Anonymizer.Elsewhere(),
	}, true
}

// errorType is the content type of bodies that hold an error of MaxMind's. Others come from what stands before the service.
const errorType = "application/vnd.maxmind.com-error+json"

// codeOf is the code of an error, "" where the answer holds none.
func codeOf(res httpx.Response) string {
	var e struct {
		Code string `json:"code"`
	}
	if kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err != nil || kind != errorType || json.Unmarshal(res.Body, &e) != nil {
		return ""
	}
	return e.Code
}

// refusal classifies an answer that is no success. nil: there is no country.
func refusal(res httpx.Response) *provider.Error {
	switch code := codeOf(res); code {
	case "IP_ADDRESS_NOT_FOUND", "IP_ADDRESS_RESERVED":
		return nil
	case "IP_ADDRESS_INVALID", "IP_ADDRESS_REQUIRED":
		return provider.Errorf(provider.Invalid, "MaxMind does not take the IP address of this record for one (status %d)", res.Status)
	case "AUTHORIZATION_INVALID", "LICENSE_KEY_REQUIRED", "ACCOUNT_ID_REQUIRED":
		return provider.Errorf(provider.Auth, "MaxMind does not take the account and its license key (status 401): "+
			"check spec.maxmind.webService.accountID and the Secret; a new key takes some minutes")
	case "INSUFFICIENT_FUNDS":
		return provider.Errorf(provider.Auth, "MaxMind has no credit left for this service (status 402): buy some; "+
			"lookUp: IfNeeded needs less of it")
	case "PERMISSION_REQUIRED":
		return provider.Errorf(provider.Auth, "the MaxMind account may not use this service (status 402): "+
			"for GeoLite, url has to be https://geolite.info and service Country")
	}
	switch res.Status {
	case http.StatusBadRequest:
		return provider.Errorf(provider.Transient, "the answer is a refusal (status 400), but not one of MaxMind's: check what stands between")
	case http.StatusUnauthorized:
		return provider.Errorf(provider.Auth, "MaxMind does not take the account and its license key (status 401): "+
			"check spec.maxmind.webService.accountID and the Secret")
	case http.StatusPaymentRequired:
		return provider.Errorf(provider.Auth, "MaxMind wants to be paid for this service, or the account may not use it (status 402)")
	case http.StatusForbidden:
		return provider.Errorf(provider.Auth, "MaxMind refuses the call (status 403): it has to come by https, and no proxy may change it")
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return provider.Errorf(provider.Config,
			"there is no web service of MaxMind at spec.maxmind.webService.url (status %d): give https://geoip.maxmind.com, or https://geolite.info for GeoLite", res.Status)
	case http.StatusTooManyRequests:
		return &provider.Error{
			Class: provider.Throttled, RetryAfter: res.RetryAfter,
			Message: "MaxMind asks for fewer calls (status 429): it does so after many that it has refused, or when the day's look-ups are used up",
		}
	}
	class, _ := httpx.Classify(res.Status)
	return httpx.StatusError(class, res)
}
