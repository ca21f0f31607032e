package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadSettings(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Dir(self)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		env  map[string]string
		want func(*settings)
		// wantErr: the usage is wrong
		wantErr bool
	}{
		"the defaults": {
			want: func(*settings) {},
		},
		"the environment changes state and addresses": {
			env: map[string]string{"LOCAL_DIR": "/var/tmp/state", envIntake: "127.0.0.1:9", envSandbox: ":7"},
			want: func(s *settings) {
				s.Dir = "/var/tmp/state"
				s.Addresses[0].value = "127.0.0.1:9"
				s.Addresses[4].value = ":7"
			},
		},
		"flags change the folders, which become absolute": {
			args: []string{"--root=.", "--assets", "k8s"},
			want: func(s *settings) { s.Root, s.Assets = here, filepath.Join(here, "k8s") },
		},
		"parts are left out, and given more flags": {
			args: []string{"--without=contact-operator", "--without=contact-intake"},
			env:  map[string]string{envOperatorFlags: "--workers=3 --pprof-bind-address=:6060"},
			want: func(s *settings) {
				s.Without = []string{partOperator, partIntake}
				s.Flags[partOperator] = []string{"--workers=3", "--pprof-bind-address=:6060"}
			},
		},
		"Alertmanager is left out": {
			env: map[string]string{envAlertmanager: "0"},
			want: func(s *settings) {
				s.Addresses = s.Addresses[:len(s.Addresses)-1]
				s.Without = []string{partAlertmanager}
			},
		},
		"a part that is needed":  {args: []string{"--without=etcd"}, wantErr: true},
		"an unknown flag":        {args: []string{"--port=1"}, wantErr: true},
		"an argument too many":   {args: []string{"start"}, wantErr: true},
		"a flag without a value": {args: []string{"--root"}, wantErr: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readSettings(tc.args, func(name string) string { return tc.env[name] })
			if (err != nil) != tc.wantErr {
				t.Fatalf("error %v, want one: %v", err, tc.wantErr)
			}
			if tc.wantErr {
				return
			}
			want := settings{Root: filepath.Dir(bin), Bin: bin, Dir: filepath.Join(here, ".local"), Addresses: defaultAddresses(), Flags: map[string][]string{}}
			tc.want(&want)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(address{})); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}
