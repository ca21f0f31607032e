package httpjson

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// spec is a complete configuration, changed by each of the functions.
func spec(t testing.TB, base string, change ...func(*Config)) json.RawMessage {
	t.Helper()
	c := Config{
		Verify: &Call{URL: base + "/verify", Body: `{"email": submission.email}`, Result: `response.body.verdict`},
		Locate: &Call{URL: base + "/locate/{key}", Result: `response.body.country`},
		Upsert: &Upsert{
			URL:    base + "/people/{key}",
			Body:   `{"email": contact.email, ?"name": optional.ofNonZeroValue(contact.name)}`,
			Result: `response.body.id`, Suppressed: `response.body.unsubscribed`,
		},
		Erase: &Erase{URL: base + "/people/{key}"},
	}
	for _, f := range change {
		f(&c)
	}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNewFindsMistakes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change      func(*Config)
		wantMessage string // its beginning
	}{
		"misspelt field": {
			func(c *Config) { c.Upsert.Body = `{"email": contact.emial}` },
			`spec.http.upsert.body:1:18: undefined field 'emial'`,
		},
		"misspelt nested field": {
			func(c *Config) { c.Upsert.Body = `contact.consent.marketting` },
			`spec.http.upsert.body:1:16: undefined field 'marketting'`,
		},
		"on the second line": {
			func(c *Config) { c.Upsert.Body = "{\n  \"email\": contact.emial\n}" },
			`spec.http.upsert.body:2:19: undefined field 'emial'`,
		},
		"syntax": {
			func(c *Config) { c.Verify.Body = `{"email": ` },
			`spec.http.verify.body:1:11: Syntax error:`,
		},
		"two mistakes": {
			func(c *Config) { c.Upsert.Body = `[contact.a, contact.b]` },
			`spec.http.upsert.body:1:9: undefined field 'a'; spec.http.upsert.body:1:20: undefined field 'b'`,
		},
		"the other stage's variable": {
			func(c *Config) { c.Verify.Body = `contact.email` },
			`spec.http.verify.body:1:1: undeclared reference to 'contact'`,
		},
		"misspelt part of the answer": {
			func(c *Config) { c.Verify.Result = `response.boddy.verdict` },
			`spec.http.verify.result:1:9: undefined field 'boddy'`,
		},
		"a number for a verdict": {
			func(c *Config) { c.Verify.Result = `response.status` },
			`spec.http.verify.result: its value is of type int, and has to be a string`,
		},
		"perhaps a number for a verdict": {
			func(c *Config) { c.Verify.Result = `optional.of(response.status)` },
			`spec.http.verify.result: its value is of type int, and has to be a string`,
		},
		"always the same, and no verdict": {
			func(c *Config) { c.Verify.Result = `"deliverable"` },
			`spec.http.verify.result gives something else than a verdict`,
		},
		"always the same, and no country": {
			func(c *Config) { c.Locate.Result = `"Germany"` },
			`spec.http.locate.result gives something else than a country`,
		},
		"a list for an id": {
			func(c *Config) { c.Upsert.Result = `[response.status]` },
			`spec.http.upsert.result: its value is of type list(int), and has to be a string`,
		},
		"a string for suppressed": {
			func(c *Config) { c.Upsert.Suppressed = `"yes"` },
			`spec.http.upsert.suppressed: its value is of type string, and has to be true or false`,
		},
		"a number for a key": {
			func(c *Config) { c.Upsert.Key = `size(contact.email)` },
			`spec.http.upsert.key: its value is of type int, and has to be a string`,
		},
		"one key for all": {
			func(c *Config) { c.Upsert.Key = `"everybody"` },
			`spec.http.upsert.key is the same for everybody`,
		},
		"a constant that can't be": {
			func(c *Config) { c.Verify.Body = `[1][5]` },
			`spec.http.verify.body`,
		},
		"a constant without a form in JSON": {
			func(c *Config) { c.Verify.Body = `{"a": 1.0 / 0.0}` },
			`spec.http.verify.body has no form in JSON`,
		},
		"a batch over one record": {
			batched(func(b *Batch) { b.Body = `[contact.email]` }),
			`spec.http.upsert.batch.body:1:2: undeclared reference to 'contact'`,
		},
		"misspelt part of a record": {
			batched(func(b *Batch) { b.Body = `records.map(r, r.boddy)` }),
			`spec.http.upsert.batch.body:1:17: undefined field 'boddy'`,
		},
		"a batch that is always the same":  {batched(func(b *Batch) { b.Body = `{}` }), `spec.http.upsert.batch.body is the same for all records`},
		"a result that is always the same": {batched(func(b *Batch) { b.Result = `[{"status": 200}]` }), `spec.http.upsert.batch.result is the same for all batches`},
		"a result that is no list": {
			batched(func(b *Batch) { b.Result = `response.status` }),
			`spec.http.upsert.batch.result: its value is of type int, and has to be a list`,
		},
		"a batch of one":         {batched(func(b *Batch) { b.MaxRecords = 1 }), `spec.http.upsert.batch.maxRecords has to be 2 at least`},
		"a batch without body":   {batched(func(b *Batch) { b.Body = "" }), `spec.http.upsert.batch.body is missing`},
		"a batch without result": {batched(func(b *Batch) { b.Result = "" }), `spec.http.upsert.batch.result is missing`},
		"a batch for one key": {
			batched(func(b *Batch) { b.URL = "https://crm.example/{key}" }),
			`spec.http.upsert.batch.url: this call is not about one record: leave {key} out`,
		},
		"health of one key": {
			func(c *Config) { c.Health = &Health{URL: "https://crm.example/{key}"} },
			`spec.http.health.url: this call is not about one record: leave {key} out`,
		},
		"a good batch":     {batched(), ``},
		"no result":        {func(c *Config) { c.Verify.Result = "" }, `spec.http.verify.result is missing`},
		"no body":          {func(c *Config) { c.Upsert.Body = "" }, `spec.http.upsert.body is missing`},
		"unknown method":   {func(c *Config) { c.Upsert.Method = "UPSERT" }, `spec.http.upsert.method: "UPSERT" is not one of`},
		"bad URL":          {func(c *Config) { c.Locate.URL = "https://{key}/" }, `spec.http.locate.url: {key} can stand in`},
		"erase everybody":  {func(c *Config) { c.Erase.URL = "https://crm.example/people" }, `spec.http.erase.url has no {key}`},
		"unknown class":    {func(c *Config) { c.Erase.Responses = []ResponseClass{{404, "Fine"}} }, `spec.http.erase.responses: status 404 has the unknown class "Fine"`},
		"no such status":   {func(c *Config) { c.Erase.Responses = []ResponseClass{{42, "Success"}} }, `spec.http.erase.responses: status 42 is outside`},
		"offers nothing":   {func(c *Config) { *c = Config{} }, `spec.http offers nothing`},
		"nothing is wrong": {func(*Config) {}, ``},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Factory().New(provider.Settings{Spec: spec(t, "https://crm.example", tc.change), HTTP: http.DefaultClient})
			if tc.wantMessage == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e := provider.AsError(err)
			if err == nil || e.Class != provider.Config || !strings.HasPrefix(e.Message, tc.wantMessage) {
				t.Errorf("got  %v\nwant Config: %s", err, tc.wantMessage)
			}
			if strings.Contains(e.Message, "\n") {
				t.Errorf("more than one line: %q", e.Message)
			}
		})
	}
}

func TestNewReadsStrictly(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `null`, `[]`, `{"verify":{"urll":"x"}}`, `{"upsert":{}} {}`} {
		if _, err := Factory().New(provider.Settings{Spec: json.RawMessage(text)}); err == nil || provider.AsError(err).Class != provider.Config {
			t.Errorf("%s: got %v", text, err)
		}
		if _, err := Factory().Refs(json.RawMessage(text)); err == nil || provider.AsError(err).Class != provider.Config {
			t.Errorf("%s: Refs: got %v", text, err)
		}
	}
}

func TestNewOffersWhatIsConfigured(t *testing.T) {
	t.Parallel()
	p, err := Factory().New(provider.Settings{Spec: spec(t, "https://crm.example", func(c *Config) { c.Locate, c.Upsert, c.Erase = nil, nil, nil })})
	if err != nil {
		t.Fatal(err)
	}
	if p.Verifier == nil || p.Locator != nil || p.Upserter != nil || p.Eraser != nil {
		t.Errorf("got %+v, want a Verifier only", p)
	}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	a, b := provider.Ref{Name: "crm", Key: "a"}, provider.Ref{Name: "crm", Key: "b"}
	got, err := Factory().Refs(spec(t, "https://crm.example", func(c *Config) {
		c.Headers = []Header{{Name: "X", SecretKeyRef: &b}, {Name: "Y", SecretKeyRef: &a}, {Name: "Z", SecretKeyRef: &b}, {Name: "V", Value: "1"}}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(provider.Refs{Secrets: []provider.Ref{b, a}}, got); diff != "" {
		t.Error(diff)
	}
}
