package providertest

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

func testSecrets(t *testing.T, a Adapter) {
	b := newBench(t, a)
	refs, err := a.Factory.Refs(a.Spec(b.base))
	if err != nil {
		t.Fatalf("Refs: %v", err)
	}
	named := map[provider.Ref]bool{}
	for _, r := range refs.Secrets {
		if named[r] {
			t.Errorf("Refs names %v twice", r)
		}
		named[r] = true
	}
	for r := range a.Secrets {
		if !named[r] {
			t.Errorf("Refs does not name %v", r)
		}
	}
	client := httpx.New(httpx.Options{AllowLoopback: true})
	for missing := range a.Secrets {
		secrets := maps.Clone(a.Secrets)
		delete(secrets, missing)
		_, err := a.Factory.New(provider.Settings{Spec: a.Spec(b.base), Secrets: secrets, HTTP: client})
		b.checkError(t, err, provider.Config)
	}
}

func testSuccess(t *testing.T, a Adapter) {
	b := newBench(t, a)
	b.goodDay(t, 0)
}

// company is how many people are there beside the first after every operation was called: those of a batch.
func (b *bench) company() int {
	if b.provider.Batch == nil {
		return 0
	}
	return pair - 1
}

// goodDay calls every port in turn and checks its result. others are there already, beside the suite's person.
func (b *bench) goodDay(t *testing.T, others int) {
	t.Helper()
	ctx, p := t.Context(), b.provider
	if p.Verifier != nil {
		if got, err := p.Verifier.Verify(ctx, Submission()); err != nil || got.Verdict != b.adapter.WantVerdict {
			t.Errorf("Verify: %q, %v; want %q", got, err, b.adapter.WantVerdict)
		}
	}
	if p.Locator != nil {
		if got, err := p.Locator.Locate(ctx, Submission()); err != nil || got.Country != b.adapter.WantCountry {
			t.Errorf("Locate: %q, %v; want %q", got, err, b.adapter.WantCountry)
		}
	}
	if p.Upserter != nil {
		if _, err := p.Upserter.Upsert(ctx, b.rendered(t)); err != nil {
			t.Errorf("Upsert: %v", err)
		}
		b.holds(t, 1+others)
	}
	if p.Eraser != nil {
		if _, err := p.Eraser.Erase(ctx, b.rendered(t)); err != nil {
			t.Errorf("Erase: %v", err)
		}
		b.holds(t, others)
	}
	if p.Health != nil {
		if err := p.Health.CheckHealth(ctx); err != nil {
			t.Errorf("CheckHealth: %v", err)
		}
	}
}

func (b *bench) holds(t *testing.T, want int) {
	t.Helper()
	if got := b.vendor.People(); got != want {
		t.Errorf("the service holds %d people, want %d", got, want)
	}
}

func testRepetition(t *testing.T, a Adapter) {
	b := newBench(t, a)
	ctx, p := t.Context(), b.provider
	if p.Upserter != nil {
		first, err := p.Upserter.Upsert(ctx, b.rendered(t))
		if err != nil {
			t.Fatalf("Upsert: %v", err)
		}
		again := b.rendered(t)
		again.RemoteID = first.RemoteID
		second, err := p.Upserter.Upsert(ctx, again)
		if err != nil {
			t.Fatalf("Upsert again: %v", err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("the second receipt differs:\n%s", diff)
		}
		b.holds(t, 1)
	}
	if p.Eraser != nil {
		var said []provider.Erased
		for _, when := range []string{"somebody", "nobody"} {
			erased, err := p.Eraser.Erase(ctx, b.rendered(t))
			if err != nil {
				t.Errorf("Erase of %s: %v", when, err)
			}
			b.holds(t, 0)
			b.checkKept(t, erased)
			said = append(said, erased)
		}
		if said[0] != said[1] {
			t.Errorf("Erase says that %q is kept, then %q: it has to be the same for everybody", said[0].Kept, said[1].Kept)
		}
	}
}

// checkKept holds what is said to be kept against the contract.
func (b *bench) checkKept(t *testing.T, e provider.Erased) {
	t.Helper()
	if len(e.Kept) > 256 || strings.TrimSpace(e.Kept) != e.Kept || strings.HasSuffix(e.Kept, ".") {
		t.Errorf("Erase says %q: at most 256 bytes, with nothing around them", e.Kept)
	}
	for _, private := range b.adapter.private() {
		if strings.Contains(strings.ToLower(e.Kept), strings.ToLower(private)) {
			t.Errorf("what Erase says shows %q: %s", private, e.Kept)
		}
	}
}

func testLostAnswer(t *testing.T, a Adapter) {
	b := warmBench(t, a)
	b.fail(lostAnswer(b.vendor))
	for _, op := range b.operations(t) {
		b.checkError(t, op.call(t.Context()), provider.Transient)
	}
	b.fail(nil)
	b.goodDay(t, b.company())
}

func testRender(t *testing.T, a Adapter) {
	b := newBench(t, a)
	u := b.provider.Upserter
	if u == nil {
		t.Skip("no Upserter")
	}
	first := b.rendered(t)
	if first.Key == "" || len(first.Payload) == 0 || first.RemoteID != "" {
		t.Errorf("Render gave key %q, %d bytes, remote id %q", first.Key, len(first.Payload), first.RemoteID)
	}
	for range 20 { // maps are walked in another order each time
		c := Contact()
		c.Attributes = map[string]string{}
		for _, k := range slices.Backward(slices.Sorted(maps.Keys(Contact().Attributes))) {
			c.Attributes[k] = Contact().Attributes[k]
		}
		again, err := u.Render(c)
		if err != nil {
			t.Fatalf("Render: %v", err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatalf("equal Contacts gave different Requests:\n%s", diff)
		}
	}
	changed := Contact()
	changed.Name = "Ada Changed"
	other, err := u.Render(changed)
	if err != nil {
		t.Fatalf("Render: %v", err)
	}
	if bytes.Equal(first.Payload, other.Payload) {
		t.Error("another name gave the same payload")
	}
	if other.Key != first.Key {
		t.Error("another name gave another key")
	}
	if n := b.calls.Load(); n != 0 {
		t.Errorf("Render made %d calls, and has to make none", n)
	}
}

func testConcurrency(t *testing.T, a Adapter) {
	b := newBench(t, a)
	ops := b.operations(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for _, op := range ops {
				if op.name == "Erase" { // it may rightly meet a write of somebody else
					continue
				}
				if err := op.call(t.Context()); err != nil {
					t.Errorf("%s: %v", op.name, err)
				}
			}
		})
	}
	wg.Wait()
	if b.provider.Upserter != nil {
		b.holds(t, 1+b.company())
	}
}
