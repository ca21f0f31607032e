package listmonk

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
)

// instance makes the calls to one listmonk.
type instance struct {
	client      *http.Client
	base        string
	credentials string // user:token
}

// call sends a request and reads the answer. A failure of the transport is an error; a refusal is not.
func (i *instance) call(ctx context.Context, method, path string, body any) (httpx.Response, error) {
	text, err := expression.Body(body)
	if err != nil {
		return httpx.Response{}, err
	}
	return httpx.Exchange{
		Method: method, URL: i.base + path, Body: text, Header: map[string]string{"Authorization": "token " + i.credentials}, // not Bearer
	}.Do(ctx, i.client)
}

// ask is call for what has to be answered with success. The answer's data is read into what is given, unless that is nil.
func (i *instance) ask(ctx context.Context, method, path string, body, into any) error {
	res, err := i.call(ctx, method, path, body)
	switch {
	case err != nil:
		return err
	case res.Status/100 != 2:
		return refusal(res)
	case into == nil:
		into = new(any)
	}
	return read(res, into)
}

// read takes an answer out of its envelope.
func read(res httpx.Response, into any) error {
	var envelope struct {
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(res.Body, &envelope) != nil || envelope.Data == nil || decodeExactly(envelope.Data, into) != nil {
		return errUnreadable()
	}
	return nil
}

// decodeExactly keeps numbers as they are written: attributes go back to listmonk digit for digit.
func decodeExactly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

func errUnreadable() *provider.Error {
	return provider.Errorf(provider.Transient, "the answer is not one of listmonk's API: check that spec.listmonk.url leads there, and what stands between")
}

// refusal classifies an answer that is no success, by its status: the texts are translated.
func refusal(res httpx.Response) *provider.Error {
	switch res.Status {
	case http.StatusBadRequest:
		return provider.Errorf(provider.Invalid,
			"listmonk refuses this record (status 400): the address or the name is not valid there, or the domain of the address is on its block list")
	case http.StatusForbidden:
		return provider.Errorf(provider.Auth, "listmonk does not take the API user and token, or the user's role lacks a permission (status 403): "+
			"it needs subscribers:get_all, subscribers:manage, and view and manage on the lists")
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return provider.Errorf(provider.Config, "there is no API of listmonk 5 or 6 at spec.listmonk.url (status %d): give the address of listmonk itself, without /api", res.Status)
	}
	class, _ := httpx.Classify(res.Status)
	return httpx.StatusError(class, res)
}

// subscriber is one of listmonk's.
type subscriber struct {
	ID      int            `json:"id"`
	Email   string         `json:"email"`
	Name    string         `json:"name"`
	Status  string         `json:"status"`
	Attribs map[string]any `json:"attribs"`
	Lists   []subscription `json:"lists"`
}

type subscription struct {
	ID     int    `json:"id"`
	Status string `json:"subscription_status"` // unconfirmed, confirmed or unsubscribed
}

// UnmarshalJSON takes a list's id alone, too.
func (s *subscription) UnmarshalJSON(b []byte) error {
	if id, err := strconv.Atoi(string(b)); err == nil {
		*s = subscription{ID: id}
		return nil
	}
	type plain subscription
	return json.Unmarshal(b, (*plain)(s))
}

const (
	enabled      = "enabled"
	unsubscribed = "unsubscribed"
)

func (s subscriber) path() string { return subscribersPath + "/" + strconv.Itoa(s.ID) }

// The paths of listmonk's API.
const (
	subscribersPath = "/api/subscribers"
	manageListsPath = "/api/subscribers/lists"
	listsPath       = "/api/lists"
	healthPath      = "/api/health"
)

// find looks a subscriber up: by the id that an earlier write gave, if that still has the address, or else by the address.
func (i *instance) find(ctx context.Context, r provider.Request) (s subscriber, found bool, err error) {
	if id, err := strconv.Atoi(r.RemoteID); err == nil && id > 0 {
		s, found, err = i.get(ctx, id)
		if err != nil || found && strings.EqualFold(s.Email, r.Key) {
			return s, found, err
		}
	}
	// search is a regular expression of PostgreSQL's over name and address, whatever the case.
	query := url.Values{"search": {"^" + regexp.QuoteMeta(r.Key) + "$"}, "per_page": {"10"}}
	var page struct {
		Results *[]subscriber `json:"results"`
	}
	if err := i.ask(ctx, http.MethodGet, subscribersPath+"?"+query.Encode(), nil, &page); err != nil {
		return subscriber{}, false, err
	}
	if page.Results == nil {
		return subscriber{}, false, errUnreadable()
	}
	for _, s := range *page.Results {
		if strings.EqualFold(s.Email, r.Key) && s.ID > 0 {
			return s, true, nil
		}
	}
	return subscriber{}, false, nil
}

// get reads a subscriber. One that is not there is answered with 400, or 404.
func (i *instance) get(ctx context.Context, id int) (s subscriber, found bool, err error) {
	res, err := i.call(ctx, http.MethodGet, subscriber{ID: id}.path(), nil)
	switch {
	case err != nil:
		return subscriber{}, false, err
	case res.Status == http.StatusBadRequest || res.Status == http.StatusNotFound:
		return subscriber{}, false, nil
	case res.Status/100 != 2:
		return subscriber{}, false, refusal(res)
	}
	err = read(res, &s)
	return s, err == nil, err
}
