package providertest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// bench is one adapter, made for one stand-in, with a switch between them.
type bench struct {
	adapter  Adapter
	provider provider.Provider
	vendor   Vendor
	base     string
	calls    atomic.Int64

	mu    sync.RWMutex
	fault http.Handler // nil: the vendor answers
}

func newBench(t *testing.T, a Adapter) *bench {
	t.Helper()
	b := &bench{adapter: a, vendor: a.NewVendor(t)}
	srv := httptest.NewServer(http.HandlerFunc(b.serve))
	client := httpx.New(httpx.Options{AllowLoopback: true})
	t.Cleanup(func() {
		client.CloseIdleConnections()
		srv.CloseClientConnections()
		srv.Close()
	})
	b.base = srv.URL
	p, err := a.Factory.New(provider.Settings{Spec: a.Spec(srv.URL), Secrets: a.Secrets, HTTP: client})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	if n := b.calls.Load(); n != 0 {
		t.Errorf("New made %d calls, and has to make none", n)
	}
	b.provider = p
	return b
}

// warmBench is a bench on which every operation has worked once: what an adapter finds out before its first call is known.
// The other benches show what happens when that fails.
func warmBench(t *testing.T, a Adapter) *bench {
	t.Helper()
	b := newBench(t, a)
	b.goodDay(t, 0)
	return b
}

func (b *bench) serve(w http.ResponseWriter, r *http.Request) {
	b.calls.Add(1)
	b.mu.RLock()
	fault := b.fault
	b.mu.RUnlock()
	if fault == nil {
		b.vendor.ServeHTTP(w, r)
		return
	}
	// Everything that a careless adapter could copy into an error comes back at it.
	for _, values := range r.Header {
		for _, v := range values {
			w.Header().Add("X-Echo", v)
		}
	}
	w.Header().Set("X-Marker", remoteMarker)
	fault.ServeHTTP(w, r)
}

// fail puts a fault before the vendor. nil takes it away.
func (b *bench) fail(fault http.Handler) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = fault
}

// pair is how many people a batch of the operations has.
const pair = 2

// operation is one port of the Provider, called for the suite's person.
type operation struct {
	name string
	// asks: the port's result comes from the answer, so that an answer that can't be read fails.
	asks bool
	// counts: the answer has to say something of each record, so that one that says nothing fails.
	counts bool
	call   func(context.Context) error
}

func (b *bench) operations(t *testing.T) []operation {
	t.Helper()
	var list []operation
	p := b.provider
	if p.Verifier != nil {
		list = append(list, operation{name: "Verify", asks: true, call: func(ctx context.Context) error {
			_, err := p.Verifier.Verify(ctx, Submission())
			return err
		}})
	}
	if p.Locator != nil {
		list = append(list, operation{name: "Locate", asks: true, call: func(ctx context.Context) error {
			_, err := p.Locator.Locate(ctx, Submission())
			return err
		}})
	}
	if p.Upserter != nil {
		list = append(list, operation{name: "Upsert", call: func(ctx context.Context) error {
			_, err := p.Upserter.Upsert(ctx, b.rendered(t))
			return err
		}})
	}
	if p.Eraser != nil {
		list = append(list, operation{name: "Erase", call: func(ctx context.Context) error {
			_, err := p.Eraser.Erase(ctx, b.rendered(t))
			return err
		}})
	}
	if p.Batch != nil {
		list = append(list, operation{name: "UpsertBatch", asks: true, counts: true, call: func(ctx context.Context) error {
			written, err := p.Batch.UpsertBatch(ctx, b.renderedBatch(t, Contacts(pair)))
			for _, w := range written {
				if err == nil {
					err = w.Err
				}
			}
			return err
		}})
	}
	if p.Suppressions != nil {
		list = append(list, operation{name: "ListSuppressed", asks: true, counts: true, call: func(ctx context.Context) error {
			_, err := p.Suppressions.ListSuppressed(ctx, time.Time{}, "")
			return err
		}})
	}
	if p.Health != nil {
		list = append(list, operation{name: "CheckHealth", call: p.Health.CheckHealth})
	}
	if len(list) == 0 {
		t.Fatal("the Provider offers no port")
	}
	return list
}

// rendered is the request for the suite's person. An adapter that can erase only gets the address as key.
func (b *bench) rendered(t *testing.T) provider.Request {
	t.Helper()
	if b.provider.Upserter == nil {
		return provider.Request{Key: Contact().Email}
	}
	r, err := b.provider.Upserter.Render(Contact())
	if err != nil {
		t.Fatalf("Render: %v", err)
	}
	return r
}

func (b *bench) renderedBatch(t *testing.T, contacts []provider.Contact) []provider.Request {
	t.Helper()
	list := make([]provider.Request, len(contacts))
	for i, c := range contacts {
		var err error
		if list[i], err = b.provider.Upserter.Render(c); err != nil {
			t.Fatalf("Render: %v", err)
		}
	}
	return list
}

// checkError holds an error against the contract and against the wanted class. It returns nil after it has complained.
func (b *bench) checkError(t *testing.T, err error, want provider.Class) *provider.Error {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want class %s", want)
		return nil
	}
	e, ok := err.(*provider.Error) //nolint:errorlint // the contract is this very type: a wrapper's text would be shown
	if !ok {
		t.Errorf("the error is a %T, and has to be a *provider.Error", err)
		return nil
	}
	b.checkText(t, e)
	if e.Class != want {
		t.Errorf("class %s, want %s: %s", e.Class, want, e.Message)
		return nil
	}
	return e
}

func (b *bench) checkText(t *testing.T, e *provider.Error) {
	t.Helper()
	if strings.TrimSpace(e.Message) == "" {
		t.Error("the error has no message")
	}
	host := strings.TrimPrefix(b.base, "http://")
	_, port, _ := net.SplitHostPort(host)
	for _, private := range append(b.adapter.private(), host, ":"+port) {
		if strings.Contains(strings.ToLower(e.Error()), strings.ToLower(private)) {
			t.Errorf("the error shows %q: %s", private, e)
		}
	}
}
