package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// What a listener can't be brought to do in a test.
func TestTransportError(t *testing.T) {
	t.Parallel()
	unverified := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	cases := map[string]struct {
		err         error
		wantClass   provider.Class
		wantMessage string // part of it
	}{
		"unknown host":        {&net.DNSError{Err: "no such host", Name: "crm.example", IsNotFound: true}, provider.Transient, "not known to DNS"},
		"DNS is down":         {&net.DNSError{Err: "server misbehaving", Name: "crm.example", IsTemporary: true}, provider.Transient, "DNS gave no answer"},
		"DNS is slow":         {&net.DNSError{Err: "i/o timeout", Name: "crm.example", IsTimeout: true}, provider.Transient, "DNS gave no answer"},
		"something is slow":   {&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, provider.Transient, "no answer within the deadline"},
		"no route":            {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}, provider.Transient, "no route"},
		"broken pipe":         {&net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, provider.Transient, "reset the connection"},
		"closed early":        {fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), provider.Transient, "closed the connection"},
		"anything else":       {errors.New("REMOTE-MARKER"), provider.Transient, "failed"},
		"certificate expired": {unverified(x509.CertificateInvalidError{Reason: x509.Expired}), provider.Transient, "has expired"},
		"certificate misused": {unverified(x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}), provider.Config, "not valid for a server"},
		"unknown authority":   {unverified(x509.UnknownAuthorityError{}), provider.Config, "--trusted-ca-file"},
		"not TLS":             {http.ErrSchemeMismatch, provider.Config, "does not speak TLS"},
		"alert":               {&net.OpError{Op: "remote error", Err: tls.AlertError(40)}, provider.Transient, "no TLS connection"},
		"refused by guard":    {&net.OpError{Op: "dial", Err: guard{}.control("tcp", "127.0.0.1:80", nil)}, provider.Config, "--allow-loopback"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := transportError(context.Background(), &url.Error{Op: "Put", URL: "https://crm.example/ada@example.com", Err: tc.err}, 0)
			e := provider.AsError(err)
			if e.Class != tc.wantClass || !strings.Contains(e.Message, tc.wantMessage) {
				t.Errorf("got %v, want %s with %q", err, tc.wantClass, tc.wantMessage)
			}
			for _, leak := range []string{"crm.example", "ada@", "REMOTE-MARKER"} {
				if strings.Contains(err.Error(), leak) {
					t.Errorf("the error shows %q: %v", leak, err)
				}
			}
			if e.Err != nil && !errors.Is(err, tc.err) {
				t.Error("the cause is lost")
			}
		})
	}
}

// What there was no time left for is told: it says where to look.
func TestPhases(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	for reached, want := range map[phase]string{
		resolving: "DNS gave no answer", connecting: "no connection to the service", handshaking: "the TLS handshake", waiting: "no answer within",
		reading: "did not end within", 0: "no answer within",
	} {
		for name, ctx := range map[string]context.Context{"the call's deadline": ended, "its own": context.Background()} {
			err := provider.AsError(transportError(ctx, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, reached))
			if err.Class != provider.Transient || !strings.Contains(err.Message, want) {
				t.Errorf("%s, %d: %v, want %q", name, reached, err, want)
			}
		}
	}
}
