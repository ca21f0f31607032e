package providertest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// listed are all pages of a listing, sorted, each address once.
func (b *bench) listed(t *testing.T, since time.Time) []string {
	t.Helper()
	var all []string
	cursor := ""
	for range 100 {
		page, err := b.provider.Suppressions.ListSuppressed(t.Context(), since, cursor)
		if err != nil {
			t.Fatalf("ListSuppressed: %v", err)
		}
		for _, email := range page.Emails {
			all = append(all, strings.ToLower(email))
		}
		if page.Next == "" {
			slices.Sort(all)
			return slices.Compact(all)
		}
		if len(page.Next) > 128 || page.Next == cursor {
			t.Fatalf("after cursor %q comes %q", cursor, page.Next)
		}
		for _, private := range b.adapter.private() {
			if strings.Contains(strings.ToLower(page.Next), strings.ToLower(private)) {
				t.Fatalf("the cursor shows %q: %s", private, page.Next)
			}
		}
		cursor = page.Next
	}
	t.Fatal("the listing does not end")
	return nil
}

// testSuppressed has somebody leave: a listing tells of this person alone, and so does a write, which puts nobody back.
func testSuppressed(t *testing.T, a Adapter) {
	b := newBench(t, a)
	if b.provider.Suppressions == nil {
		t.Skip("no Suppressions")
	}
	if a.Suppress == nil {
		t.Fatal("the adapter does not say how its stand-in's people leave: give Suppress")
	}
	contacts := Contacts(3)
	requests := b.renderedBatch(t, contacts)
	for i := range requests {
		receipt, err := b.provider.Upserter.Upsert(t.Context(), requests[i])
		if err != nil || receipt.Suppressed {
			t.Fatalf("Upsert: %+v, %v", receipt, err)
		}
		requests[i].RemoteID = receipt.RemoteID
	}
	if got := b.listed(t, time.Time{}); got != nil {
		t.Errorf("nobody has left, and the listing has %d", len(got))
	}
	a.Suppress(t, b.vendor, contacts[1].Email)
	for _, since := range []time.Time{{}, time.Now().Add(-time.Hour)} {
		if diff := cmp.Diff([]string{contacts[1].Email}, b.listed(t, since)); diff != "" {
			t.Errorf("since %v:\n%s", since, diff)
		}
	}
	for _, id := range []string{requests[1].RemoteID, ""} { // also of somebody new
		changed := contacts[1]
		changed.Name = "Ada Changed" + id
		r, err := b.provider.Upserter.Render(changed)
		if err != nil {
			t.Fatal(err)
		}
		r.RemoteID = id
		if receipt, err := b.provider.Upserter.Upsert(t.Context(), r); err != nil || !receipt.Suppressed {
			t.Errorf("a write of somebody who has left: %+v, %v", receipt, err)
		}
	}
	if b.provider.Batch != nil {
		contacts[1].Company = "Another Ltd"
		again := b.renderedBatch(t, contacts)
		written := b.upsertBatch(t, again)
		for i, w := range written {
			if w.Err != nil || w.Receipt.Suppressed != (i == 1) {
				t.Errorf("record %d in a batch: %+v, %v", i, w.Receipt, w.Err)
			}
		}
	}
	if diff := cmp.Diff([]string{contacts[1].Email}, b.listed(t, time.Time{})); diff != "" {
		t.Errorf("a write must put nobody back:\n%s", diff)
	}
	if _, err := b.provider.Suppressions.ListSuppressed(t.Context(), time.Time{}, "nonsense"); err == nil || provider.AsError(err).Class != provider.Invalid {
		t.Errorf("a cursor that is none: %v, want class Invalid", err)
	}
}
