package salesforce

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// org makes the calls to one Salesforce org.
type org struct {
	client      *http.Client
	signIn      *signIn
	version     string
	object      string
	externalID  string // the field's name
	fields      *mapping.Mapping
	placeholder string
	saveAnyway  bool
	// checked is passed once the org has all that the mapping fills; types then says what each field is.
	checked *mapping.Check
	types   atomic.Pointer[map[string]string]
}

// request is one call to the org.
type request struct {
	method, path string
	body         any // nil: none
	header       map[string]string
	maxBody      int
}

// call sends a request and reads the answer, after another sign-in where the session has ended. Every call can be repeated. A
// failure of the transport, or of the sign-in, is an error; a refusal is not.
func (o *org) call(ctx context.Context, r request) (httpx.Response, error) {
	text, err := expression.Body(r.body)
	if err != nil {
		return httpx.Response{}, err
	}
	var refused session
	for {
		current, err := o.signIn.get(ctx, refused)
		if err != nil {
			return httpx.Response{}, err
		}
		header := map[string]string{"Authorization": "Bearer " + current.token}
		for name, value := range r.header {
			header[name] = value
		}
		res, err := httpx.Exchange{
			Method: r.method, URL: current.instance + "/services/data/v" + o.version + r.path, Header: header, Body: text, MaxBody: r.maxBody,
		}.Do(ctx, o.client)
		switch {
		case err != nil:
			return res, err
		case res.Status == http.StatusUnauthorized && refused == (session{}):
			refused = current
			continue
		case res.Status == http.StatusUnauthorized, res.Status == statusNoRoute: // the org may have moved
			o.signIn.forget(current)
		}
		return res, nil
	}
}

// recordPath leads to a record by its external id.
func (o *org) recordPath(key string) string {
	return "/sobjects/" + o.object + "/" + o.externalID + "/" + strings.ReplaceAll(url.PathEscape(key), "+", "%2B")
}

// CheckHealth implements provider.HealthChecker. It asks for the list of resources: that of the limits needs a permission of its own.
func (o *org) CheckHealth(ctx context.Context) error {
	res, err := o.call(ctx, request{method: http.MethodGet, path: "/"})
	switch {
	case err != nil:
		return err
	case res.Status != http.StatusOK:
		return o.refusal(res)
	}
	var resources struct {
		Objects string `json:"sobjects"`
	}
	if json.Unmarshal(res.Body, &resources) != nil || resources.Objects == "" {
		return errUnreadable()
	}
	if usedUp(res.Header) {
		return errQuota(res)
	}
	return o.checked.Pass(ctx)
}

func errUnreadable() *provider.Error {
	return provider.Errorf(provider.Transient, "the answer is not one of Salesforce's API: check that spec.salesforce.url is the org's My Domain, and what stands between")
}
