package system

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLeaksAreFoundInEveryLog(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	s := &System{Dir: dir}
	if _, err := s.Leaks("ada"); err == nil {
		t.Error("there are no logs, and so no leaks: a wrong folder would leak nothing")
	}
	for name, text := range map[string]string{
		"etcd.log": "", "kube-apiserver.log": "well\n", "contact-operator.log": "one\nADA@example.com is here\nthree\n",
		"contact-intake.log": "nobody", "sandbox.log": "Ada again, without a line break",
	} {
		if err := os.WriteFile(filepath.Join(logs, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Leaks("nowhere", "ada")
	if err != nil {
		t.Fatal(err)
	}
	want := []Leak{{"contact-operator.log", "ADA@example.com is here"}, {"sandbox.log", "Ada again, without a line break"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
