package providertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// batchSize is how many records the suite writes at once, where the vendor takes as many.
const batchSize = 5

// batcher is the port, or skips the test.
func (b *bench) batcher(t *testing.T) provider.BatchUpserter {
	t.Helper()
	p := b.provider
	if p.Batch == nil {
		t.Skip("no Batch")
	}
	if p.Upserter == nil {
		t.Fatal("a Batch goes with an Upserter")
	}
	if n := p.Batch.MaxBatch(); n < pair {
		t.Fatalf("MaxBatch is %d, and has to be %d at least", n, pair)
	}
	return p.Batch
}

func (b *bench) upsertBatch(t *testing.T, requests []provider.Request) []provider.Written {
	t.Helper()
	written, err := b.provider.Batch.UpsertBatch(t.Context(), requests)
	if err != nil {
		t.Fatalf("UpsertBatch: %v", err)
	}
	if len(written) != len(requests) {
		t.Fatalf("UpsertBatch gave %d results for %d requests", len(written), len(requests))
	}
	return written
}

// testBatch writes the largest batch, again, and each record by itself: all receipts are those of the same people.
func testBatch(t *testing.T, a Adapter) {
	b := newBench(t, a)
	size := b.batcher(t).MaxBatch()
	requests := b.renderedBatch(t, Contacts(size))
	first := b.upsertBatch(t, requests)
	b.holds(t, size)
	for i, w := range first {
		if w.Err != nil {
			t.Fatalf("record %d: %v", i, w.Err)
		}
		requests[i].RemoteID = w.Receipt.RemoteID
	}
	before := b.calls.Load()
	again := b.upsertBatch(t, requests)
	if n := b.calls.Load() - before; n != 1 {
		t.Errorf("a batch took %d calls, want 1", n)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the second batch differs:\n%s", diff)
	}
	b.holds(t, size)
	for i := range min(size, batchSize) {
		single, err := b.provider.Upserter.Upsert(t.Context(), requests[i])
		if err != nil {
			t.Fatalf("Upsert of record %d: %v", i, err)
		}
		if diff := cmp.Diff(single, first[i].Receipt); diff != "" {
			t.Errorf("record %d: by itself and in the batch its receipt differs:\n%s", i, diff)
		}
	}
	b.holds(t, size)
}

// testRefusedRecord has records refused at the beginning, in the middle and at the end of batches.
func testRefusedRecord(t *testing.T, a Adapter) {
	b := newBench(t, a)
	size := min(b.batcher(t).MaxBatch(), batchSize)
	if a.Refused == nil {
		t.Fatal("the adapter does not say what its stand-in refuses: give Refused")
	}
	for bad := range size {
		b := newBench(t, a)
		contacts := Contacts(size)
		a.Refused(&contacts[bad])
		requests := b.renderedBatch(t, contacts)
		written, err := b.provider.Batch.UpsertBatch(t.Context(), requests)
		if err != nil {
			// The vendor refuses such a batch whole. The caller splits it.
			b.checkSplit(t, err)
			written = b.oneByOne(t, requests)
		}
		if len(written) != size {
			t.Fatalf("%d results for %d requests", len(written), size)
		}
		for i, w := range written {
			switch {
			case i == bad:
				b.checkError(t, w.Err, a.WantRefused)
			case w.Err != nil:
				t.Errorf("record %d of %d is held back by record %d: %v", i, size, bad, w.Err)
			}
		}
		b.holds(t, size-1)
	}
}

func (b *bench) oneByOne(t *testing.T, requests []provider.Request) []provider.Written {
	t.Helper()
	written := make([]provider.Written, len(requests))
	for i, r := range requests {
		written[i].Receipt, written[i].Err = b.provider.Upserter.Upsert(t.Context(), r)
	}
	return written
}

// checkSplit holds an error of a whole batch against what a caller takes for the order to split it.
func (b *bench) checkSplit(t *testing.T, err error) {
	t.Helper()
	switch class := provider.AsError(err).Class; class {
	case provider.Invalid, provider.Conflict, provider.Config:
		b.checkError(t, err, class)
	default:
		t.Fatalf("class %s does not say that some of the records are at fault: %v", class, err)
	}
}

func testRefusedBatch(t *testing.T, a Adapter) {
	b := warmBench(t, a)
	b.batcher(t)
	b.fail(status(400))
	_, err := b.provider.Batch.UpsertBatch(t.Context(), b.renderedBatch(t, Contacts(pair)))
	if err == nil {
		t.Fatal("no error")
	}
	b.checkSplit(t, err)
	b.fail(nil)
	b.goodDay(t, 0)
}

func testHealth(t *testing.T, a Adapter) {
	b := newBench(t, a)
	h := b.provider.Health
	if h == nil {
		t.Skip("no Health")
	}
	people := 0
	if b.provider.Upserter != nil {
		if _, err := b.provider.Upserter.Upsert(t.Context(), b.rendered(t)); err != nil {
			t.Fatalf("Upsert: %v", err)
		}
		people = 1
	}
	for range 3 {
		if err := h.CheckHealth(t.Context()); err != nil {
			t.Errorf("CheckHealth: %v", err)
		}
	}
	b.holds(t, people)
}
