package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// envProviders names the vendors that serve the sample pipelines in the place of the sandbox's plain services.
const envProviders = "PROVIDERS"

// vendorStages are the vendors that have a sample, and the field of a pipeline that each serves.
func vendorStages() map[string]string {
	return map[string]string{
		"espocrm": "crm", "hubspot": "crm", "listmonk": "marketing", "salesforce": "crm",
		"ipinfo": "location", "maxmind": "location", "maxmind-database": "location",
		"reacher": "validation", "zerobounce": "validation", "kickbox": "validation",
		"mailchimp": "marketing", "brevo": "marketing",
	}
}

// readProviders reads a list with commas.
func readProviders(text string) ([]string, error) {
	var vendors []string
	serving := map[string]string{}
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name == "" || slices.Contains(vendors, name) {
			continue
		}
		stage, known := vendorStages()[name]
		if !known {
			return nil, fmt.Errorf("%s: there is no sample of %q, only of %s", envProviders, name,
				strings.Join(slices.Sorted(maps.Keys(vendorStages())), ", "))
		}
		if other := serving[stage]; other != "" {
			return nil, fmt.Errorf("%s: %s and %s both serve %s: choose one", envProviders, other, name, stage)
		}
		serving[stage] = name
		vendors = append(vendors, name)
	}
	return vendors, nil
}

// toProviders has the sample pipelines use the vendors' Integrations.
func (s settings) toProviders(manifest []byte) []byte {
	for _, name := range s.Providers {
		reference := regexp.MustCompile(`(?m)^( +` + vendorStages()[name] + `:\n +integrationRef:\n +name: )[a-z0-9-]+$`)
		manifest = reference.ReplaceAll(manifest, []byte("${1}"+name))
	}
	return manifest
}

// applyProviders applies the vendors' samples, and returns the names of what is in them.
func (l *launcher) applyProviders(ctx context.Context) ([]string, error) {
	var names []string
	for _, vendor := range l.Providers {
		manifest, err := os.ReadFile(filepath.Join(l.Root, "config", "samples", "providers", vendor+".yaml"))
		if err != nil {
			return nil, err
		}
		if manifest, err = l.withGeoDatabase(manifest); err != nil {
			return nil, err
		}
		applied, err := l.applyManifest(ctx, l.toSandbox(manifest), "--namespace="+sampleNamespace)
		if err != nil {
			return nil, err
		}
		names = append(names, applied...)
	}
	return names, nil
}
