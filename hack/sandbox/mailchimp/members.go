package mailchimp

import (
	"cmp"
	"crypto/md5" //nolint:gosec // Mailchimp's name for a member, no secret
	"encoding/hex"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// member is how one is kept.
type member struct {
	contactID   string
	Email       string         `json:"email_address"`
	Status      string         `json:"status"`
	Merge       map[string]any `json:"merge_fields"`
	Tags        []string       `json:"tags"`
	LastChanged string         `json:"last_changed"`
	Mails       int            `json:"optinMails"` // that asked to confirm
}

const (
	subscribed   = "subscribed"
	pending      = "pending"
	unsubscribed = "unsubscribed"
	cleaned      = "cleaned"
	archived     = "archived"
)

func memberOf(r server.Record) member {
	text := plain(r.Fields)
	m := member{contactID: "contact-" + r.ID, Merge: map[string]any{}}
	m.Email, _ = text["email_address"].(string)
	m.Status, _ = text["status"].(string)
	m.LastChanged, _ = text["last_changed"].(string)
	if merge, ok := text["merge_fields"].(map[string]any); ok {
		m.Merge = merge
	}
	if tags, ok := text["tags"].([]any); ok {
		for _, t := range tags {
			m.Tags = append(m.Tags, t.(string))
		}
	}
	mails, _ := text["optinMails"].(float64)
	m.Mails = int(mails)
	return m
}

func hashOf(email string) string {
	sum := md5.Sum([]byte(strings.ToLower(email))) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// byHash finds a member by the MD5 of the lower-cased address, or by the address itself.
func (a *account) byHash(hash string) (member, bool) {
	r, found := a.table.Find(func(r server.Record) bool { return hashOf(r.Key) == hash || r.Key == hash })
	if !found {
		return member{}, false
	}
	return memberOf(r), true
}

// saved keeps a member. Only what differs is a change.
func (a *account) saved(m member) (member, bool) {
	key := strings.ToLower(m.Email)
	if r, found := a.table.Get(key); found {
		before := memberOf(r)
		m.LastChanged, m.contactID = before.LastChanged, before.contactID
		if reflect.DeepEqual(before, m) {
			return m, true
		}
	}
	m.LastChanged = a.Now().UTC().Format("2006-01-02T15:04:05+00:00")
	r, _, err := a.table.Put(key, func(map[string]any) map[string]any { return plain(m) })
	if err != nil {
		return member{}, false
	}
	return memberOf(r), true
}

// shown is a member as Mailchimp shows it, links left out.
func view(m member) map[string]any {
	tags := []map[string]any{}
	for i, name := range m.Tags {
		tags = append(tags, map[string]any{"id": i + 1, "name": name})
	}
	return map[string]any{
		"id": hashOf(m.Email), "contact_id": m.contactID, "unique_email_id": m.contactID, "email_address": m.Email, "email_type": "html",
		"status": m.Status, "merge_fields": m.Merge, "tags": tags, "tags_count": len(tags), "last_changed": m.LastChanged, "list_id": Audience,
	}
}

func (a *account) shown(m member) server.VendorAnswer {
	return server.VendorAnswer{Status: http.StatusOK, Body: view(m), Records: 1}
}

// change is what a request says of a member.
type change struct {
	Email       string         `json:"email_address"`
	Status      string         `json:"status"`
	StatusIfNew string         `json:"status_if_new"`
	Merge       map[string]any `json:"merge_fields"`
	Tags        []string       `json:"tags"`
}

// invalid has Mailchimp's rules for addresses.
func (a *account) invalid(email string) (title, detail string) {
	local, domain, found := strings.Cut(email, "@")
	switch {
	case a.forgotten[strings.ToLower(email)]:
		return "Forgotten Email Not Subscribed", email + " was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list."
	case !found || local == "" || !strings.Contains(domain, ".") || strings.ContainsAny(email, " <>\"") || strings.Contains(domain, "@"):
		return "Invalid Resource", "Please provide a valid email address."
	case domain == FakeDomain:
		return "Invalid Resource", email + " looks fake or invalid, please enter a real email address."
	case domain == ManyListsDomain:
		return "Invalid Resource", email + " has signed up to a lot of lists very recently; we're not allowing more signups for now"
	}
	return "", ""
}

// put creates a member, or changes one. Its status changes only if status says so.
func (a *account) put(hash string, body []byte) server.VendorAnswer {
	in := parse[change](body)
	if title, detail := a.invalid(in.Email); title != "" {
		return a.problem(http.StatusBadRequest, title, detail)
	}
	if hash != hashOf(in.Email) && hash != strings.ToLower(in.Email) {
		return a.problem(http.StatusBadRequest, "Invalid Resource", "The resource submitted could not be validated.", fieldError{"email_address", "it is another member's"})
	}
	m, found := a.byHash(hash)
	if !found {
		m = member{Email: in.Email, Merge: map[string]any{}}
		if in.Status = cmp.Or(in.Status, in.StatusIfNew); in.Status == "" {
			return a.problem(http.StatusBadRequest, "Invalid Resource", "The resource submitted could not be validated.", fieldError{"status_if_new", "Data did not match any of the schemas described in anyOf."})
		}
	}
	return a.write(m, in)
}

func (a *account) patch(m member, body []byte) server.VendorAnswer {
	return a.write(m, parse[change](body))
}

func (a *account) write(m member, in change) server.VendorAnswer {
	var wrong []fieldError
	if m.Merge, wrong = a.merged(m.Merge, in.Merge, true); wrong != nil {
		return a.problem(http.StatusBadRequest, "Invalid Resource", "Your merge fields were invalid.", wrong...)
	}
	if !m.become(in.Status) {
		return a.problem(http.StatusBadRequest, "Member In Compliance State",
			m.Email+" is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed.")
	}
	m, ok := a.saved(m)
	if !ok {
		return a.unsaved()
	}
	return a.shown(m)
}

// become gives a member another status. Whoever has left, or bounced, can only be asked.
func (m *member) become(status string) bool {
	if status == "" || status == m.Status {
		return true
	}
	if status == subscribed && (m.Status == unsubscribed || m.Status == cleaned) {
		return false
	}
	m.Status = status
	if status == pending {
		m.Mails++
	}
	return true
}

func (a *account) archive(m member) server.VendorAnswer {
	if m.Status == archived {
		return a.problem(http.StatusMethodNotAllowed, "Method Not Allowed", "This list member cannot be removed. Please contact support.")
	}
	m.Status = archived
	if _, ok := a.saved(m); !ok {
		return a.unsaved()
	}
	return server.VendorAnswer{Status: http.StatusNoContent, Records: 1}
}

// deletePermanent keeps the address out for good.
func (a *account) deletePermanent(m member) server.VendorAnswer {
	if _, err := a.table.Remove(strings.ToLower(m.Email)); err != nil {
		return a.unsaved()
	}
	a.forgotten[strings.ToLower(m.Email)] = true
	return server.VendorAnswer{Status: http.StatusNoContent, Records: 1}
}

func (a *account) tag(m member, body []byte) server.VendorAnswer {
	in := parse[struct {
		Tags []struct{ Name, Status string }
	}](body)
	for _, t := range in.Tags {
		at := slices.IndexFunc(m.Tags, func(has string) bool { return strings.EqualFold(has, t.Name) })
		switch {
		case at < 0 && t.Status == "active":
			m.Tags = append(m.Tags, t.Name)
		case at >= 0 && t.Status == "inactive":
			m.Tags = slices.Delete(m.Tags, at, at+1)
		}
	}
	if _, ok := a.saved(m); !ok {
		return a.unsaved()
	}
	return server.VendorAnswer{Status: http.StatusNoContent, Records: 1}
}

// list lists members of one state, or all but archived ones, by the time of their last change.
func (a *account) list(q url.Values) server.VendorAnswer {
	var since time.Time
	if text := q.Get("since_last_changed"); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			return a.problem(http.StatusBadRequest, "Invalid Resource", "since_last_changed is not a valid date")
		}
	}
	all := []member{}
	for _, r := range a.table.List() {
		m := memberOf(r)
		changed, _ := time.Parse(time.RFC3339, m.LastChanged)
		if status := q.Get("status"); status != "" && m.Status != status || status == "" && m.Status == archived || !changed.After(since) {
			continue
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(x, y member) int { return strings.Compare(x.LastChanged, y.LastChanged) })
	if q.Get("sort_dir") == "DESC" {
		slices.Reverse(all)
	}
	count, offset := 10, 0
	if text := q.Get("count"); text != "" {
		count, _ = strconv.Atoi(text)
	}
	offset, _ = strconv.Atoi(q.Get("offset"))
	members := []map[string]any{}
	for _, m := range all[min(offset, len(all)):min(offset+count, len(all))] {
		members = append(members, view(m))
	}
	return server.VendorAnswer{Status: http.StatusOK, Body: map[string]any{"members": members, "list_id": Audience, "total_items": len(all)}}
}

// batch creates members, and changes the status of those who are there if it is told to update. An archived one counts as new.
func (a *account) batch(body []byte) server.VendorAnswer {
	in := parse[struct {
		Members []change `json:"members"`
		Update  bool     `json:"update_existing"`
	}](body)
	created, updated, failures := []map[string]any{}, []map[string]any{}, []map[string]any{}
	fail := func(m change, code, text string) {
		failures = append(failures, map[string]any{"email_address": m.Email, "error": text, "error_code": code, "field": "", "field_message": ""})
	}
	for _, m := range in.Members {
		_, detail := a.invalid(m.Email)
		current, found := a.byHash(hashOf(m.Email))
		isNew := !found || current.Status == archived
		if detail != "" {
			fail(m, "ERROR_GENERIC", detail)
			continue
		}
		if !isNew && !in.Update {
			fail(m, "ERROR_CONTACT_EXISTS", m.Email+" is already a list member, do you want to update? please provide update_existing:true in the request body")
			continue
		}
		if !found {
			current = member{Email: m.Email, Merge: map[string]any{}}
		}
		for _, t := range m.Tags {
			if !slices.Contains(current.Tags, t) {
				current.Tags = append(current.Tags, t)
			}
		}
		answer := a.write(current, m)
		if answer.Status != http.StatusOK {
			detail, _ := answer.Body.(map[string]any)["detail"].(string)
			fail(m, "ERROR_GENERIC", detail)
			continue
		}
		written, _ := a.byHash(hashOf(m.Email))
		if isNew {
			if len(m.Tags) > 0 && !reflect.DeepEqual(written.Tags, current.Tags) {
				written.Tags = current.Tags
				written, _ = a.saved(written)
			}
			created = append(created, view(written))
		} else {
			updated = append(updated, view(written))
		}
	}
	return server.VendorAnswer{Status: http.StatusOK, Batch: true, Records: len(in.Members), Body: map[string]any{
		"new_members": created, "updated_members": updated, "errors": failures,
		"total_created": len(created), "total_updated": len(updated), "error_count": len(failures),
	}}
}
