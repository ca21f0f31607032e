package mailchimp

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
)

// writer creates and changes members.
type writer struct {
	*audience
	confirmation string
	tags         *tagger
}

// record is what Mailchimp should hold. The audience is in it so that another one gets everybody.
type record struct {
	Audience string         `json:"audience"`
	Email    string         `json:"email"`
	Merge    map[string]any `json:"merge,omitempty"`
	Tags     []string       `json:"tags,omitempty"`
	Consent  string         `json:"consent,omitempty"`
}

// The answers about marketing mail.
const (
	granted = "Granted"
	denied  = "Denied"
)

// The states of a member. Those who have left are unsubscribed, cleaned (their mail bounced) or archived.
const (
	subscribed    = "subscribed"
	pending       = "pending"
	unsubscribed  = "unsubscribed"
	cleaned       = "cleaned"
	archived      = "archived"
	transactional = "transactional"
)

// newStatus is the state that somebody new gets.
func (w *writer) newStatus() string {
	if w.confirmation == preconfirmed {
		return subscribed
	}
	return pending
}

// contact is a member as Mailchimp shows it.
type contact struct {
	ID        string `json:"id"` // MD5 of the address
	ContactID string `json:"contact_id"`
	Email     string `json:"email_address"`
	Status    string `json:"status"`
	Tags      *[]struct {
		Name string `json:"name"`
	} `json:"tags"`
}

// left tells whether the member gets no mail, and is never made to get it again.
func (c contact) left() bool {
	return c.Status == unsubscribed || c.Status == cleaned || c.Status == archived
}

// maxID is the port's limit of a remote id, in bytes.
const maxID = 256

func (c contact) receipt() (provider.Receipt, error) {
	id := c.ContactID
	if id == "" {
		id = c.ID
	}
	known := c.left() || c.Status == subscribed || c.Status == pending || c.Status == transactional
	if id == "" || len(id) > maxID || !known {
		return provider.Receipt{}, errUnreadable()
	}
	return provider.Receipt{RemoteID: id, Suppressed: c.left()}, nil
}

// Render implements provider.Upserter.
func (w *writer) Render(c provider.Contact) (provider.Request, error) {
	if c.Email == "" {
		return provider.Request{}, provider.Errorf(provider.Invalid, "this record has no address")
	}
	merge, err := w.fields.Render(&c)
	if err != nil {
		return provider.Request{}, err
	}
	tags, err := w.tags.render(&c)
	if err != nil {
		return provider.Request{}, err
	}
	payload, err := expression.Marshal(record{Audience: w.id, Email: c.Email, Merge: merge, Tags: tags, Consent: c.Consent.Marketing})
	if err != nil {
		return provider.Request{}, provider.Errorf(provider.Invalid, "a merge field of this record has no form in JSON")
	}
	return provider.Request{Key: c.Email, Payload: payload}, nil
}

// Upsert implements provider.Upserter.
func (w *writer) Upsert(ctx context.Context, r provider.Request) (provider.Receipt, error) {
	if err := w.merge.Pass(ctx); err != nil {
		return provider.Receipt{}, err
	}
	want, err := w.wanted(r)
	if err != nil {
		return provider.Receipt{}, err
	}
	return w.write(ctx, want, r.RemoteID == "")
}

// wanted reads a request. Its merge fields get the forms that Mailchimp wants.
func (w *writer) wanted(r provider.Request) (record, error) {
	var want record
	if json.Unmarshal(r.Payload, &want) != nil || want.Email != r.Key || want.Audience != w.id {
		return record{}, provider.Errorf(provider.Transient, "the request was rendered before the Integration changed: it is rendered again")
	}
	var err error
	want.Merge, err = w.values(want.Merge)
	return want, err
}

// write makes one member hold what is wanted. fresh: the person has never been written to this audience.
func (w *writer) write(ctx context.Context, want record, fresh bool) (provider.Receipt, error) {
	if want.Consent == granted {
		return w.put(ctx, want, fresh)
	}
	c, found, err := w.get(ctx, want.Email)
	switch {
	case err != nil:
		return provider.Receipt{}, err
	case !found: // nobody becomes a member without having agreed
		return provider.Receipt{Suppressed: want.Consent == denied}, nil
	case c.left():
		return c.receipt()
	case want.Consent == denied:
		return w.patch(ctx, want, map[string]any{"status": unsubscribed})
	}
	return w.patch(ctx, want, map[string]any{"merge_fields": want.Merge})
}

// put creates a member, or changes one without touching its status.
func (w *writer) put(ctx context.Context, want record, fresh bool) (provider.Receipt, error) {
	var c contact
	suppressed, err := w.change(ctx, http.MethodPut, want, map[string]any{
		"email_address": want.Email, "status_if_new": w.newStatus(), "merge_fields": want.Merge,
	}, &c)
	if err != nil || suppressed {
		return provider.Receipt{Suppressed: suppressed}, err
	}
	receipt, err := c.receipt()
	// There, but never asked; or taken out by somebody, and with the chance to say no. Now the person has agreed.
	asks := c.Status == transactional || c.Status == archived && fresh && w.confirmation == doubleOptIn
	if err == nil && asks {
		receipt, err = w.patch(ctx, want, map[string]any{"status": w.newStatus()})
	}
	if err != nil || receipt.Suppressed {
		return receipt, err
	}
	return receipt, w.tag(ctx, want, c)
}

func (w *writer) patch(ctx context.Context, want record, body map[string]any) (provider.Receipt, error) {
	var c contact
	suppressed, err := w.change(ctx, http.MethodPatch, want, body, &c)
	if err != nil || suppressed {
		return provider.Receipt{Suppressed: suppressed}, err
	}
	return c.receipt()
}

// change writes a member. suppressed: Mailchimp keeps the person out until they come back by themselves.
func (w *writer) change(ctx context.Context, method string, want record, body map[string]any, into *contact) (suppressed bool, err error) {
	res, err := w.call(ctx, method, w.memberPath(want.Email)+"?skip_merge_validation=true", body)
	switch {
	case err != nil:
		return false, err
	case inCompliance(res):
		return true, nil
	case res.Status/100 != 2:
		return false, w.refusal(res)
	}
	return false, read(res, into)
}

// get reads a member. Only Mailchimp's own 404 says that there is none.
func (a *audience) get(ctx context.Context, email string) (c contact, found bool, err error) {
	res, err := a.call(ctx, http.MethodGet, a.memberPath(email)+"?fields=id,contact_id,status", nil)
	switch {
	case err != nil:
		return contact{}, false, err
	case res.Status == http.StatusNotFound && problemOf(res).Title != "":
		return contact{}, false, nil
	case res.Status/100 != 2:
		return contact{}, false, a.refusal(res)
	}
	if err := read(res, &c); err != nil {
		return contact{}, false, err
	}
	if _, err := c.receipt(); err != nil {
		return contact{}, false, err
	}
	return c, true, nil
}

// tag adds the tags that a member lacks. A member whose tags the answer does not tell gets all of them.
func (w *writer) tag(ctx context.Context, want record, c contact) error {
	var has []string
	if c.Tags != nil {
		for _, t := range *c.Tags {
			has = append(has, strings.ToLower(t.Name))
		}
	}
	type tag struct {
		Name   string `json:"name"`
		Status string `json:"status"`
	}
	var add []tag
	for _, name := range want.Tags {
		if !slices.Contains(has, strings.ToLower(name)) {
			add = append(add, tag{name, "active"})
		}
	}
	if add == nil {
		return nil
	}
	res, err := w.call(ctx, http.MethodPost, w.memberPath(want.Email)+"/tags", map[string]any{"tags": add})
	switch {
	case err != nil:
		return err
	case res.Status == http.StatusNotFound && problemOf(res).Title != "":
		return provider.Errorf(provider.Transient, "the member went away while it was changed")
	case res.Status/100 != 2:
		return w.refusal(res)
	}
	return nil
}
