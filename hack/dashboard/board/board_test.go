package board

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/contact-operator/contact-operator/hack/metricsdoc"
	"github.com/contact-operator/contact-operator/hack/promql"
	"github.com/contact-operator/contact-operator/hack/rules"
)

const root = "../../.."

func read(t *testing.T) *Board {
	t.Helper()
	b, err := Read(filepath.Join(root, File))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Prometheus takes every query. promtool says so: each is a rule to it.
func TestQueriesAreWellFormed(t *testing.T) {
	tool := rules.Tool(t, root, "promtool")
	b, group := read(t), rules.Group{Name: "dashboard"}
	for _, p := range b.Panels {
		for _, target := range p.Targets {
			group.Rules = append(group.Rules, rules.Rule{Record: "x:x:x", Expr: b.Query(target), Labels: map[string]string{"panel": p.Title, "ref": target.RefID}})
		}
	}
	if len(group.Rules) < 50 {
		t.Fatalf("only %d queries were found", len(group.Rules))
	}
	content, err := yaml.Marshal(rules.Spec{Groups: []rules.Group{group}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "queries.yaml")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if answer, err := exec.Command(tool, "check", "rules", file).CombinedOutput(); err != nil { //nolint:gosec // the tool that was found
		t.Errorf("%v\n%s", err, answer)
	}
}

// Queries are about metrics that there are: those of docs/metrics.md, which is compared with what is exported, those that the rules
// record, and those of libraries. The end-to-end test asks a Prometheus that has scraped the system.
func TestQueriesAreAboutWhatThereIs(t *testing.T) {
	document := filepath.Join(root, "docs", "metrics.md")
	documented, err := metricsdoc.Read(document, "contact_")
	if err != nil {
		t.Fatal(err)
	}
	resources, err := rules.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	libraries, err := metricsdoc.Others(document)
	if err != nil {
		t.Fatal(err)
	}
	known := append(metricsdoc.Series(documented), "up", "apiserver_resource_objects")
	for _, resource := range resources {
		for _, g := range resource.Spec.Groups {
			for _, rule := range g.Rules {
				known = append(known, rule.Record)
			}
		}
	}
	b := read(t)
	for _, p := range b.Panels {
		for _, target := range p.Targets {
			names := promql.Names(b.Query(target))
			if len(names) == 0 || strings.Contains(b.Query(target), "$") {
				t.Errorf("panel %q, query %s: names no metric, or a variable that there is not: %s", p.Title, target.RefID, target.Expr)
			}
			for _, name := range names {
				library := slices.ContainsFunc(libraries, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
				if !slices.Contains(known, name) && !library {
					t.Errorf("panel %q, query %s: there is no metric %s", p.Title, target.RefID, name)
				}
			}
		}
	}
}

func TestPanelsHaveTheirPlace(t *testing.T) {
	taken := map[[2]int]string{}
	for _, p := range read(t).Panels {
		if p.Position.X+p.Position.W > 24 || p.Position.W == 0 || p.Position.H == 0 {
			t.Errorf("panel %q does not fit: %v", p.Title, p.Position)
		}
		for x := p.Position.X; x < p.Position.X+p.Position.W; x++ {
			for y := p.Position.Y; y < p.Position.Y+p.Position.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Errorf("panels %q and %q lie on one another", other, p.Title)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" && p.Description == "" {
			t.Errorf("panel %q does not say what it shows", p.Title)
		}
	}
}
