// Package kubeclient bounds what the operator asks of the API server, and counts it.
package kubeclient

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
)

// Writes is how many writes are in flight at most, and who counts them.
type Writes struct {
	slots chan struct{}
	total *prometheus.CounterVec
}

// NewWrites makes a limit of n writes in flight at a time, and registers its counter. More would only queue up inside the
// API server, and make each of them slow.
func NewWrites(n int, registry prometheus.Registerer) (*Writes, error) {
	w := &Writes{
		slots: make(chan struct{}, n),
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contact_operator_api_writes_total",
			Help: "Writes to the API server, by method, resource and status code; code 0 is a write without an answer. Events and leases are not among them.",
		}, []string{"method", "resource", "code"}),
	}
	return w, registry.Register(w.total)
}

// Limit returns a copy of a client configuration whose writes keep to the limit. Client-side rate limiting is off: the API
// server's own priority and fairness does it better.
//
// Watches, leases and events should go through a configuration of their own, so that they never wait for a write.
func (w *Writes) Limit(config *rest.Config) *rest.Config {
	limited := rest.CopyConfig(config)
	limited.QPS = -1
	limited.Wrap(func(next http.RoundTripper) http.RoundTripper { return &limiter{next: next, writes: w} })
	return limited
}

type limiter struct {
	next   http.RoundTripper
	writes *Writes
}

func (l *limiter) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodGet {
		return l.next.RoundTrip(request)
	}
	select {
	case l.writes.slots <- struct{}{}:
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
	defer func() { <-l.writes.slots }()
	response, err := l.next.RoundTrip(request)
	code := 0
	if err == nil {
		code = response.StatusCode
	}
	l.writes.total.WithLabelValues(request.Method, resource(request.URL.Path), strconv.Itoa(code)).Inc()
	return response, err
}

// resource is the resource, and the subresource, in the path of a request.
func resource(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	at := 2 // api, version
	if parts[0] == "apis" {
		at = 3 // apis, group, version
	}
	if len(parts) > at+2 && parts[at] == "namespaces" {
		at += 2
	}
	if len(parts) <= at {
		return "unknown"
	}
	if len(parts) > at+2 {
		return parts[at] + "/" + parts[at+2]
	}
	return parts[at]
}
