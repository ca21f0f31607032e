package catalog

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/sandbox/mmdb"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// samples is where the samples are.
const samples = "../../../config/samples"

// The samples are what people copy: every expression and every list in them can be used.
func TestSampleIntegrationsCompile(t *testing.T) {
	t.Parallel()
	configMaps := map[provider.Ref]string{}
	var integrations []v1alpha1.Integration
	for _, document := range documents(t, filepath.Join(samples, "*.yaml"), filepath.Join(samples, "*", "*.yaml")) {
		var object struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
			Data map[string]string `json:"data"`
		}
		if err := yaml.Unmarshal(document, &object); err != nil {
			t.Fatal(err)
		}
		switch object.Kind {
		case "ConfigMap":
			for key, text := range object.Data {
				configMaps[provider.Ref{Name: object.Metadata.Name, Key: key}] = text
			}
		case "Integration":
			var i v1alpha1.Integration
			if err := yaml.UnmarshalStrict(document, &i); err != nil {
				t.Fatal(err)
			}
			integrations = append(integrations, i)
		}
	}
	providers := map[v1alpha1.ProviderType]bool{}
	for _, i := range integrations {
		providers[i.Spec.Provider] = true
		t.Run(i.Name, func(t *testing.T) {
			t.Parallel()
			compile(t, i, configMaps)
		})
	}
	for name := range Factories() {
		if !providers[v1alpha1.ProviderType(name)] {
			t.Errorf("there is no sample of provider %s", name)
		}
	}
}

func compile(t *testing.T, i v1alpha1.Integration, configMaps map[provider.Ref]string) {
	t.Helper()
	f, ok := Factories()[string(i.Spec.Provider)]
	if !ok {
		t.Fatalf("no adapter is called %q", i.Spec.Provider)
	}
	b, err := json.Marshal(i.Spec)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		t.Fatal(err)
	}
	spec := members[f.Member]
	refs, err := f.Refs(spec)
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[provider.Ref]string{}
	for _, r := range refs.Secrets {
		secrets[r] = "x"
	}
	p, err := f.New(provider.Settings{Spec: spec, Secrets: secrets, ConfigMaps: configMaps, HTTP: httpx.New(httpx.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	if p.Close != nil {
		p.Close()
	}
}

// documents are the YAML documents of all files that the patterns match.
func documents(t *testing.T, patterns ...string) [][]byte {
	t.Helper()
	var list [][]byte
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, bytes.Split(withGeoDatabase(t, content), []byte("\n---\n"))...)
		}
	}
	return list
}

// withGeoDatabase gives a text that names the database of the samples one that is there.
func withGeoDatabase(t *testing.T, text []byte) []byte {
	t.Helper()
	const path = "/var/lib/geoip/GeoLite2-Country.mmdb"
	if !bytes.Contains(text, []byte(path)) {
		return text
	}
	content, err := mmdb.World(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(text, []byte(path), []byte(file))
}
