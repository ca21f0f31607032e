package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/contact-operator/contact-operator/internal/intake/spool"
)

// set changes what the API server does.
func (b *bench) set(f createFunc) { b.create.Store(&f) }

// fill spools n submissions, a second apart, called n0, n1, …, and forgets how.
func (b *bench) fill(n int) {
	b.t.Helper()
	b.pressure.overBudget.Store(true)
	for i := range n {
		if err := b.put(fmt.Sprint("n", i), int64(i)); err != nil {
			b.t.Fatal(err)
		}
	}
	b.pressure.overBudget.Store(false)
	poke(b.pressure.relieved)
}

// drain runs the drainer for a time, and returns the names in the order of their creates.
func (b *bench) drain(d time.Duration) []string {
	ctx, stop := context.WithTimeout(b.t.Context(), d)
	defer stop()
	newDrainer(b.spoolCommitter).run(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.tried)
}

func (b *bench) drained(j judgement) float64 {
	return testutil.ToFloat64(b.metrics.drained.WithLabelValues(string(j)))
}

func TestDrainsOldestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, late(10*time.Millisecond, storeIt))
		defer b.close()
		b.fill(200)
		order := b.drain(10 * time.Second)
		if len(order) != 200 || b.store.Figures().Pending != 0 || b.drained(judgedKept) != 200 {
			t.Fatalf("%d creates, %d left", len(order), b.store.Figures().Pending)
		}
		pace := cap(b.direct.slots.taken) - cap(b.direct.slots.taken)/4
		for i, name := range order {
			var n int
			if _, err := fmt.Sscanf(name, "n%d", &n); err != nil || n < i-pace || n > i+pace {
				t.Errorf("%s was the %dth", name, i)
			}
		}
	})
}

func TestDrainMeetsItsOwnObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storeIt)
		defer b.close()
		if err := b.put("n0", 0); err != nil { // the process died between the create and the removal
			t.Fatal(err)
		}
		b.fill(1)
		b.drain(time.Second)
		if b.store.Figures().Pending != 0 || b.drained(judgedKept) != 1 {
			t.Error("AlreadyExists is success")
		}
	})
}

// An API server that is away is asked now and then, by one entry at a time, the oldest; once it is back all goes on.
func TestDrainWaitsForAnAPIServerThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, answering(errUnreachable))
		defer b.close()
		b.fill(100)
		tried := b.drain(10 * time.Minute)
		if len(tried) > 50 {
			t.Errorf("%d tries in ten minutes", len(tried))
		}
		for _, name := range tried {
			if name != "n0" {
				t.Errorf("%s was tried before the oldest", name)
			}
		}
		b.set(storeIt)
		b.drain(time.Minute)
		if left := b.store.Figures().Pending; left != 0 {
			t.Errorf("%d left", left)
		}
	})
}

// TestSpoolIsToldOf: what waits for seconds is nobody's business; an outage is one line, and its end another one.
func TestSpoolIsToldOf(t *testing.T) {
	const waits, empty = "wait in the spool; they are safe", "empty again"
	cases := map[string]struct {
		reason    string
		create    createFunc
		lasts     time.Duration
		wantLines int
		wantWhy   string
	}{
		"seconds":   {"it passes", answering(errUnreachable), 5 * time.Second, 0, ""},
		"an outage": {"the way out is said", answering(errUnreachable), 10 * time.Minute, 1, "does not answer"},
		"refusals":  {"likewise", answering(apierrors.NewForbidden(resource, "n", errors.New(secret))), 10 * time.Minute, 1, "refuses them"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, tc.create)
				defer b.close()
				b.fill(20)
				ctx, stop := context.WithTimeout(t.Context(), tc.lasts+10*time.Minute)
				defer stop()
				mended := time.AfterFunc(tc.lasts, func() { b.set(storeIt) })
				defer mended.Stop()
				newDrainer(b.spoolCommitter).run(ctx)
				text := b.lines.String()
				if strings.Count(text, waits) != tc.wantLines || strings.Count(text, empty) != tc.wantLines || !strings.Contains(text, tc.wantWhy) {
					t.Errorf("%s: %s", tc.reason, text)
				}
			})
		})
	}
}

// A visitor who gets through tells the drainer that the API server is back.
func TestDrainIsWokenByLiveTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, answering(errUnreachable))
		defer b.close()
		b.fill(50)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		done := make(chan struct{})
		go func() { defer close(done); newDrainer(b.spoolCommitter).run(ctx) }()
		time.Sleep(5*time.Minute + time.Second) //nolint:forbidigo // a fake clock
		b.set(storeIt)
		if err := b.put("live", 1000); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) //nolint:forbidigo // a fake clock
		if left := b.store.Figures().Pending; left != 0 {
			t.Errorf("a second later %d are left", left)
		}
		stop()
		<-done
	})
}

// What an administrator has to mend holds up its own namespace alone, is tried slowly, and never becomes a dead letter; what
// is wrong with one object becomes one.
func TestDrainJudges(t *testing.T) {
	terminating := apierrors.NewForbidden(resource, "n", errors.New("x"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	cases := map[string]struct {
		reason   string
		err      error
		wantDead string
		// wantOthers: entries of another namespace are handed over meanwhile.
		wantOthers bool
		wantTries  int // in an hour, at most
	}{
		"invalid":         {reason: "this object will never be taken", err: invalid(), wantDead: spool.ReasonInvalid, wantOthers: true, wantTries: 1},
		"too large":       {reason: "this object will never be taken", err: apierrors.NewRequestEntityTooLargeError("x"), wantDead: spool.ReasonTooLarge, wantOthers: true, wantTries: 1},
		"forbidden":       {reason: "rights, a quota or a policy", err: apierrors.NewForbidden(resource, "n", errors.New(secret)), wantOthers: true, wantTries: 40},
		"terminating":     {reason: "a namespace that is being deleted may be made again", err: terminating, wantOthers: true, wantTries: 40},
		"no such thing":   {reason: "a namespace or a CRD that is missing", err: apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "ns"), wantOthers: true, wantTries: 40},
		"an old CRD":      {reason: "strict validation knows a field too many", err: apierrors.NewBadRequest("unknown field"), wantOthers: true, wantTries: 40},
		"unauthorized":    {reason: "the intake's own credentials: nothing gets through, and nothing is given up", err: apierrors.NewUnauthorized("x"), wantTries: 200},
		"a webhook fails": {reason: "it is taken for load; the others go on", err: apierrors.NewInternalError(errors.New("failed calling webhook")), wantOthers: true, wantTries: 3000},
		"throttled":       {reason: "tried again as asked", err: apierrors.NewTooManyRequests("x", 60), wantOthers: true, wantTries: 90},
		"conflict":        {reason: "unknown kinds of refusal are tried again", err: apierrors.NewConflict(resource, "n", errors.New("x")), wantOthers: true, wantTries: 3000},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, storeIt)
				defer b.close()
				b.fill(1)
				b.pressure.overBudget.Store(true)
				for i := range 30 {
					s := testSubmission()
					s.Namespace, s.Name = "other", fmt.Sprint("o", i)
					s.Spec.Source.ReceivedAt.Time = time.Unix(int64(100+i), 0)
					if err := b.Commit(t.Context(), s); err != nil {
						t.Fatal(err)
					}
				}
				b.pressure.overBudget.Store(false)
				b.set(func(_ context.Context, n int, store func() error) error {
					b.mu.Lock()
					bad := b.tried[n-1] == "n0" || tc.err != nil && apierrors.IsUnauthorized(tc.err)
					b.mu.Unlock()
					if bad {
						return tc.err
					}
					return store()
				})
				tried := b.drain(time.Hour)
				tries := 0
				for _, name := range tried {
					if name == "n0" {
						tries++
					}
				}
				if tries == 0 || tries > tc.wantTries {
					t.Errorf("%d tries in an hour, want at most %d: %s", tries, tc.wantTries, tc.reason)
				}
				f := b.store.Figures()
				wantDead, wantPending := map[string]int{}, int64(1)
				if tc.wantDead != "" {
					wantDead[tc.wantDead] = 1
					wantPending--
				}
				if !tc.wantOthers {
					wantPending += 30
				}
				if diff := cmp.Diff(wantDead, f.Dead); diff != "" || f.Pending != wantPending {
					t.Errorf("dead letters %s; %d wait, want %d: %s", diff, f.Pending, wantPending, tc.reason)
				}
				if tc.wantDead != "" {
					return
				}
				b.set(storeIt) // mended
				b.drain(10 * time.Minute)
				if left := b.store.Figures().Pending; left != 0 || !b.kept("n0") {
					t.Errorf("once mended, %d are left", left)
				}
			})
		})
	}
}

// The drainer takes only what live traffic leaves, a quarter of the slots never, and gives way when live traffic is short.
func TestLiveTrafficGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, late(100*time.Millisecond, storeIt))
		defer b.close()
		b.fill(300)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); newDrainer(b.spoolCommitter).run(ctx) }()
		defer func() { stop(); <-done }()
		time.Sleep(5*time.Second + 50*time.Millisecond) //nolint:forbidigo // a fake clock
		slots := b.direct.slots.taken
		if got := len(slots); got != cap(slots)-1 {
			t.Errorf("undisturbed, the drainer has %d slots, want %d of %d", got, cap(slots)-1, cap(slots))
		}
		before := b.store.Figures().Pending
		var wg sync.WaitGroup
		for client := range 8 {
			wg.Go(func() {
				for i := range 100 {
					if err := b.put(fmt.Sprintf("live%d-%d", client, i), int64(10000+i)); err != nil {
						t.Error(err)
					}
					time.Sleep(20 * time.Millisecond) //nolint:forbidigo // a fake clock
				}
			})
		}
		wg.Wait()
		if pace := testutil.ToFloat64(b.metrics.pace); pace > 2 {
			t.Errorf("while live traffic is short of slots the pace is %v", pace)
		}
		if b.store.Figures().Pending <= before {
			t.Error("live traffic never was short of slots: the test shows nothing")
		}
		time.Sleep(2 * time.Minute) //nolint:forbidigo // a fake clock
		if left := b.store.Figures().Pending; left != 0 {
			t.Errorf("%d are left after two minutes of quiet", left)
		}
	})
}

// More at once while it succeeds, half of it after a failure.
func TestPace(t *testing.T) {
	d := newDrainer(&spoolCommitter{direct: &apiCommitter{slots: newSlots(16)}, metrics: newMetrics()})
	paces := []float64{}
	for range 200 {
		d.faster()
		paces = append(paces, d.pace)
	}
	if !slices.IsSorted(paces) || paces[0] != 2 || paces[199] != 12 {
		t.Errorf("paces %v", paces)
	}
	now := time.Unix(0, 0).Add(time.Hour)
	for _, want := range []float64{6, 3, 1.5, 1, 1} {
		d.slower(now)
		d.slower(now) // of the same heap
		if d.pace != want {
			t.Errorf("pace %v, want %v", d.pace, want)
		}
		now = now.Add(halvedOnce)
	}
}

// An entry of the spool that is no submission becomes a dead letter, and says nothing.
func TestUnreadableEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storeIt)
		defer b.close()
		for i, object := range []string{secret, `{"spec":{"contact":{"email":"` + secret + `"},"later":1}}`} {
			if err := <-b.store.Put(spool.NewKey(time.Unix(int64(i), 0), "ns", fmt.Sprint(i)), []byte(object)); err != nil {
				t.Fatal(err)
			}
		}
		b.fill(1)
		b.drain(time.Second)
		if diff := cmp.Diff(map[string]int{spool.ReasonCorrupt: 2}, b.store.Figures().Dead); diff != "" || !b.kept("n0") {
			t.Error(diff)
		}
	})
}

func TestEntriesKeepEverything(t *testing.T) {
	want := testSubmission()
	want.Spec.Attributes = nil
	want.Spec.Contact.Name = "Ada \"x\" <y> \u2028 𝒜"
	keepTrace(want, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	got, err := decodeEntry(spool.Entry{Key: keyOf(want), Object: encodeEntry(want)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDrainStopsWithEverythingKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, hang)
		defer b.close()
		b.fill(10)
		start := time.Now()
		b.drain(time.Second)
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %s to stop", took-time.Second)
		}
		if left := b.store.Figures().Pending; left != 10 {
			t.Errorf("%d left, want 10", left)
		}
	})
}
