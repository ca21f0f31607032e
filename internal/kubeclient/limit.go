// Package kubeclient bounds what the operator asks of the API server.
package kubeclient

import (
	"net/http"

	"k8s.io/client-go/rest"
)

// LimitWrites returns a copy of a client configuration with which at most n writes are in flight at a time. More would
// only queue up inside the API server, and make each of them slow. Client-side rate limiting is off: the API server's own
// priority and fairness does it better.
//
// Watches, leases and events should go through a configuration of their own, so that they never wait for a write.
func LimitWrites(config *rest.Config, n int) *rest.Config {
	limited := rest.CopyConfig(config)
	limited.QPS = -1
	slots := make(chan struct{}, n)
	limited.Wrap(func(next http.RoundTripper) http.RoundTripper { return &limiter{next: next, slots: slots} })
	return limited
}

type limiter struct {
	next  http.RoundTripper
	slots chan struct{}
}

func (l *limiter) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodGet {
		return l.next.RoundTrip(request)
	}
	select {
	case l.slots <- struct{}{}:
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
	defer func() { <-l.slots }()
	return l.next.RoundTrip(request)
}
