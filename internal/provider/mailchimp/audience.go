package mailchimp

import (
	"context"
	"crypto/md5" //nolint:gosec // Mailchimp's name for a member, no secret
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// maxConnections is Mailchimp's limit of calls at a time.
const maxConnections = 10

// audience makes the calls for one audience.
type audience struct {
	client *http.Client
	base   string
	key    string
	id     string
	fields *mapping.Mapping
	// merge is passed once Mailchimp has all that the mapping fills; types then says of which types they are.
	merge *mapping.Check
	types atomic.Pointer[map[string]string]
	// slots are taken by the calls in flight.
	slots chan struct{}
}

func newAudience(client *http.Client, base, key, id string, fields *mapping.Mapping) *audience {
	a := &audience{client: client, base: base, key: key, id: id, fields: fields, slots: make(chan struct{}, maxConnections)}
	a.merge = mapping.NewCheck(a.checkMergeFields)
	return a
}

// call sends a request and reads the answer. A failure of the transport is an error; a refusal is not.
func (a *audience) call(ctx context.Context, method, path string, body any) (httpx.Response, error) {
	text, err := expression.Body(body)
	if err != nil {
		return httpx.Response{}, err
	}
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	case <-ctx.Done():
		return httpx.Response{}, &provider.Error{
			Class: provider.Transient, Message: "no connection was free within the deadline: Mailchimp takes ten at a time", Err: ctx.Err(),
		}
	}
	credentials := base64.StdEncoding.EncodeToString([]byte("contact-operator:" + a.key))
	return httpx.Exchange{
		Method: method, URL: a.base + path, Body: text, Header: map[string]string{"Authorization": "Basic " + credentials},
	}.Do(ctx, a.client)
}

// ask is call for what has to be answered with success. The answer is read into what is given.
func (a *audience) ask(ctx context.Context, method, path string, body, into any) error {
	res, err := a.call(ctx, method, path, body)
	switch {
	case err != nil:
		return err
	case res.Status/100 != 2:
		return a.refusal(res)
	}
	return read(res, into)
}

func read(res httpx.Response, into any) error {
	if json.Unmarshal(res.Body, into) != nil {
		return errUnreadable()
	}
	return nil
}

func errUnreadable() *provider.Error {
	return provider.Errorf(provider.Transient, "the answer is not one of Mailchimp's API: check that spec.mailchimp.url leads there, and what stands between")
}

// listPath leads to the audience.
func (a *audience) listPath() string { return "/lists/" + a.id }

// memberPath leads to a member. Mailchimp takes the address itself, too, but not everywhere.
func (a *audience) memberPath(email string) string {
	sum := md5.Sum([]byte(strings.ToLower(email))) //nolint:gosec // as above
	return a.listPath() + "/members/" + hex.EncodeToString(sum[:])
}

// CheckHealth implements provider.HealthChecker.
func (a *audience) CheckHealth(ctx context.Context) error {
	if err := a.ask(ctx, http.MethodGet, "/ping", nil, new(any)); err != nil {
		return err
	}
	return a.merge.Pass(ctx)
}
