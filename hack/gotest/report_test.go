package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReport(t *testing.T) {
	const (
		passA     = `{"Action":"run","Package":"a","Test":"TestA"}` + "\n" + `{"Action":"output","Package":"a","Test":"TestA","Output":"noise\n"}` + "\n" + `{"Action":"pass","Package":"a","Test":"TestA"}` + "\n"
		packageOK = `{"Action":"output","Package":"a","Output":"PASS\n"}` + "\n" + `{"Action":"output","Package":"a","Output":"ok  \ta\t0.1s\n"}` + "\n" + `{"Action":"pass","Package":"a"}` + "\n"
	)
	tests := map[string]struct {
		reason string
		in     string
		want   string
	}{
		"passes": {
			reason: "A package that passes is one line, as with plain go test.",
			in:     passA + packageOK,
			want:   "ok  \ta\t0.1s\n1 passed, 0 failed\n",
		},
		"subtests are not counted": {
			reason: "Top-level tests are counted; a table of cases is one test.",
			in: `{"Action":"run","Package":"a","Test":"TestT"}
{"Action":"run","Package":"a","Test":"TestT/one"}
{"Action":"pass","Package":"a","Test":"TestT/one"}
{"Action":"pass","Package":"a","Test":"TestT"}
` + packageOK,
			want: "ok  \ta\t0.1s\n1 passed, 0 failed\n",
		},
		"fails": {
			reason: "A failing test's output is shown, a passing neighbour's is not.",
			in: passA + `{"Action":"run","Package":"a","Test":"TestB"}
{"Action":"output","Package":"a","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"a","Test":"TestB","Output":"    b_test.go:1: broken\n"}
{"Action":"fail","Package":"a","Test":"TestB"}
{"Action":"output","Package":"a","Output":"FAIL\ta\t0.1s\n"}
{"Action":"fail","Package":"a"}
`,
			want: "    b_test.go:1: broken\nFAIL\ta\t0.1s\n1 passed, 1 failed\n",
		},
		"does not build": {
			reason: "No test ran, and yet the run must not look clean.",
			in: `{"ImportPath":"a [a.test]","Action":"build-output","Output":"a.go:1: syntax error\n"}
{"ImportPath":"a [a.test]","Action":"build-fail"}
{"Action":"output","Package":"a","Output":"FAIL\ta [build failed]\n"}
{"Action":"fail","Package":"a","FailedBuild":"a [a.test]"}
`,
			want: "a.go:1: syntax error\nFAIL\ta [build failed]\n0 passed, 1 failed\n",
		},
		"dies in the middle": {
			reason: "A panic ends the process: the test it happened in has no end of its own, and is the failure.",
			in: passA + `{"Action":"run","Package":"a","Test":"TestB"}
{"Action":"output","Package":"a","Test":"TestB","Output":"panic: no\n"}
{"Action":"output","Package":"a","Output":"FAIL\ta\t0.1s\n"}
{"Action":"fail","Package":"a"}
`,
			want: "panic: no\nFAIL\ta\t0.1s\n1 passed, 1 failed\n",
		},
		"go test was killed": {
			reason: "A package without an end has not passed.",
			in:     passA,
			want:   "FAIL\ta [did not end]\n1 passed, 1 failed\n",
		},
		"skips": {
			reason: "A skipped test is named, and is neither passed nor failed.",
			in: `{"Action":"run","Package":"a","Test":"TestS"}
{"Action":"skip","Package":"a","Test":"TestS"}
` + passA + packageOK,
			want: "ok  \ta\t0.1s\n1 skipped: a TestS\n1 passed, 0 failed\n",
		},
		"not an event": {
			reason: "What go test says outside its protocol is not swallowed.",
			in:     "go: warning: something\n",
			want:   "go: warning: something\n0 passed, 0 failed\n",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out)
			if err := r.read(strings.NewReader(tc.in)); err != nil {
				t.Fatalf("%s: read: %v", tc.reason, err)
			}
			r.close()
			if diff := cmp.Diff(tc.want, out.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
