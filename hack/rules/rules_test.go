package rules

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/contact-operator/contact-operator/hack/metricsdoc"
	"github.com/contact-operator/contact-operator/hack/promql"
	"github.com/contact-operator/contact-operator/internal/alert"
)

const root = "../.."

func read(t *testing.T) []Resource {
	t.Helper()
	all, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func unitTests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "config", "prometheus", "tests", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no unit tests of the rules: %v", err)
	}
	return files
}

func TestRulesWithPromtool(t *testing.T) {
	tool, folder := Tool(t, root, "promtool"), t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(tool, args...) //nolint:gosec // the tool that was found
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	paths, err := Write(read(t), folder)
	if err != nil {
		t.Fatal(err)
	}
	run(append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, paths...)...)
	for _, file := range unitTests(t) {
		content, err := os.ReadFile(file) //nolint:gosec // of this repository
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(folder, "test-"+filepath.Base(file))
		if err := os.WriteFile(copied, content, 0o600); err != nil {
			t.Fatal(err)
		}
		run("test", "rules", copied)
	}
}

// unitTest is what these tests read of a file for promtool.
type unitTest struct {
	Tests []struct {
		Expressions []struct {
			Expr    string           `json:"expr"`
			Samples []map[string]any `json:"exp_samples"`
		} `json:"promql_expr_test"`
		Alerts []struct {
			Alertname string `json:"alertname"`
			Expected  []struct {
				Labels map[string]string `json:"exp_labels"`
			} `json:"exp_alerts"`
		} `json:"alert_rule_test"`
	} `json:"tests"`
}

// Each rule that records is seen to record, and each alert is seen to fire, with its severity, and not to fire.
func TestEveryRuleIsTested(t *testing.T) {
	fires, quiet := map[string]bool{}, map[string]bool{}
	var expressions []string
	for _, file := range unitTests(t) {
		content, err := os.ReadFile(file) //nolint:gosec // of this repository
		if err != nil {
			t.Fatal(err)
		}
		var u unitTest
		if err := yaml.Unmarshal(content, &u); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, test := range u.Tests {
			for _, e := range test.Expressions {
				if len(e.Samples) > 0 {
					expressions = append(expressions, e.Expr)
				}
			}
			for _, a := range test.Alerts {
				quiet[a.Alertname] = quiet[a.Alertname] || len(a.Expected) == 0
				for _, e := range a.Expected {
					fires[a.Alertname+" "+e.Labels["severity"]] = true
				}
			}
		}
	}
	for _, r := range everyRule(t) {
		if r.Record != "" {
			if !slices.ContainsFunc(expressions, func(e string) bool { return names(e, r.Record) }) {
				t.Errorf("no unit test expects a sample of %s", r.Record)
			}
			continue
		}
		severity := r.Labels["severity"]
		if severity == "" {
			severity = "warning" // the metric says which
		}
		if !fires[r.Alert+" "+severity] {
			t.Errorf("no unit test expects %s to fire with severity %s", r.Alert, severity)
		}
		if !quiet[r.Alert] {
			t.Errorf("no unit test expects %s not to fire", r.Alert)
		}
	}
}

// names tells whether an expression holds the name of a metric, not only a part of a longer one.
func names(expr, metric string) bool {
	at := strings.Index(expr, metric)
	if at < 0 {
		return false
	}
	rest := expr[at+len(metric):]
	return rest == "" || !strings.ContainsAny(rest[:1], "abcdefghijklmnopqrstuvwxyz0123456789_:")
}

func everyRule(t *testing.T) []Rule {
	t.Helper()
	var all []Rule
	for _, r := range read(t) {
		for _, g := range r.Spec.Groups {
			all = append(all, g.Rules...)
		}
	}
	return all
}

// Rules are about metrics that there are: those of docs/metrics.md, which is compared with what is exported, those that other
// rules record, and two of libraries.
func TestRulesAreAboutWhatThereIs(t *testing.T) {
	documented, err := metricsdoc.Read(filepath.Join(root, "docs", "metrics.md"), "contact_")
	if err != nil {
		t.Fatal(err)
	}
	known := append(metricsdoc.Series(documented), "up", "leader_election_master_status")
	for _, r := range everyRule(t) {
		known = append(known, r.Record)
	}
	for _, r := range everyRule(t) {
		for _, name := range promql.Names(r.Expr) {
			if !slices.Contains(known, name) {
				t.Errorf("%s%s: there is no metric %s", r.Alert, r.Record, name)
			}
		}
	}
}

// Alerts of Prometheus look like those that operator and intakes send themselves.
func TestAlertsAreAlike(t *testing.T) {
	known := []string{"severity"} // labels that a rule adds; all others come from the metrics
	for _, r := range everyRule(t) {
		if r.Alert == "" {
			if !strings.HasPrefix(r.Record, "contact:") || len(r.Labels) > 0 {
				t.Errorf("%s: what is recorded is named contact:WHAT:HOW, and has no labels of its own", r.Record)
			}
			continue
		}
		for label := range r.Labels {
			if !slices.Contains(known, label) {
				t.Errorf("%s adds the label %s", r.Alert, label)
			}
		}
		if s := r.Labels["severity"]; s != "" && s != string(alert.Warning) && s != string(alert.Critical) {
			t.Errorf("%s: severity %s", r.Alert, s)
		}
		if want := alert.DefaultConfig().RunbookURL + "/" + r.Alert + ".md"; r.Annotations["runbook_url"] != want {
			t.Errorf("%s: runbook_url is %q, want %q", r.Alert, r.Annotations["runbook_url"], want)
		}
		if keys := slices.Sorted(maps.Keys(r.Annotations)); !slices.Equal(keys, []string{"command", "description", "runbook_url", "summary"}) {
			t.Errorf("%s has the annotations %v", r.Alert, keys)
		}
	}
}

// What operator and intakes can tell themselves is in the optional rules, all of it, and nowhere else.
func TestNothingIsToldTwice(t *testing.T) {
	direct := map[string]bool{}
	for _, name := range alert.Names {
		direct[string(name)] = true
	}
	resources := read(t)
	seen := map[string]bool{}
	for _, r := range resources {
		for _, g := range r.Spec.Groups {
			for _, rule := range g.Rules {
				if rule.Alert == "" {
					continue
				}
				if optional := r.Metadata.Name == "contact-submissions"; optional != direct[rule.Alert] {
					t.Errorf("%s is in %s, and is told directly: %t", rule.Alert, r.Metadata.Name, direct[rule.Alert])
				}
				seen[rule.Alert] = true
			}
		}
	}
	for name := range direct {
		if !seen[name] {
			t.Errorf("%s has no rule for those who hear of it through Prometheus", name)
		}
	}
}

// Each alert, whoever tells of it, has an entry in the runbook with all that belongs there, and there is no entry without an
// alert. docs/alerts.md names all of them.
func TestRunbook(t *testing.T) {
	alerts := map[string]bool{}
	for _, name := range alert.Names {
		alerts[string(name)] = true
	}
	for _, r := range everyRule(t) {
		if r.Alert != "" {
			alerts[r.Alert] = true
		}
	}
	overview, err := os.ReadFile(filepath.Join(root, "docs", "alerts.md"))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, "docs", "runbook")
	for name := range alerts {
		content, err := os.ReadFile(filepath.Join(folder, name+".md")) //nolint:gosec // of this repository
		if err != nil {
			t.Error(err)
			continue
		}
		for _, part := range []string{"# " + name, "## Meaning", "## Impact", "## Look", "## Mend", "## Over"} {
			if !strings.Contains(string(content), part+"\n") {
				t.Errorf("the entry of %s has no %q", name, part)
			}
		}
		if !strings.Contains(string(overview), "(runbook/"+name+".md)") {
			t.Errorf("docs/alerts.md does not tell of %s", name)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name, _ := strings.CutSuffix(e.Name(), ".md"); !alerts[name] {
			t.Errorf("docs/runbook/%s belongs to no alert", e.Name())
		}
	}
}

// kustomize refuses to tell everything twice.
func TestBothWaysTogetherAreRefused(t *testing.T) {
	kubectl := filepath.Join(root, "bin", "kubectl")
	if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
		kubectl = filepath.Join(assets, "kubectl")
	}
	if _, err := os.Stat(kubectl); err != nil {
		t.Skip("no kubectl: make assets links one")
	}
	build := func(components ...string) (string, error) {
		t.Helper()
		dist := filepath.Join(root, "dist") // kustomize wants relative paths
		if err := os.MkdirAll(dist, 0o750); err != nil {
			t.Fatal(err)
		}
		folder, err := os.MkdirTemp(dist, "both-ways-")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(folder) }()
		var all bytes.Buffer
		all.WriteString("resources: [../../config/default, ../../config/prometheus, ../../config/grafana]\ncomponents:\n")
		for _, c := range components {
			all.WriteString("- ../../config/" + c + "\n")
		}
		if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), all.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(kubectl, "kustomize", folder).CombinedOutput() //nolint:gosec // ours
		return string(out), err
	}
	for _, one := range []string{"alertmanager", "prometheus/submissions"} {
		if out, err := build(one); err != nil {
			t.Errorf("%s alone: %v\n%s", one, err, out)
		}
	}
	if out, err := build("alertmanager", "prometheus/submissions"); err == nil || !strings.Contains(out, "contact-alerts") {
		t.Errorf("both together: %v, and the answer does not name what they both make", err)
	}
}
