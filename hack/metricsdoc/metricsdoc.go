// Package metricsdoc reads docs/metrics.md, so that tests can compare it with what the programs export.
package metricsdoc

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Metric is one row of the document. Of what a registry describes, the type is not known: "".
type Metric struct {
	Type   string
	Labels []string // sorted
}

// Read reads the rows of the document whose names begin with prefix.
func Read(path, prefix string) (map[string]Metric, error) {
	content, err := os.ReadFile(path) //nolint:gosec // a file of this repository
	if err != nil {
		return nil, err
	}
	all := map[string]Metric{}
	for line := range strings.Lines(string(content)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		name := strings.Trim(strings.TrimSpace(cells[0]), "`")
		if len(cells) != 4 || !strings.HasPrefix(name, prefix) {
			continue
		}
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("%s: %s stands there twice", path, name)
		}
		all[name] = Metric{Type: strings.TrimSpace(cells[1]), Labels: split(cells[2])}
	}
	return all, nil
}

// others are the metrics of libraries, which the document names by what they begin with.
var others = regexp.MustCompile("`([a-z_]+_)\\*`")

// Others reads what the names of the metrics of libraries begin with.
func Others(path string) ([]string, error) {
	content, err := os.ReadFile(path) //nolint:gosec // a file of this repository
	if err != nil {
		return nil, err
	}
	var prefixes []string
	for _, match := range others.FindAllStringSubmatch(string(content), -1) {
		prefixes = append(prefixes, match[1])
	}
	return prefixes, nil
}

var (
	fqName         = regexp.MustCompile(`fqName: "([^"]*)"`)
	constLabels    = regexp.MustCompile(`constLabels: \{([^}]*)\}`)
	variableLabels = regexp.MustCompile(`variableLabels: \{([^}]*)\}`)
)

// Described lists what a registry's collectors describe, of which the names begin with prefix.
func Described(registry *prometheus.Registry, prefix string) map[string]Metric {
	descriptions := make(chan *prometheus.Desc)
	var describing sync.WaitGroup
	defer describing.Wait()
	describing.Go(func() {
		registry.Describe(descriptions)
		close(descriptions)
	})
	all := map[string]Metric{}
	for d := range descriptions {
		text := d.String()
		name := group(fqName, text)
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		labels := split(group(variableLabels, text))
		for _, pair := range split(group(constLabels, text)) {
			label, _, _ := strings.Cut(pair, "=")
			labels = append(labels, label)
		}
		slices.Sort(labels)
		all[name] = Metric{Labels: labels}
	}
	return all
}

// Compare says how what is exported differs from what is documented: in names and labels, and in types where they are known.
func Compare(documented, exported map[string]Metric) []string {
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(exported)) {
		doc, there := documented[name]
		is := exported[name]
		switch {
		case !there:
			problems = append(problems, name+" is exported, and is not in docs/metrics.md")
		case !slices.Equal(doc.Labels, is.Labels):
			problems = append(problems, fmt.Sprintf("%s has the labels %v, in docs/metrics.md %v", name, is.Labels, doc.Labels))
		case is.Type != "" && is.Type != doc.Type:
			problems = append(problems, fmt.Sprintf("%s is a %s, in docs/metrics.md a %s", name, is.Type, doc.Type))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(documented)) {
		if _, there := exported[name]; !there {
			problems = append(problems, name+" is in docs/metrics.md, and is not exported")
		}
	}
	return problems
}

func group(pattern *regexp.Regexp, text string) string {
	if match := pattern.FindStringSubmatch(text); match != nil {
		return match[1]
	}
	return ""
}

// split splits at commas, and sorts.
func split(list string) []string {
	all := []string{}
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	slices.Sort(all)
	return all
}

// Series lists the names under which Prometheus has the documented metrics: a histogram has three.
func Series(documented map[string]Metric) []string {
	var all []string
	for name, m := range documented {
		if m.Type == "histogram" {
			all = append(all, name+"_bucket", name+"_count", name+"_sum")
			continue
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// NewMetric makes a Metric of what a scrape shows.
func NewMetric(kind string, labels map[string]bool) Metric {
	m := Metric{Type: kind, Labels: slices.Sorted(maps.Keys(labels))}
	if m.Labels == nil {
		m.Labels = []string{}
	}
	return m
}
