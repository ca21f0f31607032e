package providertest

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// patience is the deadline of a call that is meant to miss it.
const patience = 100 * time.Millisecond

func testDeadline(t *testing.T, a Adapter) {
	b := newBench(t, a)
	for name, begin := range map[string]bool{"no answer": false, "half an answer": true} {
		b.fail(hang(make(chan struct{}), begin))
		for _, op := range b.operations(t) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			err := op.call(ctx)
			cancel()
			b.checkError(t, err, provider.Transient)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %s: the cause is not the deadline: %v", op.name, name, err)
			}
		}
	}
	b.fail(nil)
	b.goodDay(t, 0)
}

func testCancel(t *testing.T, a Adapter) {
	b := warmBench(t, a)
	for _, op := range b.operations(t) {
		arrived := make(chan struct{}, 1)
		b.fail(hang(arrived, false))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- op.call(ctx) }()
		<-arrived
		cancel()
		err := <-done
		b.checkError(t, err, provider.Transient)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: the cause is not the cancellation: %v", op.name, err)
		}
	}
}

func testTransport(t *testing.T, a Adapter) {
	b := newBench(t, a)
	for name, fault := range map[string]http.Handler{"reset": reset(), "cut off": cut()} {
		b.fail(fault)
		for _, op := range b.operations(t) {
			first := b.checkError(t, op.call(t.Context()), provider.Transient)
			second := b.checkError(t, op.call(t.Context()), provider.Transient)
			if first != nil && second != nil && first.Message != second.Message {
				t.Errorf("%s: %s: the message is not stable: %q, then %q", op.name, name, first.Message, second.Message)
			}
		}
	}
	b.fail(nil)
	b.goodDay(t, 0)
}

func testStatus(t *testing.T, a Adapter) {
	b := warmBench(t, a)
	inHalfAnHour := time.Now().Add(30 * time.Minute).UTC().Format(http.TimeFormat)
	cases := map[string]struct {
		fault     http.Handler
		wantClass provider.Class
		// The bounds of the wait. Dates are exact to the second, and time passes.
		wantLeast, wantMost time.Duration
	}{
		"401":                       {fault: status(401), wantClass: provider.Auth},
		"429":                       {fault: status(429), wantClass: provider.Throttled, wantLeast: a.WantPause, wantMost: a.WantPause},
		"429 with seconds":          {fault: status(429, "Retry-After", "7"), wantClass: provider.Throttled, wantLeast: 7 * time.Second, wantMost: 7 * time.Second},
		"429 with a date":           {fault: status(429, "Retry-After", inHalfAnHour), wantClass: provider.Throttled, wantLeast: time.Minute, wantMost: 30 * time.Minute},
		"429 with nonsense":         {fault: status(429, "Retry-After", remoteMarker), wantClass: provider.Throttled, wantLeast: a.WantPause, wantMost: a.WantPause},
		"429 with a very long wait": {fault: status(429, "Retry-After", "86400"), wantClass: provider.Throttled, wantLeast: time.Hour, wantMost: time.Hour},
		"500":                       {fault: status(500), wantClass: provider.Transient},
		"502":                       {fault: status(502), wantClass: provider.Transient},
		"503 with seconds":          {fault: status(503, "Retry-After", "7"), wantClass: provider.Transient, wantLeast: 7 * time.Second, wantMost: 7 * time.Second},
		"504":                       {fault: status(504), wantClass: provider.Transient},
	}
	for name, tc := range cases {
		b.fail(tc.fault)
		for _, op := range b.operations(t) {
			first := b.checkError(t, op.call(t.Context()), tc.wantClass)
			if first == nil {
				t.Errorf("%s: %s", op.name, name)
				continue
			}
			if first.RetryAfter < tc.wantLeast || first.RetryAfter > tc.wantMost {
				t.Errorf("%s: %s: retry after %v, want %v to %v", op.name, name, first.RetryAfter, tc.wantLeast, tc.wantMost)
			}
			if second := b.checkError(t, op.call(t.Context()), tc.wantClass); second != nil && second.Message != first.Message {
				t.Errorf("%s: %s: the message is not stable: %q, then %q", op.name, name, first.Message, second.Message)
			}
		}
	}
	b.fail(nil)
	b.goodDay(t, 0)
}

// What only writes may take any answer with a status of success for one. A port that asks may make something of an answer
// that it can read (no country, Unknown), but not of one that it can't. One that should say how each record fared, and does
// not, is a failure.
func testUnreadable(t *testing.T, a Adapter) {
	b := warmBench(t, a)
	for name, tc := range map[string]struct {
		fault    http.Handler
		readable bool
	}{
		"a page":          {fault: answer("<html><body>" + remoteMarker + "</body></html>")},
		"half of JSON":    {fault: answer(`{"marker":"` + remoteMarker)},
		"too much of it":  {fault: answer(`{"marker":"` + remoteMarker + `"} {"more":1}`)},
		"more than usual": {fault: huge()},
		"other JSON":      {fault: answer(`{"marker":"` + remoteMarker + `"}`), readable: true},
		"a list":          {fault: answer(`["` + remoteMarker + `"]`), readable: true},
		"a text":          {fault: answer(`"` + remoteMarker + `"`), readable: true},
		"null":            {fault: answer(`null`), readable: true},
		"nothing":         {fault: answer(""), readable: true},
	} {
		b.fail(tc.fault)
		for _, op := range b.operations(t) {
			err := op.call(t.Context())
			if err == nil && !op.counts && (tc.readable || !op.asks) {
				continue
			}
			if b.checkError(t, err, provider.Transient) == nil {
				t.Errorf("%s: %s", op.name, name)
			}
		}
	}
	b.fail(nil)
	b.goodDay(t, 0)
}

func testContentType(t *testing.T, a Adapter) {
	b := newBench(t, a)
	b.fail(retyped(b.vendor, "text/html"))
	for _, op := range b.operations(t) {
		if err := op.call(t.Context()); err != nil {
			b.checkError(t, err, provider.Transient)
		}
	}
}

func testRedirect(t *testing.T, a Adapter) {
	b := newBench(t, a)
	for _, code := range []int{301, 302, 303, 307, 308} {
		b.fail(status(code, "Location", b.base+"/"+remoteMarker))
		for _, op := range b.operations(t) {
			before := b.calls.Load()
			b.checkError(t, op.call(t.Context()), provider.Config)
			if n := b.calls.Load() - before; n != 1 {
				t.Errorf("%s: %d calls after a %d, want 1", op.name, n, code)
			}
		}
	}
}
