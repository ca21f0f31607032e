package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/intake/spool"
)

// bench is a committer with a spool, on a fake API server that create stands for.
type bench struct {
	*spoolCommitter
	t      *testing.T
	api    client.Client
	lines  *strings.Builder
	create atomic.Pointer[createFunc]
	mu     sync.Mutex
	tried  []string // names, in the order of their creates
}

// newBench makes one; it must be closed within its synctest bubble.
func newBench(t *testing.T, create createFunc) *bench {
	t.Helper()
	scheme, err := newScheme()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, lines: &strings.Builder{}}
	b.create.Store(&create)
	b.api = fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			b.mu.Lock()
			b.tried = append(b.tried, obj.GetName())
			n := len(b.tried)
			b.mu.Unlock()
			return (*b.create.Load())(ctx, n, func() error { return c.Create(ctx, obj, opts...) })
		},
	}).Build()
	log := funcr.New(func(prefix, args string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		fmt.Fprintln(b.lines, prefix, args)
	}, funcr.Options{Verbosity: 1})
	m := newMetrics()
	store, err := spool.Open(spool.Options{Dir: t.TempDir(), Limit: spool.MinLimit, Log: logr.Discard(), OnCommit: m.committedBatch})
	if err != nil {
		t.Fatal(err)
	}
	p := &pressure{log: log, metrics: m, relieved: make(chan struct{}, 1)}
	b.spoolCommitter = newSpoolCommitter(newAPICommitter(b.api, 4, 10*time.Second, m, log), store, 50*time.Millisecond, p, m, log)
	return b
}

// close ends everything, and looks for personal data in the log.
func (b *bench) close() {
	b.wait()
	b.store.Close()
	if strings.Contains(b.lines.String(), secret) {
		b.t.Errorf("personal data in the log: %s", b.lines)
	}
}

// put commits a submission called name that was received so many seconds after the start.
func (b *bench) put(name string, second int64) error {
	s := testSubmission()
	s.Name = name
	s.Spec.Source.ReceivedAt.Time = time.Unix(second, 0).UTC()
	return b.Commit(b.t.Context(), s)
}

// kept says whether the API server has an object.
func (b *bench) kept(name string) bool {
	return b.api.Get(b.t.Context(), client.ObjectKey{Namespace: "ns", Name: name}, &v1alpha1.ContactSubmission{}) == nil
}

func (b *bench) spooled(reason string) float64 {
	return testutil.ToFloat64(b.metrics.spooled.WithLabelValues(reason))
}

var (
	errUnreachable = fmt.Errorf("dial: %w", syscall.ECONNREFUSED)
	storeIt        = func(_ context.Context, _ int, store func() error) error { return store() }
	// hang never answers.
	hang = func(ctx context.Context, _ int, _ func() error) error { <-ctx.Done(); return ctx.Err() }
)

func answering(err error) createFunc {
	return func(context.Context, int, func() error) error { return err }
}

// late answers after a time.
func late(after time.Duration, f createFunc) createFunc {
	return func(ctx context.Context, n int, store func() error) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(after):
			return f(ctx, n, store)
		}
	}
}

func TestHedge(t *testing.T) {
	cases := map[string]struct {
		reason string
		create createFunc
		// wantSpooled is the reason; "" when the spool is not needed.
		wantSpooled string
		wantWait    time.Duration
		// What is true in the end, when nothing goes on any more.
		wantKept    bool
		wantPending int64
	}{
		"quick":     {reason: "the spool is not needed", create: storeIt, wantKept: true},
		"a replay":  {reason: "the object is there", create: answering(apierrors.NewAlreadyExists(resource, "n"))},
		"away":      {reason: "nobody waits for what does not answer", create: answering(errUnreachable), wantSpooled: spooledAway, wantPending: 1},
		"throttled": {reason: "nor for what has no time", create: answering(apierrors.NewTooManyRequests("", 30)), wantSpooled: spooledRefused, wantPending: 1},
		"forbidden": {reason: "an administrator mends it, and then it is taken", create: answering(apierrors.NewForbidden(resource, "n", errors.New(secret))), wantSpooled: spooledRefused, wantPending: 1},
		"invalid":   {reason: "the drainer makes it a dead letter; the visitor can't help it", create: answering(invalid()), wantSpooled: spooledRefused, wantPending: 1},
		"slow, then kept": {
			reason: "the visitor waits for the patience alone; the create goes on, and its success takes the entry out",
			create: late(3*time.Second, storeIt), wantSpooled: spooledSlow, wantWait: 50 * time.Millisecond, wantKept: true,
		},
		"slow, then refused": {
			reason: "the entry stays", create: late(3*time.Second, answering(apierrors.NewInternalError(errors.New("x")))),
			wantSpooled: spooledSlow, wantWait: 50 * time.Millisecond, wantPending: 1,
		},
		"hanging": {reason: "the entry stays", create: hang, wantSpooled: spooledSlow, wantWait: 50 * time.Millisecond, wantPending: 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, tc.create)
				defer b.close()
				start := time.Now()
				if err := b.put("n", 1); err != nil {
					t.Fatalf("%v: %s", err, tc.reason)
				}
				if took := time.Since(start); took != tc.wantWait {
					t.Errorf("it took %s, want %s: %s", took, tc.wantWait, tc.reason)
				}
				if tc.wantSpooled == spooledSlow && (!b.held.has(spool.NewKey(time.Unix(1, 0), "ns", "n")) || b.store.Figures().Pending != 1) {
					t.Error("while the create goes on, the entry must be there, and must not be replayed")
				}
				b.wait()
				if b.held.has(spool.NewKey(time.Unix(1, 0), "ns", "n")) {
					t.Error("the entry is held for ever")
				}
				got := map[string]float64{}
				for _, reason := range spoolReasons {
					if n := b.spooled(reason); n > 0 {
						got[reason] = n
					}
				}
				want := map[string]float64{}
				if tc.wantSpooled != "" {
					want[tc.wantSpooled] = 1
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("spooled: %s\n%s", diff, tc.reason)
				}
				if kept, pending := b.kept("n"), b.store.Figures().Pending; kept != tc.wantKept || pending != tc.wantPending {
					t.Errorf("kept %v, %d in the spool; want %v, %d: %s", kept, pending, tc.wantKept, tc.wantPending, tc.reason)
				}
				if len(b.tried) != 1 {
					t.Errorf("%d creates, want 1", len(b.tried))
				}
			})
		})
	}
}

// When the creates in flight are used up, the spool takes everything else at once.
func TestSaturatedSpoolsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, hang)
		defer b.close()
		var wg sync.WaitGroup
		for i := range cap(b.direct.slots.taken) {
			wg.Go(func() {
				if err := b.put(fmt.Sprint("slow", i), 1); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		for i := range 100 {
			if err := b.put(fmt.Sprint("n", i), 2); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %s: they waited in line", took)
		}
		wg.Wait()
		if saturated, slow := b.spooled(spooledSaturated), b.spooled(spooledSlow); saturated != 100 || slow != 4 {
			t.Errorf("spooled %v saturated, %v slow; want 100, 4", saturated, slow)
		}
	})
}

// Where creates are short, they are slow as well: the patience shrinks.
func TestHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, hang)
		defer b.close()
		var wg sync.WaitGroup
		for i := range cap(b.direct.slots.taken) + 1 {
			wg.Go(func() { _ = b.put(fmt.Sprint(i), 1) })
		}
		wg.Wait()
		if got := b.patienceNow(); got != 5*time.Millisecond {
			t.Errorf("patience %s, want 5ms", got)
		}
		b.wait()
		if got := b.patienceNow(); got != 50*time.Millisecond {
			t.Errorf("patience %s ten seconds later, want 50ms", got)
		}
	})
}

// Without a spool that takes entries, the API server is waited for, as long as a create may take; only when that fails, too,
// is the sender asked to come again.
func TestSpoolCannotHelp(t *testing.T) {
	cases := map[string]struct {
		reason   string
		create   createFunc
		quota    bool
		wantKept bool
		wantErr  bool
	}{
		"well":                     {reason: "the API server takes it", create: storeIt, wantKept: true},
		"slow":                     {reason: "it is waited for", create: late(5*time.Second, storeIt), wantKept: true},
		"away":                     {reason: "never a yes without a durable copy", create: answering(errUnreachable), wantErr: true},
		"hanging":                  {reason: "never a yes without a durable copy", create: hang, wantErr: true},
		"etcd nearly full":         {reason: "a full etcd would take down more than this", create: storeIt, quota: true, wantErr: true},
		"slow, and refused in end": {reason: "never a yes without a durable copy", create: late(time.Second, answering(apierrors.NewInternalError(errors.New("x")))), wantErr: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, tc.create)
				defer b.close()
				b.store.Close() // as good as a dead disk
				b.pressure.overQuota.Store(tc.quota)
				err := b.put("n", 1)
				var u *Uncommitted
				if (err != nil) != tc.wantErr || (err != nil && (!errors.As(err, &u) || u.RetryAfter <= 0)) {
					t.Errorf("error %v: %s", err, tc.reason)
				}
				if kept := b.kept("n"); kept != tc.wantKept {
					t.Errorf("kept %v: %s", kept, tc.reason)
				}
			})
		})
	}
}

func TestPressureSpools(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storeIt)
		defer b.close()
		b.pressure.overBudget.Store(true)
		if err := b.put("n", 1); err != nil {
			t.Fatal(err)
		}
		b.pressure.overQuota.Store(true)
		if err := b.put("m", 1); err != nil {
			t.Fatal(err)
		}
		if len(b.tried) > 0 || b.spooled(spooledBudget) != 1 || b.spooled(spooledQuota) != 1 {
			t.Errorf("creates %v, spooled for the budget %v, for the quota %v", b.tried, b.spooled(spooledBudget), b.spooled(spooledQuota))
		}
		b.pressure.overQuota.Store(false)
		b.store.Close()
		if err := b.put("o", 1); err != nil || !b.kept("o") {
			t.Errorf("with a spool that can't help, the budget must not refuse anybody: %v", err)
		}
	})
}
