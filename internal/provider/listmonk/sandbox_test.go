package listmonk_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/listmonk"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/listmonk"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// bench is a provider with the sandbox's listmonk behind it, and a note of the calls between them.
type bench struct {
	provider.Provider
	t        *testing.T
	instance instance

	mu    sync.Mutex
	calls []string
}

func newBench(t *testing.T, o listmonk.Options, change ...func(*adapter.Config)) *bench {
	t.Helper()
	b := &bench{t: t, instance: newInstance(o)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		b.mu.Lock()
		b.calls = append(b.calls, strings.TrimSpace(r.Method+" "+strings.TrimPrefix(r.URL.Path, "/listmonk/api/")+" "+string(body)))
		b.mu.Unlock()
		b.instance.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	b.Provider = connect(t, srv.URL, change...)
	return b
}

func connect(t *testing.T, base string, change ...func(*adapter.Config)) provider.Provider {
	t.Helper()
	return providertest.Make(t, adapter.Factory(), spec(base, change...), map[provider.Ref]string{{Name: "listmonk", Key: "token"}: token})
}

// asAdministrator calls listmonk past the adapter.
func (b *bench) asAdministrator(method, path, body string) {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, "/listmonk/api/"+path, strings.NewReader(body))
	r.SetBasicAuth(listmonk.User, token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	b.instance.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
}

// upsert writes a contact, and returns the calls that it took.
func (b *bench) upsert(c provider.Contact, remoteID string) (provider.Receipt, []string, error) {
	b.t.Helper()
	r, err := b.Upserter.Render(c)
	if err != nil {
		b.t.Fatal(err)
	}
	r.RemoteID = remoteID
	b.calls = nil
	receipt, err := b.Upserter.Upsert(b.t.Context(), r)
	return receipt, b.calls, err
}

// holds is what listmonk keeps of Ada.
func (b *bench) holds() map[string]any {
	for _, r := range b.instance.sandbox.Records(server.Listmonk) {
		if r.Key == "ada@example.com" {
			return r.Fields
		}
	}
	return nil
}

func ada(consent string) provider.Contact {
	return provider.Contact{
		Email: "ada@example.com", Name: "Ada", Company: "Example", Attributes: map[string]string{"plan": "pro"},
		Consent: provider.Consent{Marketing: consent},
	}
}

// A subscriber is there already. Each case runs against both versions.
func TestUpsertOfSomebodyWhoIsThere(t *testing.T) {
	t.Parallel()
	const (
		single = `"lists":[3],`
		others = `"lists":[5],`
	)
	leave := func(b *bench) {
		b.asAdministrator("PUT", "subscribers/lists", `{"ids":[1],"action":"unsubscribe","target_list_ids":[3]}`)
	}
	cases := map[string]struct {
		lists          string // of the subscriber
		prepare        func(*bench)
		change         func(*adapter.Config)
		consent        string
		want           provider.Receipt
		wantLists      map[string]any
		wantStatus     string
		wantMails      float64
		wantUntouched  bool   // name and attributes
		wantNever      string // in any call
		wantLastChange string // the last call that changed something, for version 6
	}{
		"the list is added, others are kept": {
			lists: others, consent: "Granted", want: provider.Receipt{RemoteID: "1"},
			wantLists: map[string]any{"3": "unconfirmed", "5": "unconfirmed"}, wantNever: `"status":"unconfirmed"`,
			wantLastChange: `PUT subscribers/lists {"action":"add","ids":[1],"target_list_ids":[3]}`,
		},
		"on the list already": {
			lists: single, consent: "Granted", want: provider.Receipt{RemoteID: "1"}, wantLists: map[string]any{"3": "unconfirmed"},
			wantNever: "subscribers/lists", wantLastChange: `PATCH subscribers/1 {"attribs":{"company":"Example","plan":"pro"},"name":"Ada"}`,
		},
		"confirmed stays so": {
			lists: single,
			prepare: func(b *bench) {
				b.asAdministrator("PUT", "subscribers/lists", `{"ids":[1],"action":"add","target_list_ids":[3],"status":"confirmed"}`)
			},
			consent: "Granted", want: provider.Receipt{RemoteID: "1"}, wantLists: map[string]any{"3": "confirmed"},
		},
		"who has left stays away": {
			lists: single, prepare: leave, consent: "Granted", want: provider.Receipt{RemoteID: "1", Suppressed: true},
			wantLists: map[string]any{"3": "unsubscribed"}, wantUntouched: true, wantNever: "PATCH",
		},
		"who has left stays away, also where we confirm": {
			lists: single, prepare: leave, consent: "Granted", want: provider.Receipt{RemoteID: "1", Suppressed: true},
			change: func(c *adapter.Config) { c.Confirmation = "Preconfirmed" }, wantLists: map[string]any{"3": "unsubscribed"}, wantUntouched: true,
		},
		"who has left one is put on no other": {
			lists: single, prepare: leave, consent: "Granted", want: provider.Receipt{RemoteID: "1", Suppressed: true},
			change: func(c *adapter.Config) { c.Lists = []int{3, 4} }, wantLists: map[string]any{"3": "unsubscribed"}, wantUntouched: true,
		},
		"who has left one keeps the other": {
			lists: `"lists":[3,4],`, prepare: leave, consent: "Granted", want: provider.Receipt{RemoteID: "1"}, wantMails: 1,
			change: func(c *adapter.Config) { c.Lists = []int{3, 4, 5} }, wantLists: map[string]any{"3": "unsubscribed", "4": "unconfirmed"},
		},
		"blocklisted": {
			lists: single, prepare: func(b *bench) { b.asAdministrator("PUT", "subscribers/1/blocklist", "") }, consent: "Granted",
			want: provider.Receipt{RemoteID: "1", Suppressed: true}, wantLists: map[string]any{"3": "unsubscribed"}, wantStatus: "blocklisted", wantUntouched: true,
		},
		"blocklisted, on no list": {
			prepare: func(b *bench) { b.asAdministrator("PUT", "subscribers/1/blocklist", "") }, consent: "Granted",
			want: provider.Receipt{RemoteID: "1", Suppressed: true}, wantLists: map[string]any{}, wantStatus: "blocklisted", wantUntouched: true,
		},
		"the consent is withdrawn": {
			lists: `"lists":[3,5],`, consent: "Denied", want: provider.Receipt{RemoteID: "1", Suppressed: true},
			wantLists: map[string]any{"3": "unsubscribed", "5": "unconfirmed"}, wantUntouched: true,
			wantLastChange: `PUT subscribers/lists {"action":"unsubscribe","ids":[1],"target_list_ids":[3]}`,
		},
		"withdrawn by somebody who has left": {
			lists: single, prepare: leave, consent: "Denied", want: provider.Receipt{RemoteID: "1", Suppressed: true},
			wantLists: map[string]any{"3": "unsubscribed"}, wantUntouched: true, wantNever: "subscribers/lists",
		},
		"never asked": {
			lists: others, consent: "", want: provider.Receipt{RemoteID: "1"}, wantLists: map[string]any{"5": "unconfirmed"}, wantNever: "POST",
		},
		"a list with double opt-in": {
			lists: others, consent: "Granted", want: provider.Receipt{RemoteID: "1"}, wantMails: 1,
			change: func(c *adapter.Config) { c.Lists = []int{4} }, wantLists: map[string]any{"4": "unconfirmed", "5": "unconfirmed"},
			wantLastChange: `POST subscribers/1/optin {}`,
		},
		"a list with double opt-in, confirmed elsewhere": {
			lists: others, consent: "Granted", want: provider.Receipt{RemoteID: "1"},
			change: func(c *adapter.Config) { c.Lists, c.Confirmation = []int{4}, "Preconfirmed" }, wantLists: map[string]any{"4": "confirmed", "5": "unconfirmed"},
			wantLastChange: `PUT subscribers/lists {"action":"add","ids":[1],"status":"confirmed","target_list_ids":[4]}`,
		},
	}
	for name, tc := range cases {
		for _, version := range []int{5, 6} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var changes []func(*adapter.Config)
				if tc.change != nil {
					changes = append(changes, tc.change)
				}
				b := newBench(t, listmonk.Options{Version: version}, changes...)
				b.asAdministrator("POST", "subscribers", `{"email":"Ada@Example.com","name":"Countess",`+tc.lists+`"status":"enabled","attribs":{"plan":"basic","theirs":[1,9007199254740993]}}`)
				if tc.prepare != nil {
					tc.prepare(b)
				}
				got, calls, err := b.upsert(ada(tc.consent), "")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Error(diff)
				}
				held := b.holds()
				if diff := cmp.Diff(tc.wantLists, held["lists"]); diff != "" {
					t.Errorf("lists:\n%s", diff)
				}
				if want := map[bool]string{true: "enabled", false: tc.wantStatus}[tc.wantStatus == ""]; held["status"] != want {
					t.Errorf("status %v, want %s", held["status"], want)
				}
				if held["optinMails"] != tc.wantMails && version == 6 { // PUT before 6.1 sends them again
					t.Errorf("%v opt-in mails, want %v", held["optinMails"], tc.wantMails)
				}
				wantName, wantAttribs := "Ada", map[string]any{"plan": "pro", "company": "Example", "theirs": []any{1.0, 9007199254740993.0}}
				if tc.wantUntouched {
					wantName, wantAttribs = "Countess", map[string]any{"plan": "basic", "theirs": []any{1.0, 9007199254740993.0}}
				}
				if diff := cmp.Diff(wantAttribs, held["attribs"]); diff != "" || held["name"] != wantName {
					t.Errorf("name %v, attributes:\n%s", held["name"], diff)
				}
				last := ""
				for _, c := range calls {
					if tc.wantNever != "" && strings.Contains(c, tc.wantNever) && !strings.HasPrefix(c, "POST subscribers {") {
						t.Errorf("a call that must not be made: %s", c)
					}
					if !strings.HasPrefix(c, "GET") && !strings.HasPrefix(c, "POST subscribers {") {
						last = c
					}
				}
				if tc.wantLastChange != "" && last != tc.wantLastChange && version == 6 {
					t.Errorf("the last change is %s\nwant %s", last, tc.wantLastChange)
				}
				// Again, with the id: nothing more is changed.
				again, calls, err := b.upsert(ada(tc.consent), got.RemoteID)
				if err != nil || again != got {
					t.Errorf("again: %+v, %v", again, err)
				}
				for _, c := range calls {
					if !strings.HasPrefix(c, "GET subscribers/1") {
						t.Errorf("again: a needless call: %s", c)
					}
				}
			})
		}
	}
}

// Somebody new takes one call, and has the lists at once.
func TestUpsertOfSomebodyNew(t *testing.T) {
	t.Parallel()
	for _, version := range []int{5, 6} {
		b := newBench(t, listmonk.Options{Version: version}, func(c *adapter.Config) { c.Lists = []int{4, 3} })
		if err := b.Health.CheckHealth(t.Context()); err != nil { // the lists are known from here on
			t.Fatal(err)
		}
		nameless := ada("Granted")
		nameless.Name, nameless.Attributes = "", map[string]string{"size": "12"}
		got, calls, err := b.upsert(nameless, "")
		if err != nil || got != (provider.Receipt{RemoteID: "1"}) {
			t.Fatalf("version %d: %+v, %v", version, got, err)
		}
		want := []string{`POST subscribers {"attribs":{"company":"Example","size":12},"email":"ada@example.com","lists":[3,4],"name":"ada","preconfirm_subscriptions":false,"status":"enabled"}`}
		if diff := cmp.Diff(want, calls); diff != "" {
			t.Error(diff)
		}
		if held := b.holds(); held["optinMails"] != 1.0 {
			t.Errorf("%v opt-in mails, want one", held["optinMails"])
		}
	}
}

func TestNobodyIsCreatedWithoutConsent(t *testing.T) {
	t.Parallel()
	for consent, want := range map[string]provider.Receipt{"": {}, "Denied": {Suppressed: true}} {
		b := newBench(t, listmonk.Options{})
		got, _, err := b.upsert(ada(consent), "")
		if err != nil || got != want || b.instance.People() != 0 {
			t.Errorf("%q: %+v, %v, %d people", consent, got, err, b.instance.People())
		}
	}
}

// The search is a regular expression over names, too: what it finds is compared.
func TestSearchFindsNobodyElse(t *testing.T) {
	t.Parallel()
	b := newBench(t, listmonk.Options{})
	for _, c := range []string{
		`{"email":"xada+a.b@example.com","name":"x","status":"enabled"}`,
		`{"email":"other@example.com","name":"ada+a.b@example.com","status":"enabled"}`,
		`{"email":"ada+a.b@example.com","name":"x","status":"enabled"}`,
		`{"email":"ada+aab@example.com","name":"x","status":"enabled"}`,
	} {
		b.asAdministrator("POST", "subscribers", c)
	}
	c := ada("Granted")
	c.Email = "ada+a.b@example.com"
	if got, _, err := b.upsert(c, ""); err != nil || got.RemoteID != "3" {
		t.Errorf("got %+v, %v", got, err)
	}
	r, _ := b.Upserter.Render(c)
	for range 2 {
		if _, err := b.Eraser.Erase(t.Context(), r); err != nil || b.instance.People() != 3 {
			t.Errorf("erase: %v, %d people", err, b.instance.People())
		}
	}
}

// An id that is no longer the person's: gone, or given to another address.
func TestAnIDThatIsPast(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*bench){
		"gone":    func(b *bench) { b.asAdministrator("DELETE", "subscribers/1", "") },
		"renamed": func(b *bench) { b.asAdministrator("PUT", "subscribers/1", `{"email":"ada@new.example","name":"x"}`) },
	} {
		b := newBench(t, listmonk.Options{})
		if _, _, err := b.upsert(ada("Granted"), ""); err != nil {
			t.Fatal(err)
		}
		prepare(b)
		if got, _, err := b.upsert(ada("Granted"), "1"); err != nil || got.RemoteID != "2" {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		r, _ := b.Upserter.Render(ada("Granted"))
		r.RemoteID = "1"
		if _, err := b.Eraser.Erase(t.Context(), r); err != nil || b.holds() != nil {
			t.Errorf("%s: erase: %v, holds %v", name, err, b.holds())
		}
	}
}

// What the API user may not do is a failure that says so; listmonk itself says nothing.
func TestPermissions(t *testing.T) {
	t.Parallel()
	const role = "listmonk does not take the API user and token, or the user's role lacks a permission (status 403): " +
		"it needs subscribers:get_all, subscribers:manage, and view and manage on the lists"
	cases := map[string]struct {
		options  listmonk.Options
		existing string
		change   func(*adapter.Config)
		want     provider.Error
	}{
		"a list that does not exist": {
			change: func(c *adapter.Config) { c.Lists = []int{3, 99} },
			want:   provider.Error{Class: provider.Config, Message: "listmonk has no list 99: create it there, or take it out of spec.listmonk.lists"},
		},
		"a list that may not be seen": {
			options: listmonk.Options{Manages: []int{4}},
			want:    provider.Error{Class: provider.Auth, Message: role},
		},
		"another user": {
			change: func(c *adapter.Config) { c.User = "somebody" },
			want:   provider.Error{Class: provider.Auth, Message: role},
		},
		"a subscriber who may not be seen": {
			options: listmonk.Options{Manages: []int{3}}, existing: `{"email":"ada@example.com","name":"x","status":"enabled"}`,
			want: provider.Error{Class: provider.Conflict, Message: "listmonk has this address, but does not show its subscriber: the API user's role needs subscribers:get_all"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.change == nil {
				tc.change = func(*adapter.Config) {}
			}
			b := newBench(t, tc.options, tc.change)
			if tc.existing != "" {
				b.asAdministrator("POST", "subscribers", tc.existing)
			}
			_, _, err := b.upsert(ada("Granted"), "")
			if diff := cmp.Diff(&tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if tc.want.Class == provider.Conflict {
				return // that concerns one record
			}
			if err := b.Health.CheckHealth(t.Context()); cmp.Diff(&tc.want, providertest.Failure(err)) != "" {
				t.Errorf("the health call: got %v", err)
			}
		})
	}
}

// Before 6.1 a change needs PUT, which takes a person off lists that the API user may not manage.
func TestBefore61ListsMayBeLost(t *testing.T) {
	t.Parallel()
	b := newBench(t, listmonk.Options{Version: 5, Manages: []int{3}})
	b.asAdministrator("POST", "subscribers", `{"email":"ada@example.com","name":"x","status":"enabled","lists":[3]}`)
	record := b.holds()
	if record == nil {
		t.Fatal("nobody is there")
	}
	record["lists"].(map[string]any)["5"] = "confirmed" // by somebody who may
	_, _, err := b.upsert(ada("Granted"), "")
	if e := providertest.Failure(err); e == nil || e.Class != provider.Config || !strings.Contains(e.Message, "off list 5") {
		t.Errorf("got %v", err)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change      func(*adapter.Config)
		wantMessage string // its beginning
	}{
		"with /api":           {func(c *adapter.Config) { c.URL += "/api/" }, `spec.listmonk.url: give it without /api`},
		"no url":              {func(c *adapter.Config) { c.URL = "listmonk:9000" }, `spec.listmonk.url: its scheme`},
		"no user":             {func(c *adapter.Config) { c.User = "" }, `spec.listmonk.user has to be`},
		"a token for a user":  {func(c *adapter.Config) { c.User = "api:token" }, `spec.listmonk.user has to be`},
		"no lists":            {func(c *adapter.Config) { c.Lists = nil }, `spec.listmonk.lists has to have one`},
		"one list twice":      {func(c *adapter.Config) { c.Lists = []int{3, 3} }, `spec.listmonk.lists has to have one`},
		"no such list":        {func(c *adapter.Config) { c.Lists = []int{0} }, `spec.listmonk.lists has to have one`},
		"an unknown way":      {func(c *adapter.Config) { c.Confirmation = "Never" }, `spec.listmonk.confirmation: "Never" is neither`},
		"an attribute, twice": {func(c *adapter.Config) { c.Attributes[0].Name = "plan" }, `spec.listmonk.attributes[plan] is there twice`},
	}
	for name, tc := range cases {
		_, err := adapter.Factory().New(provider.Settings{
			Spec: spec("https://listmonk.example", func(c *adapter.Config) { c.URL = "https://listmonk.example" }, tc.change), HTTP: http.DefaultClient,
			Secrets: map[provider.Ref]string{{Name: "listmonk", Key: "token"}: token},
		})
		if e := provider.AsError(err); err == nil || e.Class != provider.Config || !strings.HasPrefix(e.Message, tc.wantMessage) {
			t.Errorf("%s: got %v, want Config: %s", name, err, tc.wantMessage)
		}
	}
}

// A change of the lists or of the confirmation reaches those who are there: it changes what is rendered.
func TestRenderHoldsTheLists(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, change := range []func(*adapter.Config){
		func(*adapter.Config) {}, func(c *adapter.Config) { c.Lists = []int{4} }, func(c *adapter.Config) { c.Confirmation = "Preconfirmed" },
	} {
		r, err := newBench(t, listmonk.Options{}, change).Upserter.Render(ada("Granted"))
		if err != nil || !json.Valid(r.Payload) {
			t.Fatal(err)
		}
		seen[string(r.Payload)] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d different requests, want 3", len(seen))
	}
}
