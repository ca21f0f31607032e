package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadOptions(t *testing.T) {
	for name, tc := range map[string]struct {
		args      []string
		wantParts []string
		wantErr   string
	}{
		"all by default":          {wantParts: allParts},
		"blank, as make gives it": {args: []string{"--parts="}, wantParts: allParts},
		"some":                    {args: []string{"--parts=burst, ratio"}, wantParts: []string{partBurst, partRatio}},
		"an unknown part":         {args: []string{"--parts=speed"}, wantErr: `"speed" is none of`},
		"no rounds, no median":    {args: []string{"--rounds=0"}, wantErr: "--rounds is 0"},
		"a latency that is none":  {args: []string{"--latencies=fast"}, wantErr: "--latencies"},
		"fewer finished than unfinished": {
			args: []string{"--unfinished=10", "--finished=9"}, wantErr: "--finished must be at least --unfinished",
		},
		"an argument without a flag": {args: []string{"ratio"}, wantErr: "unexpected arguments: ratio"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := readOptions(tc.args)
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Fatalf("error %v, want %q", err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.wantParts, o.parts); diff != "" {
				t.Error(diff)
			}
		})
	}
}
