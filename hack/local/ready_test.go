package main

import (
	"strings"
	"testing"
)

func TestNotReady(t *testing.T) {
	const object = `{"kind":"Integration","metadata":{"name":"crm","generation":2},"status":`
	tests := map[string]struct {
		list    string
		wantErr string // "": ready
	}{
		"ready":                     {`{"items":[` + object + `{"conditions":[{"type":"Ready","status":"True","observedGeneration":2}]}}]}`, ""},
		"ready, said by the status": {`{"items":[` + object + `{"observedGeneration":2,"conditions":[{"type":"Ready","status":"True"}]}}]}`, ""},
		"not ready":                 {`{"items":[` + object + `{"conditions":[{"type":"Ready","status":"False","observedGeneration":2,"reason":"SecretNotFound","message":"there is no Secret x"}]}}]}`, "Integration crm: SecretNotFound: there is no Secret x"},
		"of an older generation":    {`{"items":[` + object + `{"observedGeneration":1,"conditions":[{"type":"Ready","status":"True","observedGeneration":1}]}}]}`, "Integration crm: the operator has not looked at it yet"},
		"no condition":              {`{"items":[` + object + `{}}]}`, "Integration crm: the operator has not looked at it yet"},
		"another condition":         {`{"items":[` + object + `{"conditions":[{"type":"Odd","status":"True","observedGeneration":2}]}}]}`, "Integration crm: the operator has not looked at it yet"},
		"nothing":                   {`{"items":[]}`, "kubectl found none of them"},
		"no JSON":                   {`x`, "kubectl's answer"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			err := notReady([]byte(tc.list))
			if (err != nil) != (tc.wantErr != "") || err != nil && !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("error %v, want %q", err, tc.wantErr)
			}
		})
	}
}
