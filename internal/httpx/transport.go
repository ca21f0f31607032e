package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// transportError classifies a call that got no answer, by its cause and by how far it had come. The cause is kept without its URL, for errors.Is and errors.As.
func transportError(ctx context.Context, err error, reached phase) error {
	err = withoutURL(err)
	// The guard's own refusal comes wrapped by the dialer.
	if refused := (*provider.Error)(nil); errors.As(err, &refused) {
		return refused
	}
	class, message := provider.Transient, ""
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		// The cause given to the cancel function may be any error: say plainly what it was.
		return &provider.Error{Class: class, Message: "the call was cancelled before there was an answer", Err: context.Canceled}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &provider.Error{Class: class, Message: reached.ranOut(), Err: context.DeadlineExceeded}
	case isTLS(err):
		class, message = tlsError(err)
	default:
		message = connectionError(err, reached)
	}
	return &provider.Error{Class: class, Message: message, Err: err}
}

func connectionError(err error, reached phase) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the url's host name is not known to DNS"
	case errors.As(err, &dns):
		return "DNS gave no answer for the url's host name"
	case errors.As(err, &timeout) && timeout.Timeout():
		return reached.ranOut()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the service refused the connection"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return "the service reset the connection"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "the network has no route to the service"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return "the service closed the connection before its answer was complete"
	}
	return "the connection to the service failed, or its answer was not HTTP"
}

func isTLS(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		record       tls.RecordHeaderError
		op           *net.OpError
	)
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &verification) || errors.As(err, &record) ||
		// An alert has no exported type; crypto/tls marks it by these operations.
		errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error")
}

// tlsError tells what the Integration has to be corrected for from what passes: an expired certificate is renewed by the
// service's owner, and nothing in the cluster changes when it is, so it has to be tried again.
func tlsError(err error) (provider.Class, string) {
	var (
		hostname  x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return provider.Config, "the service does not speak TLS at this address: check scheme and port of the url"
	case errors.As(err, &hostname):
		return provider.Config, "the service's TLS certificate is for another host name: check the host of the url"
	case errors.As(err, &authority):
		return provider.Config, "the service's TLS certificate is signed by an authority that is not trusted here: " +
			"give the authority's certificate in --trusted-ca-file"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return provider.Transient, "the service's TLS certificate has expired or is not yet valid: " +
			"its owner has to renew it, unless this node's clock is wrong"
	case errors.As(err, &invalid):
		return provider.Config, "the service's TLS certificate is not valid for a server: its owner has to replace it"
	}
	return provider.Transient, "no TLS connection could be agreed on with the service"
}
