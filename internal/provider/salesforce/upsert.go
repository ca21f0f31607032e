package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// maxBatch is Salesforce's limit of records in a collection.
const maxBatch = 200

// writer creates and updates records.
type writer struct{ *org }

// record is a Request's payload.
type record struct {
	Object string         `json:"object"`
	Fields map[string]any `json:"fields"`
	// IfNew is what a new record needs besides, and an old one must not be overwritten with. null takes a field away.
	IfNew map[string]any `json:"ifNew,omitempty"`
}

// Render implements provider.Upserter.
func (w *writer) Render(c provider.Contact) (provider.Request, error) {
	values, err := w.fields.Render(&c)
	if err != nil {
		return provider.Request{}, err
	}
	if c.Email == "" {
		return provider.Request{}, provider.Errorf(provider.Invalid, "this record has no address")
	}
	values[emailField] = c.Email
	payload, err := expression.Body(record{Object: w.object, Fields: values, IfNew: w.ifNew(c, values)})
	if err != nil {
		return provider.Request{}, err
	}
	return provider.Request{Key: c.Email, Payload: payload}, nil
}

// ifNew fills what no record can be created without.
func (w *writer) ifNew(c provider.Contact, values map[string]any) map[string]any {
	out := mapping.NamesIfNew(c.Name, values, firstNameField, lastNameField, w.placeholder)
	if w.object == leadObject && values[companyField] == nil {
		if out == nil {
			out = map[string]any{}
		}
		out[companyField] = w.placeholder
	}
	return out
}

// content reads a payload, and writes its values as the fields take them.
func (w *writer) content(r provider.Request) (record, error) {
	var in record
	d := json.NewDecoder(bytes.NewReader(r.Payload))
	d.UseNumber() // digit for digit
	if d.Decode(&in) != nil || in.Object != w.object {
		return record{}, provider.Errorf(provider.Transient, "the request was rendered before the Integration changed: it is rendered again")
	}
	var err error
	in.Fields, err = w.typed(in.Fields)
	return in, err
}

// asNew is a record for one that is not there yet.
func (r record) asNew() record {
	fields := maps.Clone(r.Fields)
	maps.Copy(fields, r.IfNew)
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == nil })
	return record{Object: r.Object, Fields: fields}
}

// wantsNew tells whether an error says that the record is not there yet, and lacks what it would bring if it knew.
func (r record) wantsNew(problems []problem) bool {
	if len(r.IfNew) == 0 || len(problems) == 0 {
		return false
	}
	for _, p := range problems {
		if p.code() != requiredMissing {
			return false
		}
		for _, name := range p.Fields {
			if r.IfNew[name] == nil {
				return false // it would be refused again
			}
		}
	}
	return true
}

// saved is Salesforce's answer to one record.
type saved struct {
	ID      string    `json:"id"`
	Success bool      `json:"success"`
	Errors  []problem `json:"errors"`
}

func (s saved) receipt() (provider.Receipt, error) {
	letters := func(c rune) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }
	if len(s.ID) != 15 && len(s.ID) != 18 || strings.IndexFunc(s.ID, func(c rune) bool { return !letters(c) }) >= 0 {
		return provider.Receipt{}, errUnreadable()
	}
	return provider.Receipt{RemoteID: s.ID}, nil
}

// headers go with every write.
func (w *writer) headers() map[string]string {
	if !w.saveAnyway {
		return nil
	}
	return map[string]string{"Sforce-Duplicate-Rule-Header": "allowSave=true"}
}

// Upsert implements provider.Upserter.
func (w *writer) Upsert(ctx context.Context, r provider.Request) (provider.Receipt, error) {
	if err := w.checked.Pass(ctx); err != nil {
		return provider.Receipt{}, err
	}
	in, err := w.content(r)
	if err != nil {
		return provider.Receipt{}, err
	}
	res, err := w.put(ctx, r.Key, in)
	if err == nil && res.Status == http.StatusBadRequest {
		problems := problemsOf(res.Body)
		switch {
		case in.wantsNew(problems):
			in = in.asNew()
			res, err = w.put(ctx, r.Key, in)
		case len(problems) > 0 && problems[0].code() == duplicateValue: // somebody else wrote the same key meanwhile
			res, err = w.put(ctx, r.Key, in)
		}
	}
	if err != nil {
		return provider.Receipt{}, err
	}
	return w.written(res, r)
}

func (w *writer) put(ctx context.Context, key string, in record) (httpx.Response, error) {
	return w.call(ctx, request{method: http.MethodPatch, path: w.recordPath(key), body: in.Fields, header: w.headers()})
}

func (w *writer) written(res httpx.Response, r provider.Request) (provider.Receipt, error) {
	switch res.Status {
	case http.StatusOK, http.StatusCreated:
		var s saved
		if json.Unmarshal(res.Body, &s) != nil {
			return provider.Receipt{}, errUnreadable()
		}
		if len(s.Errors) > 0 && !s.Success {
			return provider.Receipt{}, w.failed(s, res)
		}
		return s.receipt()
	case http.StatusNoContent: // an update, as older versions answer it
		return provider.Receipt{RemoteID: r.RemoteID}, nil
	}
	if res.Status/100 == 2 {
		return provider.Receipt{}, errUnreadable()
	}
	return provider.Receipt{}, w.refusal(res)
}

// failed says why Salesforce has not taken a record.
func (w *writer) failed(s saved, res httpx.Response) *provider.Error {
	if e := w.classify(s.Errors, res); e != nil {
		return e
	}
	return w.errUnknown()
}

// MaxBatch implements provider.BatchUpserter.
func (w *writer) MaxBatch() int { return maxBatch }

// UpsertBatch implements provider.BatchUpserter. New records that lack what Salesforce requires take one more call, together;
// one that somebody else wrote meanwhile takes one of its own.
func (w *writer) UpsertBatch(ctx context.Context, requests []provider.Request) ([]provider.Written, error) {
	if err := w.checked.Pass(ctx); err != nil {
		return nil, err
	}
	written := make([]provider.Written, len(requests))
	records := make([]record, len(requests))
	var places []int // of the records that are sent
	for i, r := range requests {
		if records[i], written[i].Err = w.content(r); written[i].Err == nil {
			places = append(places, i)
		}
	}
	if len(places) == 0 {
		return written, nil
	}
	res, answers, err := w.putAll(ctx, requests, records, places)
	if err != nil {
		return nil, err
	}
	var news, clashes []int
	for n, i := range places {
		switch s := answers[n]; {
		case s.Success:
			written[i].Receipt, written[i].Err = s.receipt()
		case records[i].wantsNew(s.Errors):
			records[i] = records[i].asNew()
			news = append(news, i)
		case len(s.Errors) > 0 && s.Errors[0].code() == duplicateValue:
			clashes = append(clashes, i)
		default:
			written[i].Err = w.failed(s, res)
		}
	}
	w.createAll(ctx, requests, records, news, written)
	for _, i := range clashes {
		written[i].Receipt, written[i].Err = w.Upsert(ctx, requests[i])
	}
	return written, nil
}

// createAll writes the records at some places again, as new ones.
func (w *writer) createAll(ctx context.Context, requests []provider.Request, records []record, places []int, written []provider.Written) {
	if len(places) == 0 {
		return
	}
	res, answers, err := w.putAll(ctx, requests, records, places)
	for n, i := range places {
		switch {
		case err != nil:
			written[i].Err = err
		case answers[n].Success:
			written[i].Receipt, written[i].Err = answers[n].receipt()
		default:
			written[i].Err = w.failed(answers[n], res)
		}
	}
}

// putAll makes one call for the records at some places. It returns one answer for each.
func (w *writer) putAll(ctx context.Context, requests []provider.Request, records []record, places []int) (httpx.Response, []saved, error) {
	list := make([]map[string]any, len(places))
	for n, i := range places {
		list[n] = maps.Clone(records[i].Fields)
		list[n]["attributes"] = map[string]string{"type": w.object}
		list[n][w.externalID] = requests[i].Key
	}
	res, err := w.call(ctx, request{
		method: http.MethodPatch, path: "/composite/sobjects/" + w.object + "/" + w.externalID, header: w.headers(),
		body: map[string]any{"allOrNone": false, "records": list},
	})
	switch {
	case err != nil:
		return res, nil, err
	case res.Status/100 != 2:
		return res, nil, w.refusal(res)
	}
	var answers []saved
	if json.Unmarshal(res.Body, &answers) != nil || len(answers) != len(places) ||
		slices.ContainsFunc(answers, func(s saved) bool { return !s.Success && len(s.Errors) == 0 }) {
		return res, nil, errUnreadable()
	}
	return res, answers, nil
}
