package httpx

import (
	"context"
	"net"
	"net/http"
	"net/url"

	"golang.org/x/net/http/httpproxy"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// proxies are those that the environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), each as host:port. Whoever set the environment has
// chosen them, so they are reached wherever they are.
func proxies(c *httpproxy.Config) map[string]bool {
	found := map[string]bool{}
	for _, text := range []string{c.HTTPProxy, c.HTTPSProxy} {
		if text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme == "" || u.Host == "" {
			u, err = url.Parse("http://" + text)
		}
		if err != nil || u.Hostname() == "" {
			continue // the transport complains when it is used
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
		}
		found[net.JoinHostPort(u.Hostname(), port)] = true
	}
	return found
}

// proxyRefusal says what it means that a proxy makes no connection. Without it, the transport's error is the proxy's own text.
func proxyRefusal(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	switch answer.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusProxyAuthRequired, http.StatusUnauthorized:
		return provider.Errorf(provider.Config, "the proxy wants other credentials (status %d): correct HTTPS_PROXY of the operator", answer.StatusCode)
	case http.StatusForbidden, http.StatusMethodNotAllowed:
		return provider.Errorf(provider.Config, "the proxy does not let the operator reach the service (status %d): allow its host there, or name it in NO_PROXY", answer.StatusCode)
	}
	return provider.Errorf(provider.Transient, "the proxy could not reach the service (status %d)", answer.StatusCode)
}
