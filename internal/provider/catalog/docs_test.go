package catalog

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

var update = flag.Bool("update", false, "write the table in docs/providers.md anew")

const (
	docs       = "../../../docs"
	tableBegin = "<!-- table of providers: made by go test ./internal/provider/catalog -update -->\n"
	tableEnd   = "<!-- end of table -->\n"
)

// said is what no port can tell of an adapter.
type said struct{ stage, repeatable, limits, erase string }

func whatIsSaid() map[string]said {
	return map[string]said{
		"Builtin":    {stage: "Validated, Located", limits: "none"},
		"HTTP":       {stage: "every stage", repeatable: "as described", limits: "Retry-After", erase: "as described"},
		"EspoCRM":    {stage: "CRMSynced", repeatable: "search, create, adopt a duplicate", limits: "Retry-After (of a proxy)", erase: "delete, or empty and delete"},
		"Salesforce": {stage: "CRMSynced", repeatable: "upsert by external id", limits: "24 h, long calls, locked rows", erase: "to the recycle bin"},
		"HubSpot":    {stage: "CRMSynced", repeatable: "upsert by address", limits: "10 s, day, Retry-After", erase: "archive, or for good"},
		"Listmonk":   {stage: "MarketingSynced", repeatable: "create, then steps", limits: "Retry-After (of a proxy)", erase: "delete"},
		"IPinfo":     {stage: "Located", limits: "quota, Retry-After"},
		"MaxMind":    {stage: "Located", limits: "credit, Retry-After"},

		"Reacher":    {stage: "Validated", limits: "the wait that a 429 names"},
		"ZeroBounce": {stage: "Validated", limits: "a minute after a 429, ten after a block"},
		"Kickbox":    {stage: "Validated", limits: "at a time, minute (set limits)"},
		"Mailchimp":  {stage: "MarketingSynced", repeatable: "PUT by address", limits: "10 at a time, Retry-After", erase: "archive, or for good"},
		"Brevo":      {stage: "MarketingSynced", repeatable: "create, then steps", limits: "second, hour (by headers)", erase: "delete"},
	}
}

// The table says what the samples' Providers offer; it can't promise what they don't.
func TestTableOfProvidersIsUpToDate(t *testing.T) {
	t.Parallel()
	file := filepath.Join(docs, "providers.md")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), tableBegin)
	_, after, ended := strings.Cut(rest, tableEnd)
	if !found || !ended {
		t.Fatalf("%s has no place for the table", file)
	}
	want := before + tableBegin + table(t) + tableEnd + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil { //nolint:gosec // a document for everybody
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, string(content)); diff != "" && !*update {
		t.Errorf("run go test ./internal/provider/catalog -update:\n%s", diff)
	}
}

func TestEveryVendorHasAPage(t *testing.T) {
	t.Parallel()
	for name := range Factories() {
		if name == "HTTP" || name == "Builtin" { // docs/providers.md has them
			continue
		}
		if _, err := os.Stat(filepath.Join(docs, "providers", strings.ToLower(name)+".md")); err != nil {
			t.Error(err)
		}
	}
}

func table(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| provider | stage | batch | a write can be repeated | erase | limits honoured | health call | tells who has left |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(Factories())) {
		words, found := whatIsSaid()[name]
		if !found {
			t.Fatalf("nothing is said of provider %s", name)
		}
		o := offers(t, name)
		if name == "HTTP" {
			o.batch = "as described"
		}
		for what, pair := range map[string][2]bool{
			"a write": {o.upsert, words.repeatable != ""}, "an erasure": {o.erase, words.erase != ""},
		} {
			if pair[0] != pair[1] {
				t.Errorf("provider %s offers %s: %v; the table says: %v", name, what, pair[0], pair[1])
			}
		}
		link := name
		if _, err := os.Stat(filepath.Join(docs, "providers", strings.ToLower(name)+".md")); err == nil {
			link = "[" + name + "](providers/" + strings.ToLower(name) + ".md)"
		}
		cells := []string{link, words.stage, o.batch, dash(words.repeatable), dash(words.erase), words.limits, yes(o.health), yes(o.suppressions)}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	return b.String()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "–"
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// offered is what the samples of one provider offer together.
type offered struct {
	upsert, erase, health, suppressions bool
	batch                               string
}

func offers(t *testing.T, name string) offered {
	t.Helper()
	o := offered{batch: "–"}
	for _, document := range documents(t, filepath.Join(samples, "*.yaml"), filepath.Join(samples, "*", "*.yaml")) {
		var i v1alpha1.Integration
		if err := yaml.Unmarshal(document, &i); err != nil || i.Kind != "Integration" || string(i.Spec.Provider) != name {
			continue
		}
		p := made(t, i)
		o.upsert, o.erase, o.health = o.upsert || p.Upserter != nil, o.erase || p.Eraser != nil, o.health || p.Health != nil
		o.suppressions = o.suppressions || p.Suppressions != nil
		if p.Batch != nil {
			o.batch = strconv.Itoa(p.Batch.MaxBatch())
		}
		if p.Close != nil {
			p.Close()
		}
	}
	return o
}

// made is the Provider of an Integration whose references hold anything.
func made(t *testing.T, i v1alpha1.Integration) provider.Provider {
	t.Helper()
	f := Factories()[string(i.Spec.Provider)]
	spec, err := json.Marshal(i.Spec)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(spec, &members); err != nil {
		t.Fatal(err)
	}
	refs, err := f.Refs(members[f.Member])
	if err != nil {
		t.Fatal(err)
	}
	secrets, configMaps := map[provider.Ref]string{}, map[provider.Ref]string{}
	for _, r := range refs.Secrets {
		secrets[r] = "key-us21"
	}
	for _, r := range refs.ConfigMaps {
		configMaps[r] = "x.example"
	}
	p, err := f.New(provider.Settings{Spec: members[f.Member], Secrets: secrets, ConfigMaps: configMaps, HTTP: httpx.New(httpx.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The Integrations on the vendors' pages are what people copy.
func TestIntegrationsOnThePagesCompile(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join(docs, "providers", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		examples := 0
		for block := range strings.SplitSeq(string(withGeoDatabase(t, content)), "```yaml\n") {
			example, _, ended := strings.Cut(block, "```\n")
			if !ended || !strings.Contains(example, "kind: Integration\n") {
				continue
			}
			examples++
			var i v1alpha1.Integration
			if err := yaml.UnmarshalStrict([]byte(example), &i); err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if p := made(t, i); p.Upserter == nil && p.Verifier == nil && p.Locator == nil {
				t.Errorf("%s: the Integration serves no stage", page)
			}
		}
		if examples == 0 {
			t.Errorf("%s has no Integration", page)
		}
	}
}
