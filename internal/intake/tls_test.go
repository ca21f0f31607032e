package intake

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
)

// writeCertificate writes a certificate for 127.0.0.1 with this serial number, the way Secrets are mounted: the files are
// replaced.
func writeCertificate(t *testing.T, dir string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: "intake"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"tls.key": {Type: "PRIVATE KEY", Bytes: keyDER}, "tls.crt": {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTLSFollowsTheFiles(t *testing.T) {
	dir := t.TempDir()
	writeCertificate(t, dir, 1)
	watcher, config, err := newTLS("--tls", filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	changed := make(chan tls.Certificate, 16)
	watcher.RegisterCallback(func(c tls.Certificate) { changed <- c })
	<-changed // what is there already

	ctx, stop := context.WithCancel(t.Context())
	listener, err := listen(ctx, "--addr", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }),
		TLSConfig:         config,
		ErrorLog:          newServerLog(logr.Discard()),
		ReadHeaderTimeout: time.Minute,
	}
	ended := make(chan error, 2)
	go func() { ended <- watcher.Start(ctx) }()
	go func() { ended <- serve(ctx, server, listener) }()

	ask := func(t *testing.T, client *tls.Config) (*tls.ConnectionState, string, error) {
		t.Helper()
		client.InsecureSkipVerify = true //nolint:gosec // the test looks at the certificate itself
		transport := &http.Transport{TLSClientConfig: client, ForceAttemptHTTP2: true, DisableKeepAlives: true}
		answer, err := (&http.Client{Transport: transport}).Get("https://" + listener.Addr().String())
		if err != nil {
			return nil, "", err
		}
		defer func() { _ = answer.Body.Close() }()
		return answer.TLS, answer.Proto, nil
	}
	state, protocol, err := ask(t, &tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if serial := state.PeerCertificates[0].SerialNumber.Int64(); serial != 1 || protocol != "HTTP/2.0" {
		t.Errorf("certificate %d over %s, want 1 over HTTP/2.0", serial, protocol)
	}
	if _, _, err := ask(t, &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		t.Error("TLS 1.1 is accepted")
	}

	writeCertificate(t, dir, 2)
	<-changed
	if state, _, err = ask(t, &tls.Config{}); err != nil {
		t.Fatal(err)
	}
	if serial := state.PeerCertificates[0].SerialNumber.Int64(); serial != 2 {
		t.Errorf("certificate %d after the change, want 2", serial)
	}

	stop()
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
