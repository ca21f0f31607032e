package main

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLockKeepsASecondLauncherOut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder's mode is %v (%v), want rwx for the owner alone", info.Mode().Perm(), err)
	}
	if _, err := lock(dir); err == nil || !strings.Contains(err.Error(), "another launcher") || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second launcher is told: %v", err)
	}
	unlock()
	unlock, err = lock(dir)
	if err != nil {
		t.Fatalf("after the first one ended: %v", err)
	}
	unlock()
}

func TestTokensAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens.csv")
	first, err := tokens(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v (%v), want rw for the owner alone", info.Mode().Perm(), err)
	}
	again, err := tokens(file)
	if diff := cmp.Diff(first, again); err != nil || diff != "" {
		t.Errorf("error %v, tokens (-first +again):\n%s", err, diff)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	user := "system:serviceaccount:contact-operator-system:contact-intake"
	want := first[user] + "," + user + "," + user + `,"system:serviceaccounts,system:serviceaccounts:contact-operator-system"`
	if len(first) != 3 || !strings.Contains(string(data), want+"\n") {
		t.Errorf("%d tokens; the intake's line is not as the API server wants it", len(first))
	}
}

func TestAuthorityIsKeptAndSigns(t *testing.T) {
	dir := t.TempDir()
	first, err := openAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := openAuthority(dir)
	if err != nil || !again.cert.Equal(first.cert) {
		t.Fatalf("second run: error %v, or another authority", err)
	}
	if err := again.issue("server"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(again.certFile("server"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(first.cert)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if err := os.WriteFile(again.certFile("ca"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openAuthority(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a damaged authority: error %v, want one that names the folder", err)
	}
}
