package espocrm_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/espocrm"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/espocrm"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// against is a provider with the sandbox's EspoCRM behind it.
func against(t *testing.T, o espocrm.Options, change ...func(*adapter.Config)) (provider.Provider, instance) {
	t.Helper()
	i := newInstance(o)
	srv := httptest.NewServer(i)
	t.Cleanup(srv.Close)
	return connect(t, srv.URL, change...), i
}

// by does in EspoCRM what a person does there.
func (i instance) by(t *testing.T, method, path, body string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/espocrm/api/v1"+path, strings.NewReader(body))
	r.Header.Set("X-Api-Key", apiKey)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Skip-Duplicate-Check", "true")
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
}

func write(t *testing.T, p provider.Provider, c provider.Contact) provider.Receipt {
	t.Helper()
	got, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p, c)[0])
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Two people of one name are two people, and the same person is one.
func TestNamesakes(t *testing.T) {
	t.Parallel()
	p, i := against(t, espocrm.Options{})
	other := ada()
	other.Email = "lovelace@example.com"
	first, second := write(t, p, ada()), write(t, p, other)
	if first == second || i.People() != 2 || write(t, p, ada()) != first || write(t, p, other) != second || i.People() != 2 {
		t.Errorf("got %v and %v, %d people", first, second, i.People())
	}
}

// A contact that has the address as its second keeps its first one, and what a person there has filled in.
func TestSecondAddress(t *testing.T) {
	t.Parallel()
	p, i := against(t, espocrm.Options{})
	i.by(t, "POST", "/Contact", `{"lastName":"King","description":"x","emailAddressData":[
		{"emailAddress":"king@example.com","primary":true},{"emailAddress":"ada@example.com","primary":false}],"emailAddress":"king@example.com"}`)
	write(t, p, ada())
	records := i.sandbox.Records(server.EspoCRM)
	if len(records) != 1 || records[0].Key != "king@example.com" || records[0].Fields["description"] != "x" || records[0].Fields["lastName"] != "Lovelace" {
		t.Errorf("got %v", records)
	}
	if data, _ := records[0].Fields["emailAddressData"].([]any); len(data) != 2 {
		t.Errorf("an address is lost: %v", records[0].Fields)
	}
	if _, err := p.Eraser.Erase(t.Context(), provider.Request{Key: address}); err != nil || i.People() != 0 {
		t.Errorf("a person is erased by a second address, too: %v, %d people", err, i.People())
	}
}

// A database that takes "ü" for "u" must not make two people one, nor erase another.
func TestCollation(t *testing.T) {
	t.Parallel()
	p, i := against(t, espocrm.Options{Folds: true})
	muller, mueller := provider.Contact{Email: "muller@example.com", Name: "A Muller"}, provider.Contact{Email: "müller@example.com", Name: "B Müller"}
	if write(t, p, muller) == write(t, p, mueller) || i.People() != 2 {
		t.Errorf("%d people, want 2", i.People())
	}
	if _, err := p.Eraser.Erase(t.Context(), provider.Request{Key: mueller.Email}); err != nil {
		t.Fatal(err)
	}
	if records := i.sandbox.Records(server.EspoCRM); len(records) != 1 || records[0].Key != muller.Email {
		t.Errorf("another was erased: %v", records)
	}
}

// EspoCRM drops what the role may not write; so nothing is written.
func TestRoles(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options espocrm.Options
		want    provider.Class
	}{
		"all":             {espocrm.Options{}, ""},
		"own records":     {espocrm.Options{Read: "own"}, provider.Auth},
		"a field of ours": {espocrm.Options{Forbidden: []string{"phoneNumber"}}, provider.Auth},
		"another field":   {espocrm.Options{Forbidden: []string{"title"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, i := against(t, tc.options)
			_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p, ada())[0])
			if (err == nil) != (tc.want == "") || err != nil && providertest.Failure(err).Class != tc.want || (i.People() == 1) != (err == nil) {
				t.Errorf("got %v, want class %q, %d people", err, tc.want, i.People())
			}
		})
	}
}

// A wrong key leads to a minute in which a good one is refused, too, and that is not the good one's fault.
func TestLockout(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	p, i := against(t, espocrm.Options{Now: func() time.Time { return now }})
	i.sandbox.SetToken(server.EspoCRM, "another")
	for range 11 {
		if err := p.Health.CheckHealth(t.Context()); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Auth {
			t.Errorf("got %v", err)
		}
	}
	i.sandbox.SetToken(server.EspoCRM, apiKey)
	if err := p.Health.CheckHealth(t.Context()); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Throttled || providertest.Failure(err).RetryAfter != time.Minute {
		t.Errorf("got %v", err)
	}
	now = now.Add(time.Minute)
	if err := p.Health.CheckHealth(t.Context()); err != nil {
		t.Error(err)
	}
}

// A write whose answer is lost is found by the next attempt, whichever of its calls it was.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			id := ""
			inner := newInstance(espocrm.Options{})
			var lose atomic.Bool
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inner.ServeHTTP(w, r)
				if r.Method == method && lose.Load() {
					panic(http.ErrAbortHandler)
				}
			}))
			t.Cleanup(srv.Close)
			p := connect(t, srv.URL, eraseAndDelete)
			if err := p.Health.CheckHealth(t.Context()); err != nil {
				t.Fatal(err)
			}
			later := ada()
			later.Attributes["topic"] = "engines"
			for _, c := range []provider.Contact{ada(), later} {
				lose.Store(true)
				_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p, c)[0])
				if err != nil && providertest.Failure(err).Class != provider.Transient {
					t.Errorf("got %v", err)
				}
				lose.Store(false)
				id = write(t, p, c).RemoteID
				if records := inner.sandbox.Records(server.EspoCRM); len(records) != 1 || records[0].Writes > 2 {
					t.Errorf("got %v", records)
				}
			}
			erase := provider.Request{Key: address, RemoteID: id}
			lose.Store(true)
			if _, err := p.Eraser.Erase(t.Context(), erase); err != nil && providertest.Failure(err).Class != provider.Transient {
				t.Errorf("got %v", err)
			}
			lose.Store(false)
			if _, err := p.Eraser.Erase(t.Context(), erase); err != nil || inner.People() != 0 {
				t.Errorf("got %v, %d people", err, inner.People())
			}
		})
	}
}

// With HMAC no secret travels, and each call is signed for itself.
func TestHMAC(t *testing.T) {
	t.Parallel()
	inner := newInstance(espocrm.Options{Secret: secretKey})
	var mu sync.Mutex
	signatures := map[string]bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		signatures[r.Header.Get("X-Hmac-Authorization")+r.Header.Get("X-Api-Key")] = true
		mu.Unlock()
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	p := connect(t, srv.URL, byHMAC)
	write(t, p, ada())
	if len(signatures) != 4 { // fields, role, search, create
		t.Errorf("%d signatures, want 4", len(signatures))
	}
	for s := range signatures {
		if decoded, err := base64.StdEncoding.DecodeString(s); err != nil || strings.Contains(string(decoded), secretKey) {
			t.Errorf("more than a signature travels: %v", err)
		}
	}
	wrong := connect(t, srv.URL) // the method API Key
	if err := wrong.Health.CheckHealth(t.Context()); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Auth {
		t.Errorf("the key alone: got %v", err)
	}
}

// What an erasure leaves behind, by each way.
func TestErasureLeaves(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options espocrm.Options
		change  func(*adapter.Config)
		want    provider.Class
		left    int
	}{
		"deleted":            {espocrm.Options{}, func(*adapter.Config) {}, "", 0},
		"emptied, too":       {espocrm.Options{}, eraseAndDelete, "", 0},
		"no right to delete": {espocrm.Options{NoDelete: true}, func(*adapter.Config) {}, provider.Config, 1},
		"none to empty":      {espocrm.Options{NoDataPrivacy: true}, eraseAndDelete, provider.Config, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, i := against(t, tc.options, tc.change)
			write(t, p, ada())
			_, err := p.Eraser.Erase(t.Context(), provider.Request{Key: address})
			if (err == nil) != (tc.want == "") || err != nil && providertest.Failure(err).Class != tc.want || i.People() != tc.left {
				t.Errorf("got %v, want class %q; %d people, want %d", err, tc.want, i.People(), tc.left)
			}
		})
	}
}

// What a person at EspoCRM filled in stays, as far as the form says nothing of it.
func TestWhatOthersFillStays(t *testing.T) {
	t.Parallel()
	p, i := against(t, espocrm.Options{})
	first := write(t, p, ada())
	i.by(t, "PUT", "/Contact/"+first.RemoteID, `{"title":"Countess","cSeats":3,"phoneNumber":"+44 20"}`)
	later := ada()
	later.Attributes["topic"] = "engines"
	write(t, p, later)
	got := i.sandbox.Records(server.EspoCRM)[0].Fields
	want := map[string]any{
		"_entity": "Contact", "emailAddress": address, "firstName": "Ada", "lastName": "Lovelace", "cPlan": "pro", "description": "engines",
		"title": "Countess", "cSeats": 3.0, "phoneNumber": "+44 20",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
