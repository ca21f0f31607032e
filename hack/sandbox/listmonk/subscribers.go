package listmonk

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// subscriber is how one is kept.
type subscriber struct {
	id     int
	Email  string            `json:"email"`
	Name   string            `json:"name"`
	Status string            `json:"status"`
	Attr   map[string]any    `json:"attribs"`
	Lists  map[string]string `json:"lists"` // their ids, and the state of the subscription
	Mails  int               `json:"optinMails"`
}

func (s *subscriber) mail() { s.Mails++ }

func subscriberOf(r server.Record) subscriber {
	text, err := json.Marshal(r.Fields)
	if err != nil {
		panic(err)
	}
	s := parse[subscriber](text)
	s.id, _ = strconv.Atoi(r.ID)
	if s.Lists == nil {
		s.Lists = map[string]string{}
	}
	return s
}

func (i *instance) byID(id int) (subscriber, bool) {
	r, found := i.table.Find(func(r server.Record) bool { return r.ID == strconv.Itoa(id) })
	if !found {
		return subscriber{}, false
	}
	return subscriberOf(r), true
}

// sees tells whether the API user may: one without subscribers:get_all sees those on its lists.
func (i *instance) sees(s subscriber) bool {
	if i.Manages == nil {
		return true
	}
	for l := range s.Lists {
		if id, _ := strconv.Atoi(l); i.manages(id) {
			return true
		}
	}
	return false
}

// saved keeps a subscriber, and gives the answer.
func (i *instance) saved(s subscriber, answer server.VendorAnswer) server.VendorAnswer {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	fields := parse[map[string]any](text)
	if _, _, err := i.table.Put(s.Email, func(map[string]any) map[string]any { return fields }); err != nil {
		return unsaved()
	}
	return answer
}

func (i *instance) shown(s subscriber) server.VendorAnswer {
	return server.VendorAnswer{Status: http.StatusOK, Body: data(view(s)), Records: 1}
}

func view(s subscriber) map[string]any {
	on := []list{}
	for id, status := range s.Lists {
		number, _ := strconv.Atoi(id)
		l := lists()[number]
		l.Status = status
		on = append(on, l)
	}
	slices.SortFunc(on, func(a, b list) int { return cmp.Compare(a.ID, b.ID) })
	attribs := s.Attr
	if attribs == nil {
		attribs = map[string]any{}
	}
	return map[string]any{
		"id": s.id, "uuid": "00000000-0000-4000-8000-" + leftPad(s.id), "email": s.Email, "name": s.Name, "status": s.Status,
		"attribs": attribs, "lists": on,
	}
}

func leftPad(n int) string {
	text := strconv.Itoa(n)
	return strings.Repeat("0", 12-len(text)) + text
}

// query searches name and address. What the API user may not see is left out.
func (i *instance) query(q url.Values) server.VendorAnswer {
	if q.Get("query") != "" {
		return problem(http.StatusForbidden, "permission denied: subscribers:sql_query")
	}
	pattern, err := regexp.Compile("(?i)" + q.Get("search"))
	if err != nil {
		return problem(http.StatusInternalServerError, "error fetching subscribers: invalid regular expression")
	}
	perPage, _ := strconv.Atoi(q.Get("per_page"))
	if perPage == 0 {
		perPage = 20
	}
	found := []subscriber{}
	for _, r := range i.table.List() {
		if s := subscriberOf(r); i.sees(s) && s.fits(q) && (pattern.MatchString(s.Name) || pattern.MatchString(s.Email)) {
			found = append(found, s)
		}
	}
	// All orders are that of the ids here, which are given in the order of creation.
	slices.SortFunc(found, func(a, b subscriber) int { return cmp.Compare(a.id, b.id) })
	if q.Get("order") != "asc" {
		slices.Reverse(found)
	}
	page, total := 1, len(found)
	if text := q.Get("page"); text != "" {
		page, _ = strconv.Atoi(text)
	}
	results := []map[string]any{}
	for _, s := range found[min((page-1)*perPage, total):min(page*perPage, total)] {
		results = append(results, view(s))
	}
	return server.VendorAnswer{Status: http.StatusOK, Body: data(map[string]any{
		"results": results, "total": total, "page": page, "per_page": perPage, "query": "",
	})}
}

// fits tells whether a subscriber is on the list that a query asks for, in the state that it asks for.
func (s subscriber) fits(q url.Values) bool {
	status, on := s.Lists[q.Get("list_id")]
	return q.Get("list_id") == "" || on && (q.Get("subscription_status") == "" || q.Get("subscription_status") == status)
}

// change is what a request says of a subscriber. nil: nothing.
type change struct {
	Email   string         `json:"email"`
	Name    string         `json:"name"`
	Status  string         `json:"status"`
	Attribs map[string]any `json:"attribs"`
	Lists   *[]int         `json:"lists"`
	Preconf bool           `json:"preconfirm_subscriptions"`
}

// invalid has listmonk's rules for addresses and names.
func (i *instance) invalid(email, name string) string {
	local, domain, found := strings.Cut(email, "@")
	switch {
	case !found || local == "" || !strings.Contains(domain, ".") || len(email) > 1000 || strings.ContainsAny(email, " <>\"") ||
		strings.Contains(domain, "@"):
		return "Invalid e-mail."
	case domain == BlockedDomain:
		return "The e-mail domain is blocklisted."
	case len(name) > 2000, i.Version < 6 && strings.TrimSpace(name) == "":
		return "Invalid name."
	}
	return ""
}

func (i *instance) create(body []byte) server.VendorAnswer {
	in := parse[change](body)
	email := strings.ToLower(strings.TrimSpace(in.Email))
	if message := i.invalid(email, in.Name); message != "" {
		return problem(http.StatusBadRequest, message)
	}
	if _, taken := i.table.Get(email); taken {
		return problem(http.StatusConflict, "E-mail already exists.")
	}
	name, _, _ := strings.Cut(email, "@")
	s := subscriber{Email: email, Name: cmp.Or(strings.TrimSpace(in.Name), name), Status: in.Status, Attr: in.Attribs, Lists: map[string]string{}}
	if in.Lists != nil {
		i.subscribe(&s, *in.Lists, in.Preconf)
	}
	if answer := i.saved(s, done()); answer.Status != http.StatusOK {
		return answer
	}
	r, _ := i.table.Get(email)
	return i.shown(subscriberOf(r))
}

// subscribe puts a subscriber on lists, as far as they exist and may be managed. Who is confirmed stays so, and so does who
// has left. Unconfirmed subscriptions to lists with double opt-in are worth a mail.
func (i *instance) subscribe(s *subscriber, ids []int, preconfirmed bool) {
	status, asks := unconfirmed, false
	if preconfirmed {
		status = confirmed
	}
	if s.Status == "blocklisted" {
		status = unsubscribed
	}
	for _, id := range i.allowed(ids) {
		l, exists := lists()[id]
		if !exists {
			continue
		}
		key := strconv.Itoa(id)
		if current := s.Lists[key]; current != confirmed && current != unsubscribed {
			s.Lists[key] = status
		}
		asks = asks || l.OptIn == "double" && s.Lists[key] == unconfirmed
	}
	if asks {
		s.mail()
	}
}

// replace is PUT: lists that it does not name are dropped. Before version 6, also those that the API user may not manage.
func (i *instance) replace(s subscriber, body []byte) server.VendorAnswer {
	in := parse[change](body)
	email := strings.ToLower(strings.TrimSpace(in.Email))
	if message := i.invalid(email, cmp.Or(in.Name, s.Name)); message != "" {
		return problem(http.StatusBadRequest, message)
	}
	if answer, ok := i.move(&s, email); !ok {
		return answer
	}
	wanted := []int{}
	if in.Lists != nil {
		wanted = i.allowed(*in.Lists)
	}
	s.Name, s.Status, s.Attr = cmp.Or(in.Name, s.Name), cmp.Or(in.Status, s.Status), in.Attribs
	i.keepOnly(&s, wanted)
	i.subscribe(&s, wanted, in.Preconf)
	return i.saved(s, i.shown(s))
}

func (i *instance) keepOnly(s *subscriber, ids []int) {
	maps.DeleteFunc(s.Lists, func(key, _ string) bool {
		id, _ := strconv.Atoi(key)
		return !slices.Contains(ids, id) && (i.Version < 6 || i.manages(id))
	})
}

// patch changes what is given.
func (i *instance) patch(s subscriber, body []byte) server.VendorAnswer {
	in := parse[change](body)
	if in.Email != "" {
		if answer, ok := i.move(&s, strings.ToLower(in.Email)); !ok {
			return answer
		}
	}
	s.Name, s.Status = cmp.Or(in.Name, s.Name), cmp.Or(in.Status, s.Status)
	if s.Attr == nil {
		s.Attr = map[string]any{}
	}
	maps.Copy(s.Attr, in.Attribs)
	if in.Lists != nil {
		i.keepOnly(&s, i.allowed(*in.Lists))
		i.subscribe(&s, *in.Lists, false)
	}
	return i.saved(s, i.shown(s))
}

// move gives a subscriber another address. One that is taken breaks a constraint of the database, which is no 409.
func (i *instance) move(s *subscriber, email string) (server.VendorAnswer, bool) {
	if email == s.Email {
		return server.VendorAnswer{}, true
	}
	if _, taken := i.table.Get(email); taken {
		return unsaved(), false
	}
	if err := i.table.Rename(s.Email, email); err != nil {
		return unsaved(), false
	}
	s.Email = email
	return server.VendorAnswer{}, true
}
