package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadProviders(t *testing.T) {
	tests := map[string]struct {
		text    string
		want    []string
		wantErr bool
	}{
		"none":                 {text: ""},
		"two":                  {text: "hubspot,listmonk", want: []string{"hubspot", "listmonk"}},
		"written in their way": {text: " Listmonk, HubSpot ,listmonk,", want: []string{"listmonk", "hubspot"}},
		"two of one stage":     {text: "reacher,kickbox", wantErr: true},
		"one without a sample": {text: "hubspot,pipedrive", wantErr: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readProviders(tc.text)
			if diff := cmp.Diff(tc.want, got); diff != "" || (err != nil) != tc.wantErr {
				t.Errorf("error %v, providers (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestToProviders(t *testing.T) {
	s := settings{Providers: []string{"hubspot"}}
	const manifest = "kind: Integration\nmetadata:\n  name: crm\n---\nspec:\n  crm:\n    integrationRef:\n      name: crm\n  marketing:\n    integrationRef:\n      name: marketing\n"
	const want = "kind: Integration\nmetadata:\n  name: crm\n---\nspec:\n  crm:\n    integrationRef:\n      name: hubspot\n  marketing:\n    integrationRef:\n      name: marketing\n"
	if diff := cmp.Diff(want, string(s.toProviders([]byte(manifest)))); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}

func TestEveryVendorHasASample(t *testing.T) {
	for name := range vendorStages() {
		if _, err := os.Stat(filepath.Join("..", "..", "config", "samples", "providers", name+".yaml")); err != nil {
			t.Error(err)
		}
	}
}
