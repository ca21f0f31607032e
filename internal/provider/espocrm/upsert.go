package espocrm

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// writer creates and changes records.
type writer struct {
	*instance
	placeholder string
}

// record is a Request's payload.
type record struct {
	Entity string         `json:"entity"`
	Fields map[string]any `json:"fields"`
	// IfNew is what a new record needs besides, and an old one must not be overwritten with. null takes an attribute away.
	IfNew map[string]any `json:"ifNew,omitempty"`
}

// Render implements provider.Upserter.
func (w *writer) Render(c provider.Contact) (provider.Request, error) {
	if c.Email == "" {
		return provider.Request{}, provider.Errorf(provider.Invalid, "this record has no address")
	}
	values, err := w.fields.Render(&c)
	if err != nil {
		return provider.Request{}, err
	}
	payload, err := expression.Body(record{
		Entity: w.entity, Fields: values,
		IfNew: mapping.NamesIfNew(c.Name, values, firstNameAttribute, lastNameAttribute, w.placeholder),
	})
	if err != nil {
		return provider.Request{}, err
	}
	return provider.Request{Key: c.Email, Payload: payload}, nil
}

// Upsert implements provider.Upserter.
func (w *writer) Upsert(ctx context.Context, r provider.Request) (provider.Receipt, error) {
	if err := w.checked.Pass(ctx); err != nil {
		return provider.Receipt{}, err
	}
	var in record
	d := json.NewDecoder(bytes.NewReader(r.Payload))
	d.UseNumber() // digit for digit
	if d.Decode(&in) != nil || in.Entity != w.entity {
		return provider.Receipt{}, provider.Errorf(provider.Transient, "the request was rendered before the Integration changed: it is rendered again")
	}
	var err error
	if in.Fields, err = w.typed(in.Fields); err != nil {
		return provider.Receipt{}, err
	}
	found, err := w.find(ctx, r.Key)
	if err != nil {
		return provider.Receipt{}, err
	}
	if len(found) > 0 {
		receipt, gone, err := w.change(ctx, choose(found, r), in)
		if !gone {
			return receipt, err
		}
	}
	return w.create(ctx, r, in)
}

// choose picks one of several records that have the address: the one that was written before, or else the oldest that has it as its
// first, or else the oldest.
func choose(found []person, r provider.Request) person {
	for _, p := range found {
		if p.id() == r.RemoteID {
			return p
		}
	}
	for _, p := range found {
		if p.primary(r.Key) {
			return p
		}
	}
	return found[0]
}

// change writes what differs. The address is not written: it is there, perhaps as a second one. gone: the record was deleted meanwhile.
func (w *writer) change(ctx context.Context, p person, in record) (receipt provider.Receipt, gone bool, err error) {
	differs := map[string]any{}
	for name, want := range in.Fields {
		if !equal(p[name], want) {
			differs[name] = want
		}
	}
	receipt = provider.Receipt{RemoteID: p.id()}
	if len(differs) == 0 {
		return receipt, false, nil
	}
	res, err := w.call(ctx, request{method: http.MethodPut, path: w.path() + "/" + p.id(), body: differs})
	switch {
	case err != nil:
		return provider.Receipt{}, false, err
	case res.Status == http.StatusNotFound:
		return provider.Receipt{}, true, nil
	case res.Status/100 != 2:
		return provider.Receipt{}, false, w.onRecord(res)
	}
	var after person
	if err := read(res, &after); err != nil {
		return provider.Receipt{}, false, err
	}
	if after.id() != p.id() {
		return provider.Receipt{}, false, errUnreadable()
	}
	return receipt, false, nil
}

// equal compares what EspoCRM holds with what it should hold. Numbers come as they are written there.
func equal(have, want any) bool {
	if n, ok := have.(json.Number); ok {
		f, err := n.Float64()
		switch want := want.(type) {
		case int64:
			return n.String() == jsonNumber(want)
		case float64:
			return err == nil && f == want
		}
	}
	return reflect.DeepEqual(have, want)
}

func jsonNumber(n int64) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// create makes a record, unless EspoCRM takes it for a duplicate and it is one.
func (w *writer) create(ctx context.Context, r provider.Request, in record) (provider.Receipt, error) {
	res, err := w.post(ctx, r, in, nil)
	switch {
	case err != nil:
		return provider.Receipt{}, err
	case !isDuplicate(res):
		return w.created(res, r)
	}
	var duplicates []person
	_ = read(res, &duplicates) // without the list the search decides
	duplicates = slices.DeleteFunc(duplicates, func(p person) bool { return p.id() == "" || !p.has(r.Key) })
	if len(duplicates) == 0 {
		if duplicates, err = w.find(ctx, r.Key); err != nil {
			return provider.Receipt{}, err
		}
	}
	if len(duplicates) > 0 {
		receipt, gone, err := w.change(ctx, choose(duplicates, r), in)
		if !gone {
			return receipt, err
		}
	}
	// Somebody of the same name, with another address.
	if res, err = w.post(ctx, r, in, map[string]string{"X-Skip-Duplicate-Check": "true"}); err != nil {
		return provider.Receipt{}, err
	}
	return w.created(res, r)
}

func (w *writer) post(ctx context.Context, r provider.Request, in record, header map[string]string) (httpx.Response, error) {
	body := map[string]any{addressAttribute: r.Key}
	for _, values := range []map[string]any{in.Fields, in.IfNew} {
		for name, v := range values {
			if body[name] = v; v == nil {
				delete(body, name)
			}
		}
	}
	return w.call(ctx, request{method: http.MethodPost, path: w.path(), body: body, header: header})
}

func (w *writer) created(res httpx.Response, r provider.Request) (provider.Receipt, error) {
	if res.Status/100 != 2 {
		return provider.Receipt{}, w.refusal(res)
	}
	var p person
	if err := read(res, &p); err != nil {
		return provider.Receipt{}, err
	}
	switch {
	case p.id() == "":
		return provider.Receipt{}, errUnreadable()
	case !p.primary(r.Key):
		w.checked.Forget()
		return provider.Receipt{}, provider.Errorf(provider.Config, "EspoCRM has created a %s without the address: the API user's role has to allow emailAddress at field level; delete the record without an address there", w.entity)
	}
	return provider.Receipt{RemoteID: p.id()}, nil
}
