package httpjson_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/httpjson"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// TestContract holds the provider against two services: one that names its records in the path and one that gives ids of
// its own, answers 409 for a record that is there, and 404 for an address that it does not know.
func TestContract(t *testing.T) {
	t.Parallel()
	secrets := map[provider.Ref]string{
		{Name: "crm", Key: "token"}:  "sekret-token-1234\n",
		{Name: "crm", Key: "tenant"}: "sekret-tenant-5678",
	}
	headers := []httpjson.Header{
		{Name: "Authorization", Prefix: "Bearer ", SecretKeyRef: &provider.Ref{Name: "crm", Key: "token"}},
		{Name: "X-Tenant", SecretKeyRef: &provider.Ref{Name: "crm", Key: "tenant"}},
	}
	specs := map[string]func(base string) httpjson.Config{
		"natural key": func(base string) httpjson.Config {
			return httpjson.Config{
				Headers: headers,
				Verify: &httpjson.Call{
					URL:    base + "/verify",
					Body:   `{"address": submission.email}`,
					Result: `{"safe": "Deliverable", "bad": "Undeliverable"}[response.body.state]`,
				},
				Locate: &httpjson.Call{Method: "GET", URL: base + "/locate?address={key}", Result: `response.body.country`},
				Upsert: &httpjson.Upsert{
					URL: base + "/people/{key}",
					Body: `{"name": contact.name, ?"plan": contact.attributes[?"plan"], "channels": contact.channels,
						"attributes": contact.attributes, "consent": contact.consent, "when": timestamp(contact.consent.time)}`,
					Result:     `string(response.body.id)`,
					Suppressed: `response.body.unsubscribed`,
					Batch: &httpjson.Batch{
						URL: base + "/people", MaxRecords: 20,
						Body:   `{"people": records.map(r, {"key": r.key, "person": r.body})}`,
						Result: `response.body.map(r, {"status": r.code, "id": r.?id, "suppressed": r.?unsubscribed})`,
					},
				},
				Erase:  &httpjson.Erase{URL: base + "/people/{key}"},
				Health: &httpjson.Health{URL: base + "/health"},
			}
		},
		"ids of its own": func(base string) httpjson.Config {
			return httpjson.Config{
				Headers: headers,
				Verify: &httpjson.Call{
					Method: "GET", URL: base + "/unknown/{key}", Result: `response.status == 404 ? "Deliverable" : response.body.verdict`,
					Responses: []httpjson.ResponseClass{{Status: 404, Class: "Success"}},
				},
				Locate: &httpjson.Call{URL: base + "/locate?address={key}", Body: `submission`, Result: `response.body.?country`},
				Upsert: &httpjson.Upsert{
					Method: "POST", URL: base + "/create", Key: `contact.email.upperAscii()`,
					Body:      `{"key": contact.email.upperAscii(), "record": contact}`,
					Result:    `response.status == 409 ? response.body.existing.id : response.body.id`,
					Responses: []httpjson.ResponseClass{{Status: 409, Class: "Success"}},
					// It answers in an order of its own, and tells of what it refuses apart.
					Batch: &httpjson.Batch{
						Method: "PUT", URL: base + "/create/many", MaxRecords: 7,
						Body: `{"list": records}`,
						Result: `records.map(r, r.key in response.body.ids
							? {"status": 200, "id": response.body.ids[r.key]} : {"status": response.body.refused[r.key]})`,
					},
				},
				Erase:  &httpjson.Erase{Method: "POST", URL: base + "/erase?who={key}"},
				Health: &httpjson.Health{Method: "POST", URL: base + "/health", Responses: []httpjson.ResponseClass{{Status: 405, Class: "Success"}}},
			}
		},
	}
	for name, spec := range specs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.Adapter{
				Factory: httpjson.Factory(),
				Secrets: secrets,
				Spec: func(base string) json.RawMessage {
					b, err := json.Marshal(spec(base))
					if err != nil {
						panic(err)
					}
					return b
				},
				NewVendor:   newService,
				WantVerdict: provider.Deliverable,
				WantCountry: "GB",
				Refused:     func(c *provider.Contact) { c.Attributes = map[string]string{"plan": "refused"} },
			})
		})
	}
}

// service is a small JSON service that refuses whatever a real one would.
type service struct {
	*http.ServeMux

	mu     sync.Mutex
	people map[string]int
	nextID int
}

func newService(testing.TB) providertest.Vendor {
	s := &service{ServeMux: http.NewServeMux(), people: map[string]int{}}
	s.HandleFunc("POST /verify", s.guarded(func(_ *http.Request, body map[string]any) (int, any) {
		if body["address"] != providertest.Contact().Email {
			return http.StatusUnprocessableEntity, nil
		}
		return http.StatusOK, map[string]any{"state": "safe"}
	}))
	s.HandleFunc("GET /unknown/{key}", s.guarded(func(r *http.Request, _ map[string]any) (int, any) {
		return http.StatusNotFound, map[string]any{"unknown": r.PathValue("key")}
	}))
	s.HandleFunc("/locate", s.guarded(func(r *http.Request, _ map[string]any) (int, any) {
		if r.URL.Query().Get("address") != providertest.Contact().Email {
			return http.StatusUnprocessableEntity, nil
		}
		return http.StatusOK, map[string]any{"country": "gb"}
	}))
	s.HandleFunc("PUT /people/{key}", s.guarded(func(r *http.Request, _ map[string]any) (int, any) {
		_, id := s.put(r.PathValue("key"))
		return http.StatusOK, map[string]any{"id": id, "unsubscribed": true}
	}))
	s.HandleFunc("DELETE /people/{key}", s.guarded(func(r *http.Request, _ map[string]any) (int, any) {
		return s.remove(r.PathValue("key")), nil
	}))
	s.HandleFunc("POST /create", s.guarded(func(_ *http.Request, body map[string]any) (int, any) {
		key, _ := body["key"].(string)
		if key == "" {
			return http.StatusUnprocessableEntity, nil
		}
		if existed, id := s.put(key); existed {
			return http.StatusConflict, map[string]any{"existing": map[string]any{"id": id}}
		} else {
			return http.StatusCreated, map[string]any{"id": id}
		}
	}))
	s.HandleFunc("POST /erase", s.guarded(func(r *http.Request, _ map[string]any) (int, any) {
		return s.remove(r.URL.Query().Get("who")), nil
	}))
	s.HandleFunc("GET /health", s.guarded(func(*http.Request, map[string]any) (int, any) { return http.StatusNoContent, nil }))
	s.HandleFunc("POST /people", s.guarded(s.many))
	s.HandleFunc("PUT /create/many", s.guarded(s.createMany))
	return s
}

// many answers one by one.
func (s *service) many(_ *http.Request, body map[string]any) (int, any) {
	results := []any{}
	for _, item := range body["people"].([]any) {
		item := item.(map[string]any)
		if item["person"].(map[string]any)["plan"] == "refused" {
			results = append(results, map[string]any{"code": 422})
			continue
		}
		_, id := s.put(item["key"].(string))
		results = append(results, map[string]any{"code": 200, "id": strconv.Itoa(id), "unsubscribed": true})
	}
	return http.StatusOK, results
}

// createMany answers by key.
func (s *service) createMany(_ *http.Request, body map[string]any) (int, any) {
	ids, refused := map[string]any{}, map[string]any{}
	for _, item := range body["list"].([]any) {
		key := item.(map[string]any)["key"].(string)
		record := item.(map[string]any)["body"].(map[string]any)["record"].(map[string]any)
		if record["attributes"].(map[string]any)["plan"] == "refused" {
			refused[key] = 422
			continue
		}
		_, ids[key] = s.put(key)
	}
	return http.StatusMultiStatus, map[string]any{"ids": ids, "refused": refused}
}

// guarded checks what every call must have, and answers in JSON.
func (s *service) guarded(handle func(*http.Request, map[string]any) (int, any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer sekret-token-1234" || r.Header.Get("X-Tenant") != "sekret-tenant-5678" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var body map[string]any
		if r.Method != http.MethodGet && r.ContentLength != 0 {
			err := json.NewDecoder(r.Body).Decode(&body)
			if err != nil || r.ContentLength < 0 || r.Header.Get("Content-Type") != "application/json" {
				w.WriteHeader(http.StatusUnsupportedMediaType)
				return
			}
		}
		status, answer := handle(r, body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if answer != nil {
			_ = json.NewEncoder(w).Encode(answer)
		}
	}
}

func (s *service) put(key string) (existed bool, id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key = strings.ToLower(key)
	id, existed = s.people[key]
	if !existed {
		s.nextID++
		id = s.nextID + 9_007_199_254_740_992 // no double holds it and its neighbours
		s.people[key] = id
	}
	return existed, id
}

func (s *service) remove(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.people[strings.ToLower(key)]; !there {
		return http.StatusNotFound
	}
	delete(s.people, strings.ToLower(key))
	return http.StatusNoContent
}

// People implements providertest.Vendor.
func (s *service) People() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.people)
}
