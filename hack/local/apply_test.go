package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestToSandbox(t *testing.T) {
	s := settings{Addresses: []address{
		{env: envSandbox, value: "0.0.0.0:9"},
		{env: envSandboxDNS, value: ":10"},
	}}
	const manifest = "url: http://127.0.0.1:8090/crm/v1/{key}\nother: http://127.0.0.1:80901/x\nresolvers:\n- 127.0.0.1:8053\n- 127.0.0.1:80531\n"
	const want = "url: http://127.0.0.1:9/crm/v1/{key}\nother: http://127.0.0.1:80901/x\nresolvers:\n- 127.0.0.1:10\n- 127.0.0.1:80531\n"
	if diff := cmp.Diff(want, string(s.toSandbox([]byte(manifest)))); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}
