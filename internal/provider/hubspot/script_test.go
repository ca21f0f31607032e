package hubspot_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/hubspot"
)

// reply is one answer of a scripted HubSpot.
type reply struct {
	status int
	header map[string]string
	body   string
}

// script answers each call, named by method and path, with what it has for it, in order; the last one again and again. A
// call that it has nothing for fails the test.
type script map[string][]reply

// properties are the answer to the check of the mapping.
const checkCall = "POST /crm/v3/properties/contacts/batch/read"

func allProperties() reply {
	return reply{body: `{"status":"COMPLETE","results":[{"name":"firstname","type":"string"},{"name":"lastname","type":"string"},
		{"name":"company","type":"string"},{"name":"message","type":"string"},{"name":"lifecyclestage","type":"enumeration","options":[{"value":"lead"}]}]}`}
}

// scripted is a provider, and the calls that it has made.
type scripted struct {
	provider.Provider

	mu     sync.Mutex
	calls  []string
	bodies []string
}

func play(t *testing.T, s script, change ...func(*adapter.Config)) *scripted {
	t.Helper()
	played := &scripted{}
	if s[checkCall] == nil {
		s[checkCall] = []reply{allProperties()}
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := r.Method + " " + strings.TrimPrefix(r.URL.RequestURI(), "/hubspot")
		body, _ := io.ReadAll(r.Body)
		played.mu.Lock()
		defer played.mu.Unlock()
		played.calls, played.bodies = append(played.calls, call), append(played.bodies, string(body))
		left := s[call]
		if len(left) == 0 {
			t.Errorf("an unexpected call: %s", call)
			w.WriteHeader(http.StatusTeapot)
			return
		}
		if len(left) > 1 {
			s[call] = left[1:]
		}
		for name, value := range left[0].header {
			w.Header().Set(name, value)
		}
		if left[0].status != 0 {
			w.WriteHeader(left[0].status)
		}
		_, _ = io.WriteString(w, left[0].body)
	}))
	t.Cleanup(srv.Close)
	played.Provider = connect(t, srv.URL, change...)
	return played
}

func connect(t *testing.T, base string, change ...func(*adapter.Config)) provider.Provider {
	t.Helper()
	p, err := adapter.Factory().New(provider.Settings{
		Spec: spec(base, change...), Secrets: map[provider.Ref]string{{Name: "hubspot", Key: "token"}: token},
		HTTP: httpx.New(httpx.Options{AllowLoopback: true}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// after are the calls but for the check.
func (s *scripted) after() []string {
	var list []string
	for _, c := range s.calls {
		if c != checkCall {
			list = append(list, c)
		}
	}
	return list
}

func ada() provider.Contact {
	return provider.Contact{Email: "ada@example.com", Name: "Ada Lovelace", Attributes: map[string]string{"stage": "lead"}}
}

func rendered(t *testing.T, p provider.Provider, contacts ...provider.Contact) []provider.Request {
	t.Helper()
	var list []provider.Request
	for _, c := range contacts {
		r, err := p.Upserter.Render(c)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// failed is an error without its cause.
func failed(err error) *provider.Error {
	if err == nil {
		return nil
	}
	e := provider.AsError(err)
	return &provider.Error{Class: e.Class, Message: e.Message, RetryAfter: e.RetryAfter, RecordOnly: e.RecordOnly, Unexpected: e.Unexpected}
}

func compact(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
