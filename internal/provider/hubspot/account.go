package hubspot

import (
	"context"
	"net/http"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// The paths of HubSpot's API.
const (
	contactsPath   = "/crm/v3/objects/contacts"
	upsertPath     = contactsPath + "/batch/upsert"
	gdprDeletePath = contactsPath + "/gdpr-delete"
	propertiesPath = "/crm/v3/properties/contacts/batch/read"
	detailsPath    = "/account-info/v3/details"
)

// account makes the calls to one HubSpot account.
type account struct {
	client *http.Client
	base   string
	token  string
	fields *mapping.Mapping
	// properties is passed once HubSpot has all that the mapping fills.
	properties *mapping.Check
}

// call sends a request and reads the answer. A failure of the transport is an error; a refusal is not.
func (a *account) call(ctx context.Context, method, path string, body any) (httpx.Response, error) {
	text, err := expression.Body(body)
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.Exchange{
		Method: method, URL: a.base + path, Body: text, Header: map[string]string{"Authorization": "Bearer " + a.token},
	}.Do(ctx, a.client)
}

// succeed is call for what has to be answered with success.
func (a *account) succeed(ctx context.Context, method, path string, body any) (httpx.Response, error) {
	res, err := a.call(ctx, method, path, body)
	if err == nil && res.Status/100 != 2 {
		err = a.refusal(res)
	}
	return res, err
}

// CheckHealth implements provider.HealthChecker.
func (a *account) CheckHealth(ctx context.Context) error {
	if _, err := a.succeed(ctx, http.MethodGet, detailsPath, nil); err != nil {
		return err
	}
	return a.properties.Pass(ctx)
}
