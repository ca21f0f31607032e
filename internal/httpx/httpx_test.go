package httpx

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// marker stands for whatever a service sends: it must not come up in an error.
const marker = "REMOTE-MARKER"

func get(ctx context.Context, t *testing.T, client *http.Client, target string) (Response, error) {
	t.Helper()
	req, err := NewRequest(ctx, http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return Do(ctx, client, req)
}

func TestDoReadsAnswers(t *testing.T) {
	t.Parallel()
	var redirected atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Seen-Agent", r.UserAgent())
		_, _ = io.WriteString(w, "hello")
	})
	mux.HandleFunc("/full", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), MaxBody))
	})
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/target", http.StatusFound)
	})
	mux.HandleFunc("/target", func(http.ResponseWriter, *http.Request) { redirected.Store(true) })
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	client := New(Options{AllowLoopback: true})

	cases := map[string]struct {
		wantStatus int
		wantBody   int
		wantRetry  time.Duration
	}{
		"/ok":       {wantStatus: 200, wantBody: 5},
		"/full":     {wantStatus: 200, wantBody: MaxBody},
		"/busy":     {wantStatus: 503, wantRetry: 7 * time.Second},
		"/redirect": {wantStatus: 302, wantBody: len("<a href=\"/target\">Found</a>.\n\n")},
	}
	for path, tc := range cases {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			res, err := get(t.Context(), t, client, srv.URL+path)
			if err != nil {
				t.Fatal(err)
			}
			if res.Status != tc.wantStatus || len(res.Body) != tc.wantBody || res.RetryAfter != tc.wantRetry {
				t.Errorf("got status %d, %d bytes, retry after %v", res.Status, len(res.Body), res.RetryAfter)
			}
			if path == "/ok" && !strings.HasPrefix(res.Header.Get("Seen-Agent"), "contact-operator/") {
				t.Errorf("user agent is %q", res.Header.Get("Seen-Agent"))
			}
		})
	}
	t.Cleanup(func() {
		if redirected.Load() {
			t.Error("a redirect was followed")
		}
	})
}

func TestDoReusesConnections(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, marker)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	client := New(Options{AllowLoopback: true})
	for range 5 {
		if _, err := get(t.Context(), t, client, srv.URL); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 5 calls one after the other, want 1", n)
	}
}

// raw serves each connection with a function of its own, for what net/http would never send.
func raw(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			serve(c.(*net.TCPConn))
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "http://" + l.Addr().String()
}

func TestDoClassifiesTransportFailures(t *testing.T) {
	t.Parallel()
	tooLarge := "the service's answer is larger than 1024 KiB: check that the url is that of its API"
	big := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := bytes.Repeat([]byte("x"), MaxBody+1)
		switch r.URL.Path {
		case "/gzip": // small on the wire
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(body)
			_ = z.Close()
		case "/chunked":
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write(body)
		default:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write(body)
		}
	}))
	t.Cleanup(big.Close)
	tlsServer := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(tlsServer.Close)
	tlsServer.Config.ErrorLog = nil

	cases := map[string]struct {
		url         string
		wantStatus  int
		wantClass   provider.Class
		wantMessage string
	}{
		"nobody listens": {
			url: closedPort(t), wantClass: provider.Transient, wantMessage: "the service refused the connection",
		},
		"reset": {
			url:       raw(t, func(c *net.TCPConn) { _ = c.SetLinger(0) }),
			wantClass: provider.Transient, wantMessage: "the service reset the connection",
		},
		"closed without an answer": {
			url:       raw(t, func(*net.TCPConn) {}),
			wantClass: provider.Transient, wantMessage: "the service closed the connection before its answer was complete",
		},
		"closed within the body": {
			url: raw(t, func(c *net.TCPConn) {
				_, _ = io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n"+marker)
			}),
			wantStatus: 403,
			wantClass:  provider.Transient, wantMessage: "the service closed the connection before its answer was complete",
		},
		"not HTTP": {
			url:       raw(t, func(c *net.TCPConn) { _, _ = io.WriteString(c, marker+"\r\n\r\n") }),
			wantClass: provider.Transient, wantMessage: "the connection to the service failed, or its answer was not HTTP",
		},
		"too large, length given": {url: big.URL, wantStatus: 401, wantClass: provider.Transient, wantMessage: tooLarge},
		"too large, chunked":      {url: big.URL + "/chunked", wantStatus: 200, wantClass: provider.Transient, wantMessage: tooLarge},
		"too large, compressed":   {url: big.URL + "/gzip", wantStatus: 200, wantClass: provider.Transient, wantMessage: tooLarge},
		"TLS where there is none": {
			url:       strings.Replace(raw(t, func(c *net.TCPConn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }), "http:", "https:", 1),
			wantClass: provider.Config, wantMessage: "the service does not speak TLS at this address: check scheme and port of the url",
		},
		"unknown authority": {
			url: tlsServer.URL, wantClass: provider.Config,
			wantMessage: "the service's TLS certificate is signed by an authority that is not trusted here: " +
				"give the authority's certificate in --trusted-ca-file",
		},
		"metadata": {
			url: "http://169.254.169.254/latest/", wantClass: provider.Config,
			wantMessage: "the url's host is a link-local address (where cloud metadata lives), which is always refused: give the address of a service",
		},
	}
	client := New(Options{AllowLoopback: true})
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := get(t.Context(), t, client, tc.url+"?email=ada@example.com")
			got, ok := err.(*provider.Error) //nolint:errorlint // the contract is this very type
			if !ok {
				t.Fatalf("got %T %v, want a *provider.Error", err, err)
			}
			if diff := cmp.Diff(provider.Error{Class: tc.wantClass, Message: tc.wantMessage}, provider.Error{Class: got.Class, Message: got.Message}); diff != "" {
				t.Error(diff)
			}
			if res.Status != tc.wantStatus {
				t.Errorf("status %d, want %d", res.Status, tc.wantStatus)
			}
			for _, leak := range []string{marker, "ada@", "127.0.0.1"} {
				if strings.Contains(got.Error(), leak) {
					t.Errorf("the error shows %q: %v", leak, got)
				}
			}
			if cause := errors.Unwrap(got); cause != nil && strings.Contains(cause.Error(), "ada@") {
				t.Errorf("the cause still has the URL: %v", cause)
			}
		})
	}
}

func TestDoRefusesLoopbackByDefault(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the call was made") }))
	t.Cleanup(srv.Close)
	client := New(Options{})
	for name, target := range map[string]string{
		"address": srv.URL,
		"name":    strings.Replace(srv.URL, "127.0.0.1", "localhost", 1),
	} {
		_, err := get(t.Context(), t, client, target)
		if e := provider.AsError(err); err == nil || e.Class != provider.Config || !strings.Contains(e.Message, "--allow-loopback") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestDoTrustsGivenAuthorities(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(srv.Close)
	client := New(Options{AllowLoopback: true, RootCAs: srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})
	if _, err := get(t.Context(), t, client, srv.URL); err != nil {
		t.Fatal(err)
	}
	_, err := get(t.Context(), t, client, strings.Replace(srv.URL, "127.0.0.1", "localhost", 1))
	if e := provider.AsError(err); e.Class != provider.Config || !strings.Contains(e.Message, "for another host name") {
		t.Errorf("got %v", err)
	}
}

func TestDoEndsWithItsContext(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = io.WriteString(w, marker)
			_ = http.NewResponseController(w).Flush()
		}
		arrived <- struct{}{}
		<-release
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(release) })
	client := New(Options{AllowLoopback: true})

	for path, message := range map[string]string{
		"/headers": "no answer within the deadline", "/body": "the service's answer did not end within the deadline",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := get(ctx, t, client, srv.URL+path)
		cancel()
		<-arrived
		if e := provider.AsError(err); e.Class != provider.Transient || e.Message != message ||
			!errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: deadline: %v, caused by %v", path, err, errors.Unwrap(err))
		}

		ctx, stop := context.WithCancelCause(t.Context())
		go func() {
			<-arrived
			stop(errors.New("shutting down"))
		}()
		_, err = get(ctx, t, client, srv.URL+path)
		if !errors.Is(err, context.Canceled) || provider.AsError(err).Class != provider.Transient {
			t.Errorf("%s: cancelled: %v", path, err)
		}
	}
}

func TestNewRequest(t *testing.T) {
	t.Parallel()
	req, err := NewRequest(t.Context(), http.MethodPut, "https://crm.example/", []byte("{}"))
	if err != nil || req.ContentLength != 2 || req.GetBody == nil {
		t.Errorf("length %d, repeatable %v, %v", req.ContentLength, req.GetBody != nil, err)
	}
	_, err = NewRequest(t.Context(), http.MethodPut, "https://crm.example/%zz?email=ada@example.com", nil)
	if e := provider.AsError(err); e.Class != provider.Config || strings.Contains(e.Error()+e.Err.Error(), "ada@") {
		t.Errorf("got %v, caused by %v", err, e.Err)
	}
}
