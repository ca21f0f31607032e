package hubspot_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/hubspot"
)

// What is erased is looked up first: a GDPR deletion of an address that HubSpot does not know would block it for ever.
func TestErase(t *testing.T) {
	t.Parallel()
	const (
		look   = "GET /crm/v3/objects/contacts/ada%2Bx@example.com?idProperty=email"
		remove = "DELETE /crm/v3/objects/contacts/51"
		forget = "POST /crm/v3/objects/contacts/gdpr-delete"
	)
	found := reply{Body: `{"id":"51","properties":{}}`}
	nobody := reply{Status: 404, Body: problem("OBJECT_NOT_FOUND", "resource not found")}
	done := reply{Status: 204}
	cases := map[string]struct {
		erase     string
		script    script
		wantCalls []string
		wantClass provider.Class
	}{
		"archived":                     {"Archive", script{look: {found}, remove: {done}}, []string{look, remove}, ""},
		"archived meanwhile":           {"Archive", script{look: {found}, remove: {nobody}}, []string{look, remove}, ""},
		"nobody to archive":            {"Archive", script{look: {nobody}}, []string{look}, ""},
		"deleted for good":             {"GDPRDelete", script{look: {found}, forget: {done}}, []string{look, forget}, ""},
		"nobody to delete for good":    {"GDPRDelete", script{look: {nobody}}, []string{look}, ""},
		"a 404 that is not HubSpot's":  {"GDPRDelete", script{look: {{Status: 404, Body: "<html>"}}}, []string{look}, provider.Config},
		"an answer that can't be read": {"GDPRDelete", script{look: {{Body: `{}`}}}, []string{look}, provider.Transient},
		"no scope to look":             {"Archive", script{look: {{Status: 403, Body: problem("MISSING_SCOPES", "x")}}}, []string{look}, provider.Auth},
		"no scope to delete":           {"GDPRDelete", script{look: {found}, forget: {{Status: 403}}}, []string{look, forget}, provider.Auth},
		"a limit":                      {"Archive", script{look: {found}, remove: {{Status: 429}}}, []string{look, remove}, provider.Throttled},
		"deleted for good meanwhile":   {"GDPRDelete", script{look: {found}, forget: {nobody}}, []string{look, forget}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, tc.script, func(c *adapter.Config) { c.Erase = tc.erase })
			erased, err := p.Eraser.Erase(t.Context(), provider.Request{Key: "ada+x@example.com"})
			if (erased.Kept != "") != (tc.wantClass == "") {
				t.Errorf("kept: %q", erased.Kept)
			}
			if (err == nil) != (tc.wantClass == "") || err != nil && provider.AsError(err).Class != tc.wantClass {
				t.Errorf("got %v, want class %q", err, tc.wantClass)
			}
			if diff := cmp.Diff(tc.wantCalls, p.calls()); diff != "" {
				t.Error(diff)
			}
			for i, call := range p.calls() {
				if call == forget && p.Bodies()[i] != `{"objectId":"51"}` {
					t.Errorf("deleted for good: %s; only an id may be", p.Bodies()[i])
				}
			}
		})
	}
}
