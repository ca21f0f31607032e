package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

func TestVerify(t *testing.T) {
	tests := map[string]struct{ email, wantResult string }{
		"a person":                {"ada@example.com", "deliverable"},
		"capitals":                {"ADA@EXAMPLE.COM", "deliverable"},
		"letters of any script":   {"håkon.ødegård@bücher.example", "deliverable"},
		"punycode":                {"ada@xn--bcher-kva.example", "deliverable"},
		"a tag":                   {"ada+trial@example.com", "deliverable"},
		"takes no mail":           {"ada@undeliverable.example", "undeliverable"},
		"throw-away":              {"ada@disposable.example", "disposable"},
		"takes all mail":          {"ada@acceptall.example", "accept_all"},
		"not to be told":          {"ada@unknown.example", "unknown"},
		"a role":                  {"info@example.com", "role"},
		"a role with a tag":       {"Sales+x@example.com", "role"},
		"a name that begins so":   {"information@example.com", "deliverable"},
		"no at":                   {"ada.example.com", "undeliverable"},
		"two ats":                 {"ada@home@example.com", "undeliverable"},
		"a blank":                 {"ada lovelace@example.com", "undeliverable"},
		"nothing before the at":   {"@example.com", "undeliverable"},
		"nothing after the at":    {"ada@", "undeliverable"},
		"a domain without a dot":  {"ada@example", "undeliverable"},
		"a domain with two dots":  {"ada@example..com", "undeliverable"},
		"a dot at the front":      {".ada@example.com", "undeliverable"},
		"an underscore in a host": {"ada@ex_ample.com", "undeliverable"},
		"a hyphen at the edge":    {"ada@-example.com", "undeliverable"},
		"a long local part":       {strings.Repeat("a", 65) + "@example.com", "undeliverable"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, server.Options{})
			status, got := s.call(server.Verifier, "POST", "/verifier/v1/verify", map[string]any{"email": tc.email})
			want := map[string]any{"result": tc.wantResult}
			if diff := cmp.Diff(want, got); status != http.StatusOK || diff != "" {
				t.Errorf("status %d, answer (-want +got):\n%s", status, diff)
			}
		})
	}
}

func TestLocate(t *testing.T) {
	tests := map[string]struct {
		country, phone, ip string
		want               any
	}{
		"a name":                          {country: "United Kingdom", want: "GB"},
		"a code":                          {country: "de", want: "DE"},
		"a name in its language":          {country: " 日本 ", want: "JP"},
		"the country before the phone":    {country: "France", phone: "+49 30 901820", want: "FR"},
		"the phone when no country fits":  {country: "Erewhon", phone: "+44 20 7946 0958", want: "GB"},
		"the longest calling code":        {phone: "+353 1 555 0100", want: "IE"},
		"a shared calling code":           {phone: "+1 604 555 0100", want: "CA"},
		"the code that shares it":         {phone: "+1 212 555 0100", want: "US"},
		"two noughts":                     {phone: "0081 3 5550 0100", want: "JP"},
		"a national number says nothing":  {phone: "020 7946 0958"},
		"the network":                     {ip: "203.0.113.7", want: "JP"},
		"the network, version 6":          {ip: "2001:db8::7", want: "DE"},
		"the network, version 4 within 6": {ip: "::ffff:192.0.2.7", want: "GB"},
		"a visitor from nowhere":          {ip: "127.0.0.1"},
		"nothing":                         {},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, server.Options{})
			status, got := s.call(server.Locator, "POST", "/locator/v1/locate",
				map[string]any{"country": tc.country, "phone": tc.phone, "ip": tc.ip})
			want := map[string]any{"country": tc.want}
			if diff := cmp.Diff(want, got); status != http.StatusOK || diff != "" {
				t.Errorf("status %d, answer (-want +got):\n%s", status, diff)
			}
		})
	}
}

const ada = "/crm/v1/contacts/ada@example.com"

func TestCRMKeepsOneRecordPerAddress(t *testing.T) {
	s := start(t, server.Options{})
	steps := []struct {
		reason     string
		method     string
		path       string
		body       map[string]any
		wantStatus int
		wantAnswer map[string]any
	}{
		{"nothing is there", "GET", ada, nil, 404, nil},
		{"the first write creates", "PUT", ada, map[string]any{"name": "Ada"}, 201, map[string]any{"id": "crm-1", "created": true}},
		{"an address is found whatever its capitals", "PUT", "/crm/v1/contacts/ADA%40Example.com", map[string]any{"name": "Ada L."}, 200, map[string]any{"id": "crm-1", "created": false}},
		{"the same again is no write", "PUT", ada, map[string]any{"name": "Ada L."}, 200, map[string]any{"id": "crm-1", "created": false}},
		{"it holds the newest", "GET", ada, nil, 200, map[string]any{"id": "crm-1", "email": "ada@example.com", "fields": map[string]any{"name": "Ada L."}}},
	}
	for _, step := range steps {
		status, got := s.call(server.CRM, step.method, step.path, step.body)
		if status != step.wantStatus {
			t.Errorf("%s: status %d, want %d", step.reason, status, step.wantStatus)
		}
		if diff := cmp.Diff(step.wantAnswer, got); step.wantAnswer != nil && diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.reason, diff)
		}
	}
	want := []server.Record{{Key: "ada@example.com", Email: "ada@example.com", ID: "crm-1", Writes: 2, Fields: map[string]any{"name": "Ada L."}}}
	if diff := cmp.Diff(want, s.Records(server.CRM)); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	for _, wantStatus := range []int{204, 404} {
		if status, _ := s.call(server.CRM, "DELETE", ada, nil); status != wantStatus {
			t.Errorf("DELETE: status %d, want %d", status, wantStatus)
		}
	}
}

func TestCRMRefuses(t *testing.T) {
	tests := map[string]struct {
		path       string
		body       map[string]any
		wantStatus int
	}{
		"a bad address":            {"/crm/v1/contacts/ada", map[string]any{}, 422},
		"another address":          {ada, map[string]any{"email": "bob@example.com"}, 422},
		"the name INVALID":         {ada, map[string]any{"name": "INVALID"}, 422},
		"a long company":           {ada, map[string]any{"company": strings.Repeat("é", 201)}, 422},
		"the attribute invalid":    {ada, map[string]any{"attributes": map[string]any{"invalid": "true"}}, 422},
		"the company CONFLICT":     {ada, map[string]any{"company": "CONFLICT"}, 409},
		"no object":                {ada, nil, 400},
		"but no company too short": {ada, map[string]any{"email": "ADA@example.com", "company": strings.Repeat("é", 200)}, 201},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, server.Options{})
			if status, _ := s.call(server.CRM, "PUT", tc.path, tc.body); status != tc.wantStatus {
				t.Errorf("status %d, want %d", status, tc.wantStatus)
			}
			wantRecords := 0
			if tc.wantStatus == 201 {
				wantRecords = 1
			}
			if got := len(s.Records(server.CRM)); got != wantRecords {
				t.Errorf("%d records, want %d", got, wantRecords)
			}
		})
	}
}

func TestMarketingNeverUndoesAnUnsubscribe(t *testing.T) {
	const path = "/marketing/v1/subscribers/ada@example.com"
	s := start(t, server.Options{})
	steps := []struct {
		reason, method, path string
		body                 map[string]any
		wantStatus           int
		wantState            any
	}{
		{"nobody can leave before joining", "POST", path + "/unsubscribe", nil, 404, nil},
		{"a new one is subscribed", "PUT", path, map[string]any{"name": "Ada"}, 201, "subscribed"},
		{"the sender may end it", "PUT", path, map[string]any{"name": "Ada", "status": "unsubscribed"}, 200, "unsubscribed"},
		{"and begin it again", "PUT", path, map[string]any{"name": "Ada", "status": "subscribed"}, 200, "subscribed"},
		{"the person leaves", "POST", path + "/unsubscribe", nil, 200, "unsubscribed"},
		{"which lasts, whatever is sent", "PUT", path, map[string]any{"name": "Ada L.", "status": "subscribed"}, 200, "unsubscribed"},
		{"an unknown state is refused", "PUT", path, map[string]any{"status": "maybe"}, 422, nil},
	}
	for _, step := range steps {
		status, got := s.call(server.Marketing, step.method, step.path, step.body)
		if status != step.wantStatus || got["status"] != step.wantState {
			t.Errorf("%s: status %d %v, want %d %v", step.reason, status, got["status"], step.wantStatus, step.wantState)
		}
	}
	if got := s.Records(server.Marketing)[0].Fields["name"]; got != "Ada L." {
		t.Errorf("the name is %v; an unsubscribed record still takes new data", got)
	}
}

func TestBatchRefusesOneRecordAndTakesTheOthers(t *testing.T) {
	s := start(t, server.Options{})
	records := []map[string]any{{"email": "ada@example.com"}, {"email": "bob"}, {"email": "Cy@example.com"}}
	for service, path := range map[server.Service]string{
		server.CRM: "/crm/v1/contacts/batch", server.Marketing: "/marketing/v1/subscribers/batch",
	} {
		status, got := s.call(service, "POST", path, map[string]any{"records": records})
		var statuses []any
		for _, result := range got["results"].([]any) {
			statuses = append(statuses, result.(map[string]any)["status"])
		}
		if diff := cmp.Diff([]any{201.0, 422.0, 201.0}, statuses); status != http.StatusOK || diff != "" {
			t.Errorf("%s: status %d, results (-want +got):\n%s", service, status, diff)
		}
		if got := s.Stats()[service]; got.Calls != 1 || got.Batches != 1 || got.Records != 3 {
			t.Errorf("%s: stats are %+v, want 1 call, 1 batch, 3 records", service, got)
		}
	}
}

// An erasure may come at any moment, also in the middle of an unsubscribe.
func TestUnsubscribeMeetsErasure(t *testing.T) {
	const path = "/marketing/v1/subscribers/ada@example.com"
	s := start(t, server.Options{})
	for range 200 {
		s.call(server.Marketing, "PUT", path, map[string]any{"name": "Ada"})
		done := make(chan int)
		go func() {
			status, _ := s.call(server.Marketing, "DELETE", path, nil)
			done <- status
		}()
		status, _ := s.call(server.Marketing, "POST", path+"/unsubscribe", nil)
		if deleted := <-done; deleted != 204 || status != 200 && status != 404 {
			t.Fatalf("unsubscribe: status %d, erasure: status %d", status, deleted)
		}
		if n := len(s.Records(server.Marketing)); n != 0 {
			t.Fatalf("%d records are left after the erasure", n)
		}
	}
}
