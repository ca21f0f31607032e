package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

const (
	// maxBatch is HubSpot's limit of inputs in one call.
	maxBatch = 100
	// maxID is the port's limit of a remote id, in bytes.
	maxID = 256
)

// writer creates and updates contacts. A Request's payload is the properties as JSON, the address among them.
type writer struct{ *account }

// Render implements provider.Upserter.
func (w *writer) Render(c provider.Contact) (provider.Request, error) {
	values, err := w.fields.Render(&c)
	if err != nil {
		return provider.Request{}, err
	}
	properties := make(map[string]string, len(values)+1)
	for name, v := range values {
		if properties[name], err = mapping.Text(v); err != nil {
			return provider.Request{}, provider.Errorf(provider.Invalid, "spec.hubspot.properties[%s] gives a value for this record that is no text", name)
		}
	}
	properties[emailProperty] = c.Email
	payload, err := expression.Marshal(properties)
	if err != nil || c.Email == "" {
		return provider.Request{}, provider.Errorf(provider.Invalid, "this record has no address")
	}
	return provider.Request{Key: c.Email, Payload: payload}, nil
}

// input is one record of a batch upsert.
type input struct {
	IDProperty string            `json:"idProperty"`
	ID         string            `json:"id"`
	TraceID    string            `json:"objectWriteTraceId"`
	Properties map[string]string `json:"properties"`
}

// output is what HubSpot answers to a batch.
type output struct {
	Results []contact `json:"results"`
	Errors  []problem `json:"errors"`
}

// contact is one of HubSpot's.
type contact struct {
	ID         string             `json:"id"`
	TraceID    string             `json:"objectWriteTraceId"`
	Properties map[string]*string `json:"properties"`
}

func (c contact) receipt() (provider.Receipt, error) {
	if c.ID == "" || len(c.ID) > maxID || strings.Trim(c.ID, "0123456789") != "" {
		return provider.Receipt{}, errUnreadable()
	}
	return provider.Receipt{RemoteID: c.ID}, nil
}

func errUnreadable() *provider.Error {
	return provider.Errorf(provider.Transient, "the answer is not one of HubSpot's API: check that spec.hubspot.url leads there, and what stands between")
}

// Upsert implements provider.Upserter. It is a batch of one.
func (w *writer) Upsert(ctx context.Context, r provider.Request) (provider.Receipt, error) {
	written, conflicts, err := w.write(ctx, []provider.Request{r})
	if err != nil {
		return provider.Receipt{}, err
	}
	if p, ok := conflicts[0]; ok {
		return w.adopt(ctx, r, p)
	}
	return written[0].Receipt, written[0].Err
}

// MaxBatch implements provider.BatchUpserter.
func (w *writer) MaxBatch() int { return maxBatch }

// UpsertBatch implements provider.BatchUpserter. A record that HubSpot finds in conflict takes a call of its own.
func (w *writer) UpsertBatch(ctx context.Context, requests []provider.Request) ([]provider.Written, error) {
	written, conflicts, err := w.write(ctx, requests)
	if err != nil {
		return nil, err
	}
	for i, p := range conflicts {
		written[i].Receipt, written[i].Err = w.adopt(ctx, requests[i], p)
	}
	return written, nil
}

// write makes one batch upsert. conflicts are the records, by their place, that another contact is in the way of.
func (w *writer) write(ctx context.Context, requests []provider.Request) (written []provider.Written, conflicts map[int]problem, err error) {
	if err := w.properties.Pass(ctx); err != nil {
		return nil, nil, err
	}
	inputs := make([]input, len(requests))
	for i, r := range requests {
		inputs[i] = input{IDProperty: emailProperty, ID: r.Key, TraceID: strconv.Itoa(i)}
		if err := json.Unmarshal(r.Payload, &inputs[i].Properties); err != nil {
			return nil, nil, provider.Errorf(provider.Transient, "the request was rendered before the Integration changed: it is rendered again")
		}
	}
	res, err := w.call(ctx, http.MethodPost, upsertPath, map[string]any{"inputs": inputs})
	switch {
	case err != nil:
		return nil, nil, err
	case res.Status == http.StatusConflict && len(requests) == 1:
		return make([]provider.Written, 1), map[int]problem{0: problemOf(res.Body)}, nil
	case res.Status/100 != 2:
		return nil, nil, w.refusal(res)
	}
	var out output
	if json.Unmarshal(res.Body, &out) != nil {
		return nil, nil, errUnreadable()
	}
	return w.assign(inputs, out, res)
}

// assign says of each record what became of it. A record that neither a result nor an error speaks of failed, too: 207, and
// 200 as well, are answers of success.
func (w *writer) assign(inputs []input, out output, res httpx.Response) ([]provider.Written, map[int]problem, error) {
	written := make([]provider.Written, len(inputs))
	for i := range written {
		written[i].Err = provider.Errorf(provider.Transient, "HubSpot's answer does not say what became of this record")
	}
	conflicts := map[int]problem{}
	for _, c := range out.Results {
		if i, ok := placeOf(inputs, c); ok {
			written[i].Receipt, written[i].Err = c.receipt()
		}
	}
	for _, p := range out.Errors {
		places := tracedTo(inputs, p)
		status := p.status()
		e := w.classify(p, httpx.Response{Status: status, Header: res.Header, RetryAfter: res.RetryAfter})
		if len(places) == 0 {
			// It speaks of one of them and does not say which: whoever splits the batch finds out.
			return nil, nil, e
		}
		for _, i := range places {
			written[i] = provider.Written{Err: e}
			if status == http.StatusConflict {
				conflicts[i] = p
			}
		}
	}
	return written, conflicts, nil
}

// placeOf finds the record of a result: by its trace id, or else by its address.
func placeOf(inputs []input, c contact) (int, bool) {
	for i, in := range inputs {
		if c.TraceID == in.TraceID {
			return i, true
		}
	}
	if email := c.Properties[emailProperty]; c.TraceID == "" && email != nil {
		for i, in := range inputs {
			if strings.EqualFold(*email, in.ID) {
				return i, true
			}
		}
	}
	return 0, c.TraceID == "" && len(inputs) == 1
}

func tracedTo(inputs []input, p problem) []int {
	if len(inputs) == 1 {
		return []int{0}
	}
	var places []int
	for _, trace := range p.traces() {
		for i, in := range inputs {
			if in.TraceID == trace {
				places = append(places, i)
			}
		}
	}
	return places
}

// adopt updates the contact that stands in a record's way: the one that the conflict names, or else the one that has the
// address. It has the address already, perhaps as a secondary one, so that is not sent.
func (w *writer) adopt(ctx context.Context, r provider.Request, p problem) (provider.Receipt, error) {
	var properties map[string]string
	if err := json.Unmarshal(r.Payload, &properties); err != nil {
		return provider.Receipt{}, errUnreadable()
	}
	delete(properties, emailProperty)
	paths := []string{contactPath(r.Key)}
	if id := p.existing(); id != "" {
		paths = append([]string{contactsPath + "/" + id}, paths...)
	}
	for _, path := range paths {
		res, err := w.call(ctx, http.MethodPatch, path, map[string]any{"properties": properties})
		switch {
		case err != nil:
			return provider.Receipt{}, err
		case res.Status == http.StatusNotFound:
			continue
		case res.Status/100 != 2:
			return provider.Receipt{}, w.refusal(res)
		}
		var c contact
		if json.Unmarshal(res.Body, &c) != nil {
			return provider.Receipt{}, errUnreadable()
		}
		return c.receipt()
	}
	return provider.Receipt{}, w.classify(p, httpx.Response{Status: http.StatusConflict})
}

// contactPath leads to a contact by its address.
func contactPath(email string) string {
	return contactsPath + "/" + strings.ReplaceAll(url.PathEscape(email), "+", "%2B") + "?idProperty=" + emailProperty
}
