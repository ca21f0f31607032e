package main

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// The fault "tls" must be what it says: a certificate that was good until yesterday, which is the service's owner's fault and
// passes by itself.
func TestTLSPortShowsAnExpiredCertificateWhileToldTo(t *testing.T) {
	sandbox := server.New(server.Options{})
	t.Cleanup(sandbox.Close)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// httptest has a certificate for loopback, and a client that trusts it.
	trusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(trusted.Close)
	expired, err := expiredCertificate()
	if err != nil {
		t.Fatal(err)
	}
	c := certificates{good: trusted.TLS.Certificates[0], expired: expired}
	srv := &http.Server{Handler: sandbox} //nolint:gosec // of the test
	go func() { _ = srv.Serve(c.over(plain, sandbox)) }()
	t.Cleanup(func() { _ = srv.Close() })

	transport, ok := trusted.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("httptest's client has another transport")
	}
	client := httpx.New(httpx.Options{AllowLoopback: true, RootCAs: transport.TLSClientConfig.RootCAs})
	call := func() error {
		r, err := httpx.NewRequest(t.Context(), http.MethodGet, "https://"+plain.Addr().String()+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := httpx.Do(t.Context(), client, r)
		client.CloseIdleConnections()
		if err == nil && res.Status != http.StatusOK {
			t.Errorf("status %d", res.Status)
		}
		return err
	}
	for _, step := range []struct {
		fault  server.Fault
		reason string
		fails  bool
	}{
		{server.Fault{Mode: server.ModeOK}, "no fault, the good certificate", false},
		{server.Fault{Mode: server.ModeTLS}, "the certificate has expired", true},
		{server.Fault{Mode: server.ModeOK}, "the owner has renewed it", false},
	} {
		if err := sandbox.SetFault(server.Marketing, step.fault); err != nil {
			t.Fatal(err)
		}
		err := call()
		var failure *provider.Error
		if got := errors.As(err, &failure); got != step.fails || got && failure.Class != provider.Transient {
			t.Errorf("%s: error is %v", step.reason, err)
		}
	}
}
