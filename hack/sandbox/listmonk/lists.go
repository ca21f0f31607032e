package listmonk

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// The states of a subscription.
const (
	unconfirmed  = "unconfirmed"
	confirmed    = "confirmed"
	unsubscribed = "unsubscribed"
)

type list struct {
	ID     int    `json:"id"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	OptIn  string `json:"optin"`
	Status string `json:"subscription_status,omitempty"`
}

func lists() map[int]list {
	return map[int]list{
		SingleOptIn: {ID: SingleOptIn, Name: "Newsletter", Type: "public", OptIn: "single"},
		DoubleOptIn: {ID: DoubleOptIn, Name: "Newsletter with confirmation", Type: "public", OptIn: "double"},
		OthersList:  {ID: OthersList, Name: "Customers", Type: "private", OptIn: "single"},
	}
}

func (i *instance) getList(id int) server.VendorAnswer {
	l, found := lists()[id]
	switch {
	case found && !i.manages(id):
		return problem(http.StatusForbidden, "permission denied: list")
	case !found:
		return problem(http.StatusBadRequest, "List not found")
	}
	return server.VendorAnswer{Status: http.StatusOK, Body: data(l)}
}

func (i *instance) manages(id int) bool { return i.Manages == nil || slices.Contains(i.Manages, id) }

// allowed leaves out, without a word, what the API user may not manage.
func (i *instance) allowed(ids []int) []int {
	var left []int
	for _, id := range ids {
		if i.manages(id) {
			left = append(left, id)
		}
	}
	return left
}

func (i *instance) manageLists(body []byte) server.VendorAnswer {
	in := parse[struct {
		IDs    []int  `json:"ids"`
		Action string `json:"action"`
		Lists  []int  `json:"target_list_ids"`
		Status string `json:"status"`
	}](body)
	if len(in.IDs) == 0 || len(in.Lists) == 0 {
		return problem(http.StatusBadRequest, "no ids or lists given")
	}
	for _, id := range in.IDs {
		s, found := i.byID(id)
		if !found {
			continue
		}
		for _, l := range i.allowed(in.Lists) {
			if _, exists := lists()[l]; !exists && in.Action == "add" {
				return unsaved() // a constraint of the database
			}
			current, on := s.Lists[strconv.Itoa(l)]
			switch {
			case in.Action == "remove":
				delete(s.Lists, strconv.Itoa(l))
			case in.Action == "unsubscribe" && on:
				s.Lists[strconv.Itoa(l)] = unsubscribed
			case in.Action == "add" && in.Status != "": // also who has left
				s.Lists[strconv.Itoa(l)] = in.Status
			case in.Action == "add" && !on:
				s.Lists[strconv.Itoa(l)] = unconfirmed
			case in.Action == "add":
				s.Lists[strconv.Itoa(l)] = current
			}
		}
		if answer := i.saved(s, done()); answer.Status != http.StatusOK {
			return answer
		}
	}
	return done()
}
