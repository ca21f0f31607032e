package brevo

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// contact is how one is kept.
type contact struct {
	id           int
	Email        string         `json:"email"`
	Blocklisted  bool           `json:"emailBlacklisted"`
	Attributes   map[string]any `json:"attributes"`
	Lists        []int          `json:"listIds"`
	Unsubscribed []int          `json:"listUnsubscribed"`
	Modified     string         `json:"modifiedAt"`
}

func contactOf(r server.Record) contact {
	text, err := json.Marshal(r.Fields)
	if err != nil {
		panic(err)
	}
	c := parse[contact](text)
	c.id, _ = strconv.Atoi(r.ID)
	return c
}

// find finds a contact by its address or its id.
func (a *account) find(identifier string) (contact, bool) {
	if unescaped, err := url.PathUnescape(identifier); err == nil {
		identifier = unescaped
	}
	key := strings.ToLower(identifier)
	r, found := a.table.Find(func(r server.Record) bool { return r.Key == key || r.ID == key })
	if !found {
		return contact{}, false
	}
	return contactOf(r), true
}

// saved keeps a contact. Only what differs is a change.
func (a *account) saved(c contact) (contact, bool) {
	if r, found := a.table.Get(c.Email); found {
		before := contactOf(r)
		c.id, c.Modified = before.id, before.Modified
		if reflect.DeepEqual(normal(before), normal(c)) {
			return c, true
		}
	}
	c.Modified = a.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	r, _, err := a.table.Put(c.Email, func(map[string]any) map[string]any { return parse[map[string]any](text) })
	if err != nil {
		return contact{}, false
	}
	return contactOf(r), true
}

// normal has no difference between nothing and an empty list.
func normal(c contact) contact {
	if len(c.Attributes) == 0 {
		c.Attributes = nil
	}
	if len(c.Lists) == 0 {
		c.Lists = nil
	}
	if len(c.Unsubscribed) == 0 {
		c.Unsubscribed = nil
	}
	return c
}

func view(c contact) map[string]any {
	c = normal(c)
	attributes, lists := c.Attributes, c.Lists
	if attributes == nil {
		attributes = map[string]any{}
	}
	if lists == nil {
		lists = []int{}
	}
	shown := map[string]any{
		"id": c.id, "email": c.Email, "emailBlacklisted": c.Blocklisted, "smsBlacklisted": false, "attributes": attributes, "listIds": lists,
		"createdAt": c.Modified, "modifiedAt": c.Modified,
	}
	if c.Unsubscribed != nil { // left out by Brevo where there are none
		shown["listUnsubscribed"] = c.Unsubscribed
	}
	return shown
}

type change struct {
	Email       string         `json:"email"`
	Update      bool           `json:"updateEnabled"`
	Blocklisted *bool          `json:"emailBlacklisted"`
	Attributes  map[string]any `json:"attributes"`
	Lists       []int          `json:"listIds"`
	Unlink      []int          `json:"unlinkListIds"`
}

var phone = regexp.MustCompile(`^\+?[0-9]{8,15}$`)

// invalid has Brevo's rules for addresses, lists and phone numbers.
func (a *account) invalid(email string, in change) (server.VendorAnswer, bool) {
	local, domain, found := strings.Cut(email, "@")
	if !found || local == "" || !strings.Contains(domain, ".") || strings.ContainsAny(email, " <>\"") || strings.Contains(domain, "@") {
		return problem(http.StatusBadRequest, "invalid_parameter", "email is not valid in schema"), true
	}
	for _, id := range in.Lists {
		if id != Newsletter && id != Customers {
			return problem(http.StatusBadRequest, "invalid_parameter", "List ID does not exist"), true
		}
	}
	sms, given := in.Attributes["SMS"].(string)
	if !given {
		return server.VendorAnswer{}, false
	}
	if !phone.MatchString(strings.ReplaceAll(sms, " ", "")) {
		return problem(http.StatusBadRequest, "invalid_parameter", "Invalid phone number"), true
	}
	other, taken := a.table.Find(func(r server.Record) bool { return r.Key != email && contactOf(r).Attributes["SMS"] == sms })
	if taken && other.Key != "" {
		return problem(http.StatusBadRequest, "invalid_parameter", "Unable to create contact, SMS is already associated with another Contact", "SMS"), true
	}
	return server.VendorAnswer{}, false
}

// create makes a contact. With updateEnabled it changes one that is there, and puts it back on lists that it has left.
func (a *account) create(body []byte) server.VendorAnswer {
	in := parse[change](body)
	email := strings.ToLower(in.Email)
	c, found := a.find(email)
	if found && !in.Update {
		return problem(http.StatusBadRequest, "duplicate_parameter", "Unable to create contact, email is already associated with another Contact", "email")
	}
	if answer, wrong := a.invalid(email, in); wrong {
		return answer
	}
	if !found {
		c = contact{Email: email}
	}
	c, ok := a.write(c, in)
	switch {
	case !ok:
		return unsaved()
	case found:
		return server.VendorAnswer{Status: http.StatusNoContent, Records: 1}
	}
	return server.VendorAnswer{Status: http.StatusCreated, Body: map[string]any{"id": c.id}, Records: 1}
}

func (a *account) update(c contact, body []byte) server.VendorAnswer {
	in := parse[change](body)
	if answer, wrong := a.invalid(c.Email, in); wrong {
		return answer
	}
	if _, ok := a.write(c, in); !ok {
		return unsaved()
	}
	return server.VendorAnswer{Status: http.StatusNoContent, Records: 1}
}

func (a *account) write(c contact, in change) (contact, bool) {
	c.Attributes = a.merged(c.Attributes, in.Attributes)
	if in.Blocklisted != nil {
		c.Blocklisted = *in.Blocklisted
	}
	for _, id := range in.Lists {
		if !slices.Contains(c.Lists, id) {
			c.Lists = append(c.Lists, id)
		}
		c.Unsubscribed = slices.DeleteFunc(slices.Clone(c.Unsubscribed), func(left int) bool { return left == id })
	}
	c.Lists = slices.DeleteFunc(slices.Clone(c.Lists), func(id int) bool { return slices.Contains(in.Unlink, id) })
	slices.Sort(c.Lists)
	return a.saved(c)
}

// list lists the contacts that were changed since a time, by their creation.
func (a *account) list(q url.Values) server.VendorAnswer {
	var since time.Time
	if text := q.Get("modifiedSince"); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return problem(http.StatusBadRequest, "invalid_parameter", "modifiedSince should be a valid date")
		}
	}
	all := []contact{}
	for _, r := range a.table.List() {
		c := contactOf(r)
		if modified, _ := time.Parse(time.RFC3339Nano, c.Modified); modified.After(since) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(x, y contact) int { return cmp.Compare(x.id, y.id) })
	if q.Get("sort") != "asc" {
		slices.Reverse(all)
	}
	limit, offset := 50, 0
	if text := q.Get("limit"); text != "" {
		limit, _ = strconv.Atoi(text)
	}
	offset, _ = strconv.Atoi(q.Get("offset"))
	contacts := []map[string]any{}
	for _, c := range all[min(offset, len(all)):min(offset+limit, len(all))] {
		contacts = append(contacts, view(c))
	}
	return server.VendorAnswer{Status: http.StatusOK, Body: map[string]any{"contacts": contacts, "count": len(all)}}
}

// Leave has a person unsubscribe from a list, by the link in a mail. It is the one thing that no call does.
func Leave(t server.Table, email string, list int) error {
	_, _, err := t.Put(email, func(current map[string]any) map[string]any {
		text, err := json.Marshal(current)
		if err != nil {
			panic(err)
		}
		c := parse[contact](text)
		c.Lists = slices.DeleteFunc(c.Lists, func(id int) bool { return id == list })
		c.Unsubscribed = append(c.Unsubscribed, list)
		if text, err = json.Marshal(c); err != nil {
			panic(err)
		}
		return parse[map[string]any](text)
	})
	return err
}
