package espocrm

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
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

// instance makes the calls to one EspoCRM.
type instance struct {
	client *http.Client
	base   string
	key    string
	secret string // of HMAC; "": the key alone is sent
	entity string
	fields *mapping.Mapping
	// checked is passed once EspoCRM has all that the mapping fills; types then says what each attribute is.
	checked *mapping.Check
	types   atomic.Pointer[map[string]string]
}

// request is one call. Its path begins with a slash, and has no query.
type request struct {
	method, path string
	query        url.Values
	body         any // nil: none
	header       map[string]string
	maxBody      int
}

// call sends a request and reads the answer. A failure of the transport is an error; a refusal is not.
func (i *instance) call(ctx context.Context, r request) (httpx.Response, error) {
	text, err := expression.Body(r.body)
	if err != nil {
		return httpx.Response{}, err
	}
	target := i.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	name, value := i.credentials(r.method, r.path)
	header := map[string]string{name: value}
	for name, value := range r.header {
		header[name] = value
	}
	return httpx.Exchange{Method: r.method, URL: target, Header: header, Body: text, MaxBody: r.maxBody}.Do(ctx, i.client)
}

// credentials are a header. A signature covers method and path, not the query and not the body. The digest goes as it is: only newer
// versions take it in hex.
func (i *instance) credentials(method, path string) (name, value string) {
	if i.secret == "" {
		return "X-Api-Key", i.key
	}
	mac := hmac.New(sha256.New, []byte(i.secret))
	mac.Write([]byte(method + " " + path))
	return "X-Hmac-Authorization", base64.StdEncoding.EncodeToString(mac.Sum([]byte(i.key + ":")))
}

// ask is call for what has to be answered with success, and JSON of a kind.
func (i *instance) ask(ctx context.Context, r request, into any) error {
	res, err := i.call(ctx, r)
	switch {
	case err != nil:
		return err
	case res.Status/100 != 2:
		return i.refusal(res)
	}
	return read(res, into)
}

// read keeps numbers as they are written, so that they can be compared.
func read(res httpx.Response, into any) error {
	d := json.NewDecoder(bytes.NewReader(res.Body))
	d.UseNumber()
	if d.Decode(into) != nil {
		return errUnreadable()
	}
	return nil
}

func errUnreadable() *provider.Error {
	return provider.Errorf(provider.Transient, "the answer is not one of EspoCRM's API: check that spec.espocrm.url leads there, and what stands between")
}

// person is a record of EspoCRM's: its attributes.
type person map[string]any

func (p person) id() string {
	id, _ := p["id"].(string)
	if id == "" || len(id) > 64 || strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		return ""
	}
	return id
}

// primary tells whether an address is the record's first one.
func (p person) primary(address string) bool {
	have, _ := p[addressAttribute].(string)
	return strings.EqualFold(have, address)
}

// has tells whether an address is one of the record's.
func (p person) has(address string) bool {
	if p.primary(address) {
		return true
	}
	list, _ := p["emailAddressData"].([]any)
	for _, element := range list {
		entry, _ := element.(map[string]any)
		if have, _ := entry[addressAttribute].(string); strings.EqualFold(have, address) {
			return true
		}
	}
	return false
}

func (i *instance) path() string { return "/" + i.entity }

// maxFound is how many records of one address are looked at.
const maxFound = 50

// find returns the records that have an address, the oldest first. Attributes are those that the mapping fills, beside id and
// address.
func (i *instance) find(ctx context.Context, address string) ([]person, error) {
	query := url.Values{
		"where[0][type]": {"equals"}, "where[0][attribute]": {addressAttribute}, "where[0][value]": {address},
		"select":  {strings.Join(append([]string{"id", addressAttribute}, i.fields.Names()...), ",")},
		"maxSize": {"50"}, "orderBy": {"createdAt"}, "order": {"asc"},
	}
	var page struct {
		List *[]person `json:"list"`
	}
	err := i.ask(ctx, request{method: http.MethodGet, path: i.path(), query: query, header: map[string]string{"X-No-Total": "true"}}, &page)
	if err != nil {
		return nil, err
	}
	if page.List == nil {
		return nil, errUnreadable()
	}
	var found []person
	for _, p := range *page.List {
		if p.id() == "" {
			return nil, errUnreadable()
		}
		if !p.primary(address) {
			// Perhaps a second address. Or the database takes one letter for another.
			if p, err = i.get(ctx, p.id()); err != nil {
				return nil, err
			}
		}
		if p.has(address) {
			found = append(found, p)
		}
	}
	return found, nil
}

// get reads a record with all of its addresses; nil: it is gone.
func (i *instance) get(ctx context.Context, id string) (person, error) {
	res, err := i.call(ctx, request{method: http.MethodGet, path: i.path() + "/" + id})
	switch {
	case err != nil:
		return nil, err
	case res.Status == http.StatusNotFound:
		return nil, nil
	case res.Status/100 != 2:
		return nil, i.refusal(res)
	}
	var p person
	if err := read(res, &p); err != nil {
		return nil, err
	}
	if p.id() != id {
		return nil, errUnreadable()
	}
	return p, nil
}

// CheckHealth implements provider.HealthChecker.
func (i *instance) CheckHealth(ctx context.Context) error {
	var out struct {
		User json.RawMessage `json:"user"`
	}
	if err := i.ask(ctx, userRequest(), &out); err != nil {
		return err
	}
	if out.User == nil {
		return errUnreadable()
	}
	return i.checked.Pass(ctx)
}
