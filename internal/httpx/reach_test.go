package httpx

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/http/httpproxy"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// resolverOf answers every question for an IPv4 address with the next of a list, and with the last one for ever.
func resolverOf(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		buf := make([]byte, 1024)
		for asked := 0; ; {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				addr := netip.MustParseAddr(answers[min(asked, len(answers)-1)])
				asked++
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 0},
					Body:   &dnsmessage.AResource{A: addr.As4()},
				}}
			}
			if packed, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		serving.Wait()
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// A name that leads elsewhere when it is asked for again is checked each time, at the moment of connecting.
func TestANameThatChangesItsMind(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(srv.Close)
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client := New(Options{AllowLoopback: true, resolver: resolverOf(t, "127.0.0.1", "10.0.0.1", "169.254.169.254")})
	target := "http://crm.example:" + port
	if _, err := get(t.Context(), t, client, target); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--allow-networks", "link-local"} {
		client.CloseIdleConnections()
		_, err := get(t.Context(), t, client, target)
		if err == nil || provider.AsError(err).Class != provider.Config || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want a refusal with %s", err, want)
		}
	}
	if n := calls.Load(); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

// A private service is called once its network is allowed, by name as well as by address.
func TestAllowedNetworks(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(srv.Close)
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{srv.URL, "http://crm.example:" + port} {
		client := New(Options{Allow: prefixes("127.0.0.1/32"), resolver: resolverOf(t, "127.0.0.1")})
		if _, err := get(t.Context(), t, client, target); err != nil {
			t.Errorf("allowed: %v", err)
		}
		client = New(Options{AllowLoopback: true, Deny: prefixes("127.0.0.0/8"), resolver: resolverOf(t, "127.0.0.1")})
		if _, err := get(t.Context(), t, client, target); err == nil || !strings.Contains(err.Error(), "--deny-networks") {
			t.Errorf("denied: %v", err)
		}
	}
}

// A redirect to another host is an answer: neither credentials nor the body go there.
func TestRedirectsToOtherHosts(t *testing.T) {
	t.Parallel()
	var followed atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Store(true) }))
	t.Cleanup(elsewhere.Close)
	for _, code := range []int{301, 302, 303, 307, 308} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, code) }))
		req, err := NewRequest(t.Context(), http.MethodPost, srv.URL, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer x")
		res, err := Do(t.Context(), New(Options{AllowLoopback: true}), req)
		if err != nil || res.Status != code || followed.Load() {
			t.Errorf("%d: %v, status %d, followed %v", code, err, res.Status, followed.Load())
		}
		srv.Close()
	}
}

func TestTLSVersions(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		srv.TLS = &tls.Config{MinVersion: version, MaxVersion: version} //nolint:gosec // the old ones are what is tested
		srv.StartTLS()
		srv.Config.ErrorLog = nil
		t.Cleanup(srv.Close)
		client := New(Options{AllowLoopback: true, RootCAs: srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})
		_, err := get(t.Context(), t, client, srv.URL)
		if wanted := version >= tls.VersionTLS12; (err == nil) != wanted {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}

// proxy is one that answers itself, and notes what it is asked for.
type proxy struct {
	*httptest.Server
	status int

	mu   sync.Mutex
	seen []string
}

func newProxy(t *testing.T, status int) *proxy {
	t.Helper()
	p := &proxy{status: status}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.seen = append(p.seen, r.Method+" "+r.RequestURI)
		p.mu.Unlock()
		w.WriteHeader(p.status)
		_, _ = w.Write([]byte(marker))
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) client(o Options) *http.Client {
	o.Proxy = &httpproxy.Config{HTTPProxy: p.URL, HTTPSProxy: p.URL, NoProxy: "direct.example"}
	return New(o)
}

// A proxy is reached wherever it is; what it hides from the dialer, an address in the URL, is checked all the same.
func TestProxy(t *testing.T) {
	t.Parallel()
	p := newProxy(t, http.StatusOK)
	client := p.client(Options{}) // on loopback, which Integrations may not call
	res, err := get(t.Context(), t, client, "http://crm.example/v1")
	if err != nil || string(res.Body) != marker {
		t.Errorf("%v, %q", err, res.Body)
	}
	for target, want := range map[string]string{
		"http://169.254.169.254/latest": "link-local", "https://10.0.0.1/": "--allow-networks", "http://[::1]:80/": "--allow-loopback",
	} {
		if _, err := get(t.Context(), t, client, target); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a refusal with %s", target, err, want)
		}
	}
	if want := []string{"GET http://crm.example/v1"}; !slices.Equal(p.seen, want) {
		t.Errorf("the proxy was asked for %q, want %q", p.seen, want)
	}
}

// Whoever needs no proxy goes past it.
func TestNoProxy(t *testing.T) {
	t.Parallel()
	p := newProxy(t, http.StatusOK)
	client := p.client(Options{resolver: resolverOf(t, "10.0.0.1")})
	if _, err := get(t.Context(), t, client, "http://direct.example/"); err == nil || !strings.Contains(err.Error(), "--allow-networks") {
		t.Errorf("%v: the guard did not see where it leads", err)
	}
	if len(p.seen) != 0 {
		t.Errorf("the proxy was asked for %q", p.seen)
	}
}

func TestProxyRefusals(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]struct {
		class   provider.Class
		message string
	}{
		407: {provider.Config, "the proxy wants other credentials (status 407)"},
		403: {provider.Config, "the proxy does not let the operator reach the service (status 403)"},
		502: {provider.Transient, "the proxy could not reach the service (status 502)"},
		504: {provider.Transient, "the proxy could not reach the service (status 504)"},
	} {
		p := newProxy(t, status)
		_, err := get(t.Context(), t, p.client(Options{}), "https://crm.example/?email=ada@example.com")
		e := provider.AsError(err)
		if err == nil || e.Class != want.class || !strings.HasPrefix(e.Message, want.message) {
			t.Errorf("%d: %v, want %s: %s", status, err, want.class, want.message)
		}
		if strings.Contains(e.Message, marker) || strings.Contains(e.Message, "crm.example") {
			t.Errorf("the message shows too much: %s", e.Message)
		}
	}
}

// A proxy may be known by a name without a scheme or a port, and is then where the transport looks for it.
func TestProxies(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://proxy.example:3128": "proxy.example:3128", "proxy.example:3128": "proxy.example:3128", "http://proxy.example": "proxy.example:80",
		"https://user:password@proxy.example": "proxy.example:443", "socks5://10.0.0.1": "10.0.0.1:1080", "http://[fd00::1]:8080": "[fd00::1]:8080",
	} {
		if got := proxies(&httpproxy.Config{HTTPSProxy: text}); len(got) != 1 || !got[want] {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
	if got := proxies(&httpproxy.Config{}); len(got) != 0 {
		t.Errorf("%v without any", got)
	}
}

func TestCredentialsInAURL(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the call was made") }))
	t.Cleanup(srv.Close)
	_, err := get(t.Context(), t, New(Options{AllowLoopback: true}), strings.Replace(srv.URL, "http://", "http://user:sekret@", 1))
	if err == nil || provider.AsError(err).Class != provider.Config || strings.Contains(err.Error(), "sekret") {
		t.Errorf("%v", err)
	}
}

func TestAgent(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"v1.2.3": "contact-operator/v1.2.3", "v0.0.0-20261125101112-abcdef012345+dirty": "contact-operator/v0.0.0-20261125101112-abcdef012345+dirty",
		"(devel)": "contact-operator/devel", "": "contact-operator/devel", "v1\r\nX: y": "contact-operator/v1Xy",
	} {
		if got := agentOf(version); got != want {
			t.Errorf("%q: %q, want %q", version, got, want)
		}
	}
}
