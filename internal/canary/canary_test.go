package canary

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// world is an API server, an intake that creates what it takes, and one pipeline with a canary each 300 seconds.
type world struct {
	t      *testing.T
	runner *Runner
	api    client.Client
	status int // of the intake's answers
	posts  []string
	now    time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, status: http.StatusAccepted, now: noon}
	w.api = fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.ContactPipeline{}, &v1alpha1.ContactSubmission{}).WithObjects(
		&v1alpha1.ContactPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "web", Name: "trial"}, Spec: v1alpha1.ContactPipelineSpec{
			Canary: &v1alpha1.CanarySpec{Email: "canary@example.com", IntervalSeconds: new(int32(300)), TimeoutSeconds: new(int32(120))},
		}},
		&v1alpha1.ContactPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "web", Name: "without"}},
	).Build()
	intake := httptest.NewServer(http.HandlerFunc(w.intake))
	t.Cleanup(intake.Close)
	door, err := NewDoor(intake.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	w.runner = &Runner{Cache: w.api, Direct: w.api, Client: w.api, Door: door, Log: logr.Discard()}
	return w
}

// intake names what it takes by its key, so that what comes twice is there once.
func (w *world) intake(rw http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		w.t.Error(err)
	}
	want := map[string]any{"email": "canary@example.com", "channel": "canary", "consent": map[string]any{"marketing": false}}
	if diff := cmp.Diff(want, body); diff != "" || r.URL.Path != "/v1/web/trial/submissions" {
		w.t.Errorf("posted to %s: %s", r.URL, diff)
	}
	key := r.Header.Get("Idempotency-Key")
	w.posts = append(w.posts, key)
	if w.status != http.StatusAccepted {
		rw.WriteHeader(w.status)
		return
	}
	name := strings.ToLower(key)
	_ = w.api.Create(r.Context(), &v1alpha1.ContactSubmission{ObjectMeta: metav1.ObjectMeta{Namespace: "web", Name: name}})
	rw.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(rw).Encode(map[string]string{"id": name})
}

// after lets time pass, and the runner look.
func (w *world) after(d time.Duration) {
	w.now = w.now.Add(d)
	w.runner.round(w.t.Context(), w.now)
}

func (w *world) canary() v1alpha1.CanaryStatus {
	w.t.Helper()
	var p v1alpha1.ContactPipeline
	if err := w.api.Get(w.t.Context(), client.ObjectKey{Namespace: "web", Name: "trial"}, &p); err != nil {
		w.t.Fatal(err)
	}
	if p.Status.Canary == nil {
		return v1alpha1.CanaryStatus{}
	}
	return *p.Status.Canary
}

// becomes is what the operator makes of the canary that is under way.
func (w *world) becomes(state v1alpha1.SubmissionState, conditions ...metav1.Condition) {
	w.t.Helper()
	var s v1alpha1.ContactSubmission
	if err := w.api.Get(w.t.Context(), client.ObjectKey{Namespace: "web", Name: w.canary().Submission}, &s); err != nil {
		w.t.Fatal(err)
	}
	s.Status.State, s.Status.Conditions = state, conditions
	if err := w.api.Status().Update(w.t.Context(), &s); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) submissions() int {
	w.t.Helper()
	var all v1alpha1.ContactSubmissionList
	if err := w.api.List(w.t.Context(), &all); err != nil {
		w.t.Fatal(err)
	}
	return len(all.Items)
}

func (w *world) expect(reason string, failing v1alpha1.CanaryReason, stage v1alpha1.Stage, since time.Duration) {
	w.t.Helper()
	c := w.canary()
	if c.Reason != failing || c.Stage != stage {
		w.t.Errorf("%s: %q at %q", reason, c.Reason, c.Stage)
	}
	if failing == "" && c.FailingSince != nil {
		w.t.Errorf("%s: still failing", reason)
	}
	if failing != "" && (c.FailingSince == nil || !c.FailingSince.Time.Equal(noon.Add(since))) {
		w.t.Errorf("%s: failing since %v, want %v", reason, c.FailingSince, noon.Add(since))
	}
}

func TestCanaryThatGetsThrough(t *testing.T) {
	w := newWorld(t)
	w.after(0)
	w.expect("it is under way", "", "", 0)
	w.becomes(v1alpha1.StateCompleted)
	w.after(10 * time.Second)
	first := w.canary()
	if first.CompletedTime == nil || !first.CompletedTime.Time.Equal(noon.Add(10*time.Second)) {
		t.Errorf("completed at %v", first.CompletedTime)
	}
	w.after(280 * time.Second)
	if len(w.posts) != 1 {
		t.Errorf("posted %q before its time", w.posts)
	}
	w.after(10 * time.Second)
	if len(w.posts) != 2 || w.posts[0] == w.posts[1] {
		t.Errorf("posted %q: another one was due", w.posts)
	}
	if n := w.submissions(); n != 1 {
		t.Errorf("%d canaries are kept", n)
	}
	w.expect("the next is under way", "", "", 0)
}

func TestCanaryThatIsLate(t *testing.T) {
	w := newWorld(t)
	w.after(0)
	w.becomes(v1alpha1.StateActive,
		metav1.Condition{Type: "Validated", Status: metav1.ConditionTrue, Reason: "Deliverable"},
		metav1.Condition{Type: "Located", Status: metav1.ConditionUnknown, Reason: "Pending"},
		metav1.Condition{Type: "CRMSynced", Status: metav1.ConditionUnknown, Reason: "Retrying"})
	w.after(119 * time.Second)
	w.expect("it has time", "", "", 0)
	w.after(30 * time.Second)
	w.expect("its time was up", v1alpha1.CanaryLate, v1alpha1.StageCRMSynced, 120*time.Second)
	w.after(time.Hour)
	if len(w.posts) != 1 {
		t.Errorf("posted %q: a way that is blocked is filled with canaries", w.posts)
	}
	w.becomes(v1alpha1.StateCompleted)
	w.after(time.Second)
	w.expect("it got through in the end", "", "", 0)
}

func TestCanaryThatIsRefused(t *testing.T) {
	tests := map[string]struct {
		conditions []metav1.Condition
		reason     v1alpha1.CanaryReason
		stage      v1alpha1.Stage
	}{
		"rejected": {
			[]metav1.Condition{{Type: "Validated", Status: metav1.ConditionFalse, Reason: "Role"}}, v1alpha1.CanaryRejected, v1alpha1.StageValidated,
		},
		"stalled": {
			[]metav1.Condition{
				{Type: "Validated", Status: metav1.ConditionTrue, Reason: "Deliverable"},
				{Type: "CRMSynced", Status: metav1.ConditionFalse, Reason: "Conflict"},
			}, v1alpha1.CanaryStalled, v1alpha1.StageCRMSynced,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.after(0)
			w.becomes(v1alpha1.StateHeld, tc.conditions...)
			w.after(10 * time.Second)
			w.expect("seen", tc.reason, tc.stage, 10*time.Second)
			w.after(5 * time.Minute)
			if len(w.posts) != 2 || w.submissions() != 1 {
				t.Errorf("posted %q, kept %d: the next should have been sent, the last deleted", w.posts, w.submissions())
			}
			w.expect("the next is under way, and it is not known to be better", tc.reason, tc.stage, 10*time.Second)
			w.becomes(v1alpha1.StateCompleted)
			w.after(time.Second)
			w.expect("over", "", "", 0)
		})
	}
}

func TestIntakeThatDoesNotTakeIt(t *testing.T) {
	w := newWorld(t)
	w.status = http.StatusServiceUnavailable
	w.after(0)
	w.after(30 * time.Second)
	w.expect("it may be rolling", "", "", 0)
	w.after(40 * time.Second)
	w.expect("it is down", v1alpha1.CanaryNotAccepted, "", 60*time.Second)
	w.status = http.StatusAccepted
	w.after(10 * time.Second)
	for _, key := range w.posts {
		if key != w.posts[0] {
			t.Errorf("posted as %q: one canary has one key", w.posts)
		}
	}
	w.becomes(v1alpha1.StateCompleted)
	w.after(time.Second)
	w.expect("over", "", "", 0)
}

func TestCanaryThatIsLost(t *testing.T) {
	w := newWorld(t)
	w.after(0)
	if err := w.api.DeleteAllOf(t.Context(), &v1alpha1.ContactSubmission{}, client.InNamespace("web")); err != nil {
		t.Fatal(err)
	}
	w.after(110 * time.Second)
	w.expect("it may be in a spool", "", "", 0)
	w.after(20 * time.Second)
	w.expect("it was accepted and is gone", v1alpha1.CanaryLost, "", 120*time.Second)
	w.after(180 * time.Second)
	if len(w.posts) != 2 {
		t.Errorf("posted %q: the next should have been sent", w.posts)
	}
}

func TestPipelineThatWantsNone(t *testing.T) {
	w := newWorld(t)
	change := func(change func(*v1alpha1.ContactPipeline)) {
		var p v1alpha1.ContactPipeline
		if err := w.api.Get(t.Context(), client.ObjectKey{Namespace: "web", Name: "trial"}, &p); err != nil {
			t.Fatal(err)
		}
		change(&p)
		if err := w.api.Update(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
	}
	change(func(p *v1alpha1.ContactPipeline) { p.Spec.Suspend = new(true) })
	w.after(0)
	if len(w.posts) != 0 {
		t.Error("a suspended pipeline gets a canary")
	}
	change(func(p *v1alpha1.ContactPipeline) { p.Spec.Suspend = nil })
	w.after(time.Second)
	change(func(p *v1alpha1.ContactPipeline) { p.Spec.Canary = nil })
	w.after(time.Hour)
	if diff := cmp.Diff(v1alpha1.CanaryStatus{}, w.canary()); diff != "" || len(w.posts) != 1 {
		t.Errorf("posted %q; the status tells of a canary that nobody wants: %s", w.posts, diff)
	}
}

// staleCache shows pipelines as they were when it was made.
type staleCache struct {
	client.Reader
	pipelines v1alpha1.ContactPipelineList
}

func (c *staleCache) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	c.pipelines.DeepCopyInto(list.(*v1alpha1.ContactPipelineList))
	return nil
}

func TestStaleCacheSendsNoSecondOne(t *testing.T) {
	w := newWorld(t)
	old := &staleCache{Reader: w.api}
	if err := w.api.List(t.Context(), &old.pipelines); err != nil {
		t.Fatal(err)
	}
	w.runner.Cache = old
	w.after(0)
	w.after(2 * time.Second)
	if len(w.posts) != 1 {
		t.Errorf("posted %q", w.posts)
	}
}

func TestNewDoor(t *testing.T) {
	for _, bad := range []string{"", "contact-intake:80", "http://user:password@intake", "ftp://intake"} {
		if _, err := NewDoor(bad); err == nil || strings.Contains(err.Error(), "password") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
