package brevo

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
)

// writer creates and changes contacts.
type writer struct{ *account }

// record is what Brevo should hold. The lists are in it so that a change of the Integration reaches everybody.
type record struct {
	Email      string         `json:"email"`
	Attributes map[string]any `json:"attributes,omitempty"`
	Consent    string         `json:"consent,omitempty"`
	Lists      []int          `json:"lists"`
}

// The answers about marketing mail.
const (
	granted = "Granted"
	denied  = "Denied"
)

// contact is one of Brevo's.
type contact struct {
	ID           int64  `json:"id"`
	Email        string `json:"email"`
	Blocklisted  *bool  `json:"emailBlacklisted"`
	Lists        []int  `json:"listIds"`
	Unsubscribed []int  `json:"listUnsubscribed"`
}

// standing is how a contact stands to the lists.
type standing struct {
	missing []int
	left    bool // one of the lists
	gone    bool // gets no mail: is blocklisted, or has left all of the lists
}

func (c contact) standing(targets []int) standing {
	s := standing{}
	on := false
	for _, id := range targets {
		switch {
		case slices.Contains(c.Unsubscribed, id):
			s.left = true
		case slices.Contains(c.Lists, id):
			on = true
		default:
			s.missing = append(s.missing, id)
		}
	}
	s.gone = c.Blocklisted != nil && *c.Blocklisted || s.left && !on
	return s
}

// Render implements provider.Upserter.
func (w *writer) Render(c provider.Contact) (provider.Request, error) {
	if c.Email == "" {
		return provider.Request{}, provider.Errorf(provider.Invalid, "this record has no address")
	}
	attributes, err := w.attributes.Render(&c)
	if err != nil {
		return provider.Request{}, err
	}
	payload, err := expression.Marshal(record{Email: c.Email, Attributes: attributes, Consent: c.Consent.Marketing, Lists: w.targets})
	if err != nil {
		return provider.Request{}, provider.Errorf(provider.Invalid, "an attribute of this record has no form in JSON")
	}
	return provider.Request{Key: c.Email, Payload: payload}, nil
}

// Upsert implements provider.Upserter.
func (w *writer) Upsert(ctx context.Context, r provider.Request) (provider.Receipt, error) {
	if err := w.known.Pass(ctx); err != nil {
		return provider.Receipt{}, err
	}
	var want record
	if json.Unmarshal(r.Payload, &want) != nil || want.Email != r.Key || !slices.Equal(want.Lists, w.targets) {
		return provider.Receipt{}, provider.Errorf(provider.Transient, "the request was rendered before the Integration changed: it is rendered again")
	}
	var err error
	if want.Attributes, err = w.values(want.Attributes); err != nil {
		return provider.Receipt{}, err
	}
	if r.RemoteID == "" && want.Consent == granted {
		receipt, taken, err := w.create(ctx, want)
		if !taken {
			return receipt, err
		}
	}
	c, found, err := w.get(ctx, want.Email)
	switch {
	case err != nil:
		return provider.Receipt{}, err
	case found:
		return w.change(ctx, c, want)
	case want.Consent != granted: // nobody is put on a list without having agreed
		return provider.Receipt{Suppressed: want.Consent == denied}, nil
	}
	receipt, taken, err := w.create(ctx, want)
	if taken {
		return provider.Receipt{}, provider.Errorf(provider.Transient, "the contact came and went while it was looked for")
	}
	return receipt, err
}

// create makes a contact. taken: there is one with this address.
func (w *writer) create(ctx context.Context, want record) (receipt provider.Receipt, taken bool, err error) {
	res, err := w.send(ctx, http.MethodPost, contactsPath, map[string]any{
		"email": want.Email, "listIds": want.Lists, "updateEnabled": false,
	}, want.Attributes)
	switch {
	case err != nil:
		return provider.Receipt{}, false, err
	case duplicate(res, byEmail):
		return provider.Receipt{}, true, nil
	case res.Status/100 != 2:
		return provider.Receipt{}, false, w.refusal(res)
	}
	var c contact
	if err := read(res, &c); err != nil {
		return provider.Receipt{}, false, err
	}
	if c.ID < 1 {
		return provider.Receipt{}, false, errUnreadable()
	}
	return provider.Receipt{RemoteID: strconv.FormatInt(c.ID, 10)}, false, nil
}

// send writes a record. A phone number that another contact has is left out: it would fail the whole record.
func (w *writer) send(ctx context.Context, method, path string, body, attributes map[string]any) (httpx.Response, error) {
	if len(attributes) > 0 {
		body["attributes"] = attributes
	}
	res, err := w.call(ctx, method, path, body)
	if err != nil || attributes[smsAttribute] == nil || !duplicate(res, bySMS) || duplicate(res, byEmail) && method == http.MethodPost {
		return res, err
	}
	others := maps.Clone(attributes)
	delete(others, smsAttribute)
	delete(body, "attributes")
	return w.send(ctx, method, path, body, others)
}

// change makes a contact hold what is wanted, as far as the person has not left.
func (w *writer) change(ctx context.Context, c contact, want record) (provider.Receipt, error) {
	receipt := provider.Receipt{RemoteID: strconv.FormatInt(c.ID, 10)}
	at := c.standing(want.Lists)
	body := map[string]any{}
	switch {
	case at.gone:
		receipt.Suppressed = true
		return receipt, nil
	case want.Consent == denied:
		receipt.Suppressed = true
		return receipt, w.ask(ctx, http.MethodPut, contactPath(want.Email), map[string]any{"emailBlacklisted": true}, nil)
	case want.Consent == granted && !at.left && len(at.missing) > 0:
		body["listIds"] = at.missing
	}
	if len(body) == 0 && len(want.Attributes) == 0 {
		return receipt, nil
	}
	res, err := w.send(ctx, http.MethodPut, contactPath(want.Email), body, want.Attributes)
	if err == nil && res.Status/100 != 2 {
		err = w.refusal(res)
	}
	if err != nil {
		return provider.Receipt{}, err
	}
	return receipt, nil
}

// get reads a contact. Only Brevo's own 404 says that there is none.
func (a *account) get(ctx context.Context, email string) (c contact, found bool, err error) {
	res, err := a.call(ctx, http.MethodGet, contactPath(email), nil)
	switch {
	case err != nil:
		return contact{}, false, err
	case res.Status == http.StatusNotFound && problemOf(res).Code != "":
		return contact{}, false, nil
	case res.Status/100 != 2:
		return contact{}, false, a.refusal(res)
	}
	if err := read(res, &c); err != nil {
		return contact{}, false, err
	}
	if c.ID < 1 || c.Blocklisted == nil {
		return contact{}, false, errUnreadable()
	}
	return c, true, nil
}
