// Package httpx is the HTTP client of every outbound call. It bounds what it reads, refuses addresses that no outside
// system has, follows no redirect, and turns each failure into a classified *provider.Error whose text is stable and holds
// no URL, no address and nothing that the remote system sent.
//
// It keeps no deadline of its own beyond connecting: the caller's context has it.
package httpx

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

const (
	// MaxBody is the largest answer that Do reads, in bytes after decompression.
	MaxBody = 1 << 20

	userAgent = "contact-operator"

	dialTimeout      = 10 * time.Second
	tlsTimeout       = 10 * time.Second
	keepAlive        = 30 * time.Second
	idleTimeout      = 90 * time.Second
	idleConns        = 512
	idleConnsPerHost = 64
	maxHeaderBytes   = 256 << 10
	pingAfter        = 30 * time.Second
	pingTimeout      = 15 * time.Second
)

// Options are the choices that a caller of New has.
type Options struct {
	// AllowLoopback lets calls reach this machine itself: for local use and for tests.
	AllowLoopback bool
	// RootCAs are trusted instead of the system's.
	RootCAs *x509.CertPool
}

// New makes a client. It is meant to be shared: connections are kept and used again.
//
// Proxies are taken from the environment. Behind one, host names are resolved by the proxy, so only the proxy can refuse
// what they resolve to; an address written into a URL is checked here all the same.
func New(o Options) *http.Client {
	guard := guard{allowLoopback: o.AllowLoopback}
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive, Control: guard.control}
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true, // a dialer of one's own turns it off
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    tlsTimeout,
		MaxIdleConns:           idleConns,
		MaxIdleConnsPerHost:    idleConnsPerHost,
		IdleConnTimeout:        idleTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeaderBytes,
		// A dead HTTP/2 connection is shared by many calls: it is found by a ping, not by their deadlines.
		HTTP2: &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
	}
	return &http.Client{
		Transport: &roundTripper{next: transport, guard: guard},
		// A redirect is an answer like any other. Followed, it would carry credentials and personal data elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// roundTripper names the client and checks addresses that are written into the URL, which a proxy would hide from the
// dialer.
type roundTripper struct {
	next  *http.Transport
	guard guard
}

func (t *roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if addr, err := netip.ParseAddr(r.URL.Hostname()); err == nil {
		if err := t.guard.check(addr); err != nil {
			if r.Body != nil {
				_ = r.Body.Close() // a RoundTripper closes the body, also when it fails
			}
			return nil, err
		}
	}
	if _, named := r.Header["User-Agent"]; !named {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", userAgent)
	}
	return t.next.RoundTrip(r)
}

// CloseIdleConnections is called by the http.Client method of the same name.
func (t *roundTripper) CloseIdleConnections() { t.next.CloseIdleConnections() }

// Response is an answer that was read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// RetryAfter is the least time to wait that the answer names, 0 when it names none. At most MaxRetryAfter.
	RetryAfter time.Duration
}

// Do sends a request and reads the whole answer, MaxBody bytes at most. Any status is an answer, not an error.
//
// An error is always a *provider.Error. Where it came after the status line (the body broke off, or is too large), the
// Response has all but the Body, so that a refusal is known as one.
func Do(ctx context.Context, client *http.Client, req *http.Request) (Response, error) {
	return do(ctx, client, req, MaxBody)
}

// do is Do with a limit of its own, in bytes.
func do(ctx context.Context, client *http.Client, req *http.Request, limit int) (Response, error) {
	res, err := client.Do(req.WithContext(ctx))
	if err != nil {
		return Response{}, transportError(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()

	out := Response{
		Status:     res.StatusCode,
		Header:     res.Header,
		RetryAfter: RetryAfter(res.Header, time.Now()),
	}
	if res.ContentLength > int64(limit) {
		return out, errTooLarge(limit)
	}
	body, err := readBody(res, limit)
	if err != nil {
		return out, transportError(ctx, err)
	}
	if len(body) > limit {
		// Not drained: closing an unread body drops the connection, which costs less than reading what is left.
		return out, errTooLarge(limit)
	}
	out.Body = body
	return out, nil
}

func readBody(res *http.Response, limit int) ([]byte, error) {
	var buf bytes.Buffer
	if res.ContentLength > 0 {
		buf.Grow(int(res.ContentLength) + bytes.MinRead) // ReadFrom wants room to see the end
	}
	_, err := buf.ReadFrom(io.LimitReader(res.Body, int64(limit)+1))
	return buf.Bytes(), err
}

func errTooLarge(limit int) *provider.Error {
	return provider.Errorf(provider.Transient, "the service's answer is larger than %d KiB: check that the url is that of its API",
		limit>>10)
}

// NewRequest is http.NewRequestWithContext for a body that is at hand: the request has a Content-Length, without which
// some services refuse it, and can be sent again on a new connection. No body is nil. Its error is a *provider.Error of
// class Config, without the URL.
func NewRequest(ctx context.Context, method, target string, body []byte) (*http.Request, error) {
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, r)
	if err != nil {
		return nil, &provider.Error{Class: provider.Config, Message: "the request can't be made: check method and url", Err: withoutURL(err)}
	}
	return req, nil
}

// withoutURL takes the URL, which may hold a person's address, out of an error of net/http.
func withoutURL(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}
