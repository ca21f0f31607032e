// Package rules reads the PrometheusRules of config/prometheus, so that promtool and a Prometheus can have them: these want the groups
// without the Kubernetes resource around them.
package rules

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// Files are the PrometheusRules of this repository, below its root.
var Files = []string{"config/prometheus/rules.yaml", "config/prometheus/submissions/rules.yaml"}

// Resource is a PrometheusRule.
type Resource struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   Metadata `json:"metadata"`
	Spec       Spec     `json:"spec"`
}

// Metadata of a Resource.
type Metadata struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// Spec is a rule file as Prometheus takes it.
type Spec struct {
	Groups []Group `json:"groups"`
}

// Group of rules that are evaluated one after the other.
type Group struct {
	Name  string `json:"name"`
	Rules []Rule `json:"rules"`
}

// Rule that records, or that alerts.
type Rule struct {
	Record        string            `json:"record,omitempty"`
	Alert         string            `json:"alert,omitempty"`
	Expr          string            `json:"expr"`
	For           string            `json:"for,omitempty"`
	KeepFiringFor string            `json:"keep_firing_for,omitempty"`
	Labels        map[string]string `json:"labels,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// Read reads all PrometheusRules below the root of the repository. What this package does not know in them is an error.
func Read(root string) ([]Resource, error) {
	var all []Resource
	for _, file := range Files {
		content, err := os.ReadFile(filepath.Join(root, file)) //nolint:gosec // of this repository
		if err != nil {
			return nil, err
		}
		var r Resource
		if err := yaml.UnmarshalStrict(content, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// Write writes a rule file for each resource into a folder, NAME.yaml, and returns their paths.
func Write(all []Resource, folder string) ([]string, error) {
	var paths []string
	for _, r := range all {
		content, err := yaml.Marshal(r.Spec)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(folder, r.Metadata.Name+".yaml")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}
