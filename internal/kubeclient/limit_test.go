package kubeclient

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestWritesAndReadsHaveLimitsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writes, err := NewWrites(2, prometheus.NewRegistry())
		if err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		var inFlight atomic.Int32
		l := &limiter{writes: writes, next: roundTripper(func(*http.Request) (*http.Response, error) {
			inFlight.Add(1)
			<-release
			return &http.Response{StatusCode: http.StatusOK}, nil
		})}
		send := func(ctx context.Context, method string) error {
			request, err := http.NewRequestWithContext(ctx, method, "https://api/apis/contact-operator.io/v1alpha1/namespaces/x/contacts/y", nil)
			if err != nil {
				t.Error(err)
			}
			_, err = l.RoundTrip(request) //nolint:bodyclose // there is none.
			return err
		}
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() { _ = send(t.Context(), http.MethodPut) })
		}
		synctest.Wait()
		if n := inFlight.Load(); n != 2 {
			t.Errorf("%d writes are in flight, want 2", n)
		}
		for range 9 {
			all.Go(func() { _ = send(t.Context(), http.MethodGet) })
		}
		synctest.Wait()
		if n := inFlight.Load(); n != 2+6 {
			t.Errorf("%d are in flight, want six reads beside the writes", n)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := send(gone, http.MethodPut); err == nil {
			t.Error("a write waits on although nobody waits for it")
		}
		close(release)
		all.Wait()
		if n := testutil.ToFloat64(writes.total.WithLabelValues("PUT", "contacts", "200")); n != 5 {
			t.Errorf("counted %v writes", n)
		}
	})
}

func TestResource(t *testing.T) {
	for path, want := range map[string]string{
		"/apis/contact-operator.io/v1alpha1/namespaces/x/contacts":                    "contacts",
		"/apis/contact-operator.io/v1alpha1/namespaces/x/contacts/y":                  "contacts",
		"/apis/contact-operator.io/v1alpha1/namespaces/x/contactsubmissions/y/status": "contactsubmissions/status",
		"/api/v1/namespaces/x/secrets/y":                                              "secrets",
		"/api/v1/namespaces/x":                                                        "namespaces",
		"/healthz":                                                                    "unknown",
	} {
		if got := resource(path); got != want {
			t.Errorf("resource(%s) = %s, want %s", path, got, want)
		}
	}
}
