package catalog

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// The samples are what people copy: every expression in them compiles.
func TestSampleIntegrationsCompile(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../../../config/samples/integrations.yaml")
	if err != nil {
		t.Fatal(err)
	}
	documents := strings.Split(string(file), "\n---\n")
	for _, document := range documents {
		var i v1alpha1.Integration
		if err := yaml.UnmarshalStrict([]byte(document), &i); err != nil {
			t.Fatal(err)
		}
		t.Run(i.Name, func(t *testing.T) {
			t.Parallel()
			f, ok := Factories()[string(i.Spec.Provider)]
			if !ok {
				t.Fatalf("no adapter is called %q", i.Spec.Provider)
			}
			spec, err := json.Marshal(i.Spec.HTTP)
			if err != nil {
				t.Fatal(err)
			}
			refs, err := f.Refs(spec)
			if err != nil {
				t.Fatal(err)
			}
			secrets := map[provider.Ref]string{}
			for _, r := range refs.Secrets {
				secrets[r] = "x"
			}
			if _, err := f.New(provider.Settings{Spec: spec, Secrets: secrets, HTTP: httpx.New(httpx.Options{})}); err != nil {
				t.Error(err)
			}
		})
	}
}
