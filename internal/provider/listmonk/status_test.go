package listmonk_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// reply is one answer of a scripted listmonk.
type reply struct {
	status int
	header map[string]string
	body   string
}

// What each call's status means. The lists are known and well, unless the case is about them.
func TestStatuses(t *testing.T) {
	t.Parallel()
	const (
		list   = "GET lists/3"
		create = "POST subscribers"
		search = "GET subscribers"
		patch  = "PATCH subscribers/42"
		put    = "PUT subscribers/42"
		add    = "PUT subscribers/lists"
		look   = "GET subscribers/42"
	)
	taken := reply{status: 409, body: `{"message":"E-Mail existiert bereits."}`}
	found := reply{body: `{"data":{"results":[{"id":42,"email":"ada@example.com","name":"x","status":"enabled","attribs":{},"lists":[]}],"total":1}}`}
	on := reply{body: `{"data":{"id":42,"email":"ada@example.com","status":"enabled","lists":[{"id":3,"subscription_status":"unconfirmed"}]}}`}
	off := reply{body: `{"data":{"id":42,"email":"ada@example.com","status":"enabled","lists":[]}}`}
	done := reply{body: `{"data":true}`}
	role := "listmonk does not take the API user and token, or the user's role lacks a permission (status 403): " +
		"it needs subscribers:get_all, subscribers:manage, and view and manage on the lists"
	unreadable := &provider.Error{Class: provider.Transient, Message: "the answer is not one of listmonk's API: check that spec.listmonk.url leads there, and what stands between"}
	invalid := &provider.Error{Class: provider.Invalid, Message: "listmonk refuses this record (status 400): the address or the name is not valid there, or the domain of the address is on its block list"}
	notThere := func(status string) *provider.Error {
		return &provider.Error{Class: provider.Config, Message: "there is no API of listmonk 5 or 6 at spec.listmonk.url (status " + status + "): give the address of listmonk itself, without /api"}
	}
	leftOut := &provider.Error{Class: provider.Config, Message: "listmonk has not put the person on list 3: the API user's role needs manage on that list, and the list has to exist"}
	cases := map[string]struct {
		replies   map[string]reply
		want      *provider.Error
		wantCalls []string // "": any
	}{
		"created":                           {map[string]reply{create: on}, nil, []string{list, create}},
		"created, the list left out":        {map[string]reply{create: off}, leftOut, nil},
		"created, no id":                    {map[string]reply{create: {body: `{"data":{"lists":[3]}}`}}, unreadable, nil},
		"created, no envelope":              {map[string]reply{create: {body: `{"id":42}`}}, unreadable, nil},
		"a page":                            {map[string]reply{create: {body: `<html>`}}, unreadable, nil},
		"400":                               {map[string]reply{create: {status: 400, body: `{"message":"The e-mail domain is blocklisted."}`}}, invalid, nil},
		"403":                               {map[string]reply{create: {status: 403, body: `{"message":"invalid API credentials"}`}}, &provider.Error{Class: provider.Auth, Message: role}, nil},
		"404":                               {map[string]reply{create: {status: 404}}, notThere("404"), nil},
		"405":                               {map[string]reply{create: {status: 405}}, notThere("405"), nil},
		"307 to a page to log in":           {map[string]reply{create: {status: 307, header: map[string]string{"Location": "/admin/login"}}}, &provider.Error{Class: provider.Config, Message: "the service answered with status 307 (Temporary Redirect), a redirect, which is not followed: give the url that it leads to"}, nil},
		"429 of a proxy":                    {map[string]reply{create: {status: 429, header: map[string]string{"Retry-After": "7"}}}, &provider.Error{Class: provider.Throttled, Message: "the service answered with status 429 (Too Many Requests)", RetryAfter: 7 * time.Second}, nil},
		"500":                               {map[string]reply{create: {status: 500}}, &provider.Error{Class: provider.Transient, Message: "the service answered with status 500 (Internal Server Error)"}, nil},
		"502":                               {map[string]reply{create: {status: 502}}, &provider.Error{Class: provider.Transient, Message: "the service answered with status 502 (Bad Gateway)"}, nil},
		"no such list":                      {map[string]reply{list: {status: 400}}, &provider.Error{Class: provider.Config, Message: "listmonk has no list 3: create it there, or take it out of spec.listmonk.lists"}, []string{list}},
		"another list":                      {map[string]reply{list: {body: `{"data":{"id":4}}`}}, unreadable, []string{list}},
		"the lists may not be seen":         {map[string]reply{list: {status: 403}}, &provider.Error{Class: provider.Auth, Message: role}, []string{list}},
		"no listmonk":                       {map[string]reply{list: {status: 404}}, notThere("404"), []string{list}},
		"taken, and not to be seen":         {map[string]reply{create: taken, search: {body: `{"data":{"results":[]}}`}}, &provider.Error{Class: provider.Conflict, Message: "listmonk has this address, but does not show its subscriber: the API user's role needs subscribers:get_all"}, nil},
		"taken, no permission to search":    {map[string]reply{create: taken, search: {status: 403}}, &provider.Error{Class: provider.Auth, Message: role}, nil},
		"taken, the search says nothing":    {map[string]reply{create: taken, search: {body: `{"data":{}}`}}, unreadable, nil},
		"taken, changed and added":          {map[string]reply{create: taken, search: found, patch: off, add: done, look: on}, nil, []string{list, create, search, patch, add, look}},
		"taken, before 6.1":                 {map[string]reply{create: taken, search: found, patch: {status: 405}, put: off, add: done, look: on}, nil, []string{list, create, search, patch, put, add, look}},
		"taken, before 6.1, with a proxy":   {map[string]reply{create: taken, search: found, patch: {status: 404}, put: off, add: done, look: on}, nil, []string{list, create, search, patch, put, add, look}},
		"taken, gone meanwhile":             {map[string]reply{create: taken, search: found, patch: {status: 400}}, invalid, nil},
		"taken, the change fails":           {map[string]reply{create: taken, search: found, patch: {status: 500}}, &provider.Error{Class: provider.Transient, Message: "the service answered with status 500 (Internal Server Error)"}, nil},
		"added, the list left out":          {map[string]reply{create: taken, search: found, patch: off, add: done, look: off}, leftOut, nil},
		"added, gone meanwhile":             {map[string]reply{create: taken, search: found, patch: off, add: done, look: {status: 400}}, &provider.Error{Class: provider.Transient, Message: "the subscriber went away while it was changed"}, nil},
		"adding breaks a constraint":        {map[string]reply{create: taken, search: found, patch: off, add: {status: 500}}, &provider.Error{Class: provider.Transient, Message: "the service answered with status 500 (Internal Server Error)"}, nil},
		"adding is not allowed":             {map[string]reply{create: taken, search: found, patch: off, add: {status: 403}}, &provider.Error{Class: provider.Auth, Message: role}, nil},
		"disabled by an administrator":      {map[string]reply{create: taken, search: {body: strings.Replace(found.body, "enabled", "disabled", 1)}}, nil, []string{list, create, search}},
		"a search that finds somebody else": {map[string]reply{create: taken, search: {body: strings.Replace(found.body, "ada@", "adam@", 1)}}, &provider.Error{Class: provider.Conflict, Message: "listmonk has this address, but does not show its subscriber: the API user's role needs subscribers:get_all"}, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls []string
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/listmonk/api/")
				calls = append(calls, call)
				answer, known := tc.replies[call]
				if !known && call == list {
					answer, known = reply{body: `{"data":{"id":3,"optin":"single"}}`}, true
				}
				if !known {
					t.Errorf("an unexpected call: %s", call)
				}
				if got := r.Header.Get("Authorization"); got != "token contact-operator:"+token {
					t.Errorf("credentials %q", got)
				}
				for name, value := range answer.header {
					w.Header().Set(name, value)
				}
				if answer.status != 0 {
					w.WriteHeader(answer.status)
				}
				_, _ = io.WriteString(w, answer.body)
			}))
			t.Cleanup(srv.Close)
			p := connect(t, srv.URL)
			r, err := p.Upserter.Render(ada("Granted"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Upserter.Upsert(t.Context(), r)
			if diff := cmp.Diff(tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.wantCalls, calls); tc.wantCalls != nil && diff != "" {
				t.Error(diff)
			}
		})
	}
}
