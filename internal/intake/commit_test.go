package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	fieldpath "k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

var resource = schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "contactsubmissions"}

// secret stands for personal data in the submission; no log line may hold it.
const secret = "ada@secret.example"

// createFunc stands for the API server. store commits for real.
type createFunc func(ctx context.Context, attempt int, store func() error) error

// testCommitter returns a committer on a fake API server, that server's client, and everything logged.
func testCommitter(t *testing.T, create createFunc) (*apiCommitter, client.Client, func() string) {
	t.Helper()
	scheme, err := newScheme()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var lines strings.Builder
	log := funcr.New(func(prefix, args string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(&lines, prefix, args)
	}, funcr.Options{Verbosity: 1})
	attempt := 0
	c := fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			mu.Lock()
			attempt++
			n := attempt
			mu.Unlock()
			return create(ctx, n, func() error { return c.Create(ctx, obj, opts...) })
		},
	}).Build()
	return newAPICommitter(c, 2, 10*time.Second, newMetrics(), log), c, func() string {
		mu.Lock()
		defer mu.Unlock()
		return lines.String()
	}
}

func testSubmission() *v1alpha1.ContactSubmission {
	pipeline := &v1alpha1.ContactPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "trial"}}
	return build("name", pipeline, &Submission{Email: secret}, observed{receivedAt: time.Unix(0, 0)})
}

func invalid() error {
	return apierrors.NewInvalid(v1alpha1.GroupVersion.WithKind("ContactSubmission").GroupKind(), "name", fieldpath.ErrorList{
		fieldpath.Invalid(fieldpath.NewPath("spec", "contact", "email"), secret, "too long: "+secret),
		fieldpath.Invalid(fieldpath.NewPath("spec", "attributes").Key(secret), secret, "too long"),
	})
}

func TestCommit(t *testing.T) {
	terminating := apierrors.NewForbidden(resource, "name", errors.New("the namespace is being terminated"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	refused := fmt.Errorf("dial: %w", syscall.ECONNREFUSED)
	always := func(err error) createFunc {
		return func(context.Context, int, func() error) error { return err }
	}
	once := func(err error) createFunc {
		return func(_ context.Context, attempt int, store func() error) error {
			if attempt == 1 {
				return err
			}
			return store()
		}
	}

	cases := map[string]struct {
		reason string
		create createFunc
		// wantRetryAfter is 0 for success.
		wantRetryAfter time.Duration
		wantKept       bool
		wantLog        string
	}{
		"accepted": {
			reason:   "one try, nothing logged",
			create:   func(_ context.Context, _ int, store func() error) error { return store() },
			wantKept: true,
		},
		"refused connection, then accepted": {
			reason: "an API server that restarts is waited for", create: once(refused), wantKept: true,
		},
		"throttled, then accepted": {
			reason: "429 is worth another try, no earlier than asked", create: once(apierrors.NewTooManyRequests("slow down", 2)), wantKept: true,
		},
		"an internal error, then accepted": {
			reason: "5xx is worth another try", create: once(apierrors.NewInternalError(errors.New("etcd has no leader"))), wantKept: true,
		},
		"unknown, then accepted": {
			reason: "what nobody foresaw is worth another try", create: once(errors.New("what is this")), wantKept: true,
		},
		"a replay": {
			reason: "the object that is there has this content",
			create: always(apierrors.NewAlreadyExists(resource, "name")),
		},
		"committed, but the answer was lost": {
			reason: "the second try meets the object of the first",
			create: func(_ context.Context, _ int, store func() error) error {
				if err := store(); err != nil {
					return err
				}
				return apierrors.NewTimeoutError("the answer got lost", 0)
			},
			wantKept: true,
		},
		"hanging": {
			reason:         "the deadline ends it; the outcome is unknown",
			create:         func(ctx context.Context, _ int, _ func() error) error { <-ctx.Done(); return ctx.Err() },
			wantRetryAfter: retrySoon,
			wantLog:        "did not take it in time",
		},
		"away for good": {
			reason: "tried until the deadline", create: always(refused), wantRetryAfter: retrySoon, wantLog: "connection refused",
		},
		"throttled beyond the deadline": {
			reason: "waiting would be in vain, and the sender is told how long", create: always(apierrors.NewTooManyRequests("slow down", 30)),
			wantRetryAfter: 30 * time.Second, wantLog: "429 TooManyRequests",
		},
		"forbidden": {
			reason: "an administrator has to act", create: always(apierrors.NewForbidden(resource, "name", errors.New(secret))),
			wantRetryAfter: retryLater, wantLog: "Allow the intake's ServiceAccount",
		},
		"a namespace being deleted": {
			reason: "it is Forbidden, too, but means something else", create: always(terminating),
			wantRetryAfter: retryLater, wantLog: "namespace is being deleted",
		},
		"no such namespace": {
			reason: "an administrator has to act", create: always(apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "ns")),
			wantRetryAfter: retryLater, wantLog: "does not exist",
		},
		"unauthorized": {
			reason: "an administrator has to act", create: always(apierrors.NewUnauthorized("no")),
			wantRetryAfter: retryLater, wantLog: "refuses the intake's credentials",
		},
		"invalid": {
			reason: "limits differ: our bug, or CRDs of another version", create: always(invalid()),
			wantRetryAfter: retryLater, wantLog: "422 Invalid; FieldValueInvalid spec.contact.email; FieldValueInvalid spec.attributes",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				committer, c, logged := testCommitter(t, tc.create)
				start := time.Now()
				err := committer.Commit(t.Context(), testSubmission())

				var u *Uncommitted
				switch {
				case tc.wantRetryAfter == 0 && err != nil:
					t.Fatalf("%v (%v); %s", err, errors.Unwrap(err), tc.reason)
				case tc.wantRetryAfter > 0 && (!errors.As(err, &u) || u.RetryAfter != tc.wantRetryAfter):
					t.Errorf("error %#v, want Uncommitted with RetryAfter %s: %s", err, tc.wantRetryAfter, tc.reason)
				}
				if took := time.Since(start); took > committer.timeout {
					t.Errorf("it took %s, beyond the timeout", took)
				}
				kept := c.Get(t.Context(), client.ObjectKey{Namespace: "ns", Name: "name"}, &v1alpha1.ContactSubmission{}) == nil
				if kept != tc.wantKept {
					t.Errorf("kept = %v, want %v: %s", kept, tc.wantKept, tc.reason)
				}
				log := logged()
				if !strings.Contains(log, tc.wantLog) || (tc.wantLog == "") != (log == "") {
					t.Errorf("log %q, want it to hold %q", log, tc.wantLog)
				}
				if strings.Contains(log, secret) {
					t.Errorf("personal data in the log: %s", log)
				}
			})
		})
	}
}

func TestCommitOutlivesTheVisitor(t *testing.T) {
	committer, c, _ := testCommitter(t, func(ctx context.Context, _ int, store func() error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return store()
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := committer.Commit(ctx, testSubmission()); err != nil {
		t.Error(err)
	}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "ns", Name: "name"}, &v1alpha1.ContactSubmission{}); err != nil {
		t.Error("a visitor who has closed the page has sent the form all the same:", err)
	}
}

func TestCommitBoundsCreatesInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		inFlight, most := 0, 0
		committer, _, logged := testCommitter(t, func(ctx context.Context, _ int, _ func() error) error {
			mu.Lock()
			inFlight++
			most = max(most, inFlight)
			mu.Unlock()
			<-ctx.Done()
			mu.Lock()
			inFlight--
			mu.Unlock()
			return ctx.Err()
		})
		var wg sync.WaitGroup
		for range cap(committer.queue) {
			wg.Go(func() {
				if committer.Commit(t.Context(), testSubmission()) == nil {
					t.Error("committed without an answer from the API server")
				}
			})
		}
		synctest.Wait() // all of them hang, or wait for those that do
		start := time.Now()
		if err := committer.Commit(t.Context(), testSubmission()); err == nil || time.Since(start) > 0 {
			t.Errorf("error %v after %s, want one at once: the queue is full", err, time.Since(start))
		}
		wg.Wait()
		if took := time.Since(start); took > committer.timeout {
			t.Errorf("waiting for a slot took %s, beyond the timeout", took)
		}
		if most != cap(committer.slots.taken) {
			t.Errorf("%d creates in flight, want %d", most, cap(committer.slots.taken))
		}
		if !strings.Contains(logged(), "too many are waiting") {
			t.Error("nothing logged about the full queue")
		}
	})
}
