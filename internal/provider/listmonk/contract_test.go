package listmonk_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/hack/sandbox/listmonk"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/listmonk"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

const token = "secret-token-1234"

// instance is the sandbox's listmonk.
type instance struct {
	http.Handler
	sandbox *server.Server
}

func (i instance) People() int { return len(i.sandbox.Records(server.Listmonk)) }

func newInstance(o listmonk.Options) instance {
	sandbox := server.New(server.Options{
		Tokens:  map[server.Service]string{server.Listmonk: token},
		Vendors: map[server.Service]server.NewVendor{server.Listmonk: listmonk.New(o)},
	})
	return instance{Handler: sandbox, sandbox: sandbox}
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, version := range []int{5, 6} {
		for _, confirmation := range []string{"ByList", "Preconfirmed"} {
			t.Run(strconv.Itoa(version)+" "+confirmation, func(t *testing.T) {
				t.Parallel()
				providertest.Run(t, providertest.Adapter{
					Factory: adapter.Factory(),
					Secrets: map[provider.Ref]string{{Name: "listmonk", Key: "token"}: token + "\n"},
					Spec: func(base string) json.RawMessage {
						return spec(base, func(c *adapter.Config) { c.Confirmation = confirmation })
					},
					NewVendor: func(testing.TB) providertest.Vendor { return newInstance(listmonk.Options{Version: version}) },
					Suppress:  leave,
				})
			})
		}
	}
}

// leave has a person unsubscribe from all lists.
func leave(t testing.TB, v providertest.Vendor, email string) {
	t.Helper()
	sandbox := v.(instance).sandbox
	for _, r := range sandbox.Records(server.Listmonk) {
		if r.Key != email {
			continue
		}
		body := `{"ids":[` + r.ID + `],"action":"unsubscribe","target_list_ids":[` + strconv.Itoa(listmonk.SingleOptIn) + `]}`
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/listmonk/api/subscribers/lists", strings.NewReader(body))
		req.Header.Set("Authorization", "token "+listmonk.User+":"+token)
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		sandbox.ServeHTTP(w, req)
		if w.Code != http.StatusOK {
			t.Fatalf("unsubscribing: %d %s", w.Code, w.Body)
		}
	}
}

// spec is a configuration for the sandbox at a base URL, changed by each of the functions.
func spec(base string, change ...func(*adapter.Config)) json.RawMessage {
	c := adapter.Config{
		URL: base + "/listmonk", User: listmonk.User, TokenSecretRef: provider.Ref{Name: "listmonk", Key: "token"},
		Lists: []int{listmonk.SingleOptIn},
		Attributes: []mapping.Field{
			{Name: "company", From: "Company"},
			{Name: "plan", Attribute: "plan"},
			{Name: "channels", From: "Channels"},
			{Name: "size", Expression: `contact.attributes[?"size"].optMap(s, int(s))`},
		},
	}
	for _, f := range change {
		f(&c)
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return b
}
