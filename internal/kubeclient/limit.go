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
	reads chan struct{}
	total *prometheus.CounterVec
}

// readsPerWrite is how many reads may be in flight for each write: they cost the API server less, and are over sooner.
const readsPerWrite = 3

// NewWrites makes a limit of n writes in flight at a time, and three times as many reads, and registers a counter of the
// writes. More would only queue up inside the API server, and make each of them slow.
func NewWrites(n int, registry prometheus.Registerer) (*Writes, error) {
	w := &Writes{
		slots: make(chan struct{}, n),
		reads: make(chan struct{}, readsPerWrite*n),
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contact_operator_api_writes_total",
			Help: "Writes to the API server, by method, resource and status code; code 0 is a write without an answer. Events and leases are not among them.",
		}, []string{"method", "resource", "code"}),
	}
	return w, registry.Register(w.total)
}

// Limit returns a copy of a client configuration whose requests keep to the limits. Client-side rate limiting is off: the API
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
	slots, counts := l.writes.slots, true
	if request.Method == http.MethodGet {
		slots, counts = l.writes.reads, false
	}
	select {
	case slots <- struct{}{}:
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
	defer func() { <-slots }()
	response, err := l.next.RoundTrip(request)
	if !counts {
		return response, err
	}
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
