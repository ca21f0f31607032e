package pipeline

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
)

var start = time.Date(2026, 11, 2, 9, 15, 0, 0, time.UTC)

// world is everything outside the pipeline: four scripted systems and a call log.

type world struct {
	mu      sync.Mutex
	calls   []string
	verdict provider.Verdict
	country string
	errs    map[string]error // by Integration
	missing map[string]bool
	refuse  map[string]*provider.Wait
	receipt provider.Receipt
	now     time.Time
	stored  *v1alpha1.Contact
	panics  string // the Integration whose call panics
	local   bool   // the locator can tell without a call

	lastSuccess time.Time
}

func newWorld() *world {
	return &world{
		verdict: provider.Deliverable, country: "GB", now: start,
		errs: map[string]error{}, missing: map[string]bool{}, refuse: map[string]*provider.Wait{},
	}
}

func (w *world) called(what string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, what)
	if what == w.panics {
		panic("ada@example.com upsets the adapter")
	}
	return w.errs[what]
}

// takeCalls returns the calls made since the last time, in the order in which stages are listed.

func (w *world) takeCalls() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	made := map[string]int{}
	for _, c := range w.calls {
		made[c]++
	}
	w.calls = nil
	var out []string
	for _, name := range []string{"verifier", "locator", "crm", "marketing"} {
		for range made[name] {
			out = append(out, name)
		}
	}
	return strings.Join(out, " ")
}

type fakeLink struct {
	w    *world
	name string
}

func (l fakeLink) UID() string { return "uid-" + l.name }

func (l fakeLink) Provider() provider.Provider {
	switch l.name {
	case "verifier":
		return provider.Provider{Verifier: l}
	case "locator":
		if l.w.local {
			return provider.Provider{Locator: localLocator{l}}
		}
		return provider.Provider{Locator: l}
	case "crm", "marketing":
		return provider.Provider{Upserter: l}
	default:
		return provider.Provider{}
	}
}

func (l fakeLink) Call(ctx context.Context, call func(context.Context) error) error {
	if wait := l.w.refuse[l.name]; wait != nil {
		return wait
	}
	return call(ctx)
}

func (l fakeLink) LastSuccess() time.Time { return l.w.lastSuccess }

func (l fakeLink) Verify(context.Context, provider.Submission) (provider.Verification, error) {
	return provider.Verification{Verdict: l.w.verdict, Evidence: "mx", Mailbox: "Own"}, l.w.called(l.name)
}

func (l fakeLink) Locate(context.Context, provider.Submission) (provider.Location, error) {
	return provider.Location{Country: l.w.country, Source: "Service"}, l.w.called(l.name)
}

// localLocator knows the country of who declares one.
type localLocator struct{ fakeLink }

func (localLocator) LocateLocally(s provider.Submission) (provider.Location, bool) {
	return provider.Location{Country: s.Country, Source: "Declared"}, s.Country != ""
}

func (l fakeLink) Render(c provider.Contact) (provider.Request, error) {
	c.Consent.Time = "" // as a mapping that tells of the answer, not of when it was given
	payload, err := json.Marshal(c)
	return provider.Request{Key: c.Email, Payload: payload}, err
}

func (l fakeLink) Upsert(context.Context, provider.Request) (provider.Receipt, error) {
	if wait := l.w.refuse[l.name]; wait != nil {
		return provider.Receipt{}, wait
	}
	return l.w.receipt, l.w.called(l.name)
}

func (w *world) links(_ context.Context, name string) (Link, error) {
	if w.missing[name] {
		return nil, &provider.Wait{Misconfigured: true, Message: "Integration " + name + " does not exist"}
	}
	return fakeLink{w, name}, nil
}

// pass makes one pass, and keeps what it found out as the API server would.

func (w *world) pass(t *testing.T, s *v1alpha1.ContactSubmission, p *v1alpha1.ContactPipeline, change ...func(*Input)) Output {
	t.Helper()
	in := Input{
		Submission: s, Pipeline: p, Contact: w.stored, Links: w.links,
		Now: func() time.Time { return w.now }, Jitter: func(maximum time.Duration) time.Duration { return maximum },
		Changed: func(string) bool { return false },
	}
	for _, c := range change {
		c(&in)
	}
	before := s.DeepCopy()
	out, err := Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, s); diff != "" {
		t.Errorf("the pass changed its input: %s", diff)
	}
	s.Status = out.Status
	if out.Contact != nil {
		w.stored = out.Contact
	}
	return out
}

func changed(integration string) func(*Input) {
	return func(in *Input) { in.Changed = func(name string) bool { return name == integration } }
}

func reference(name string) v1alpha1.LocalReference { return v1alpha1.LocalReference{Name: name} }

func trial() *v1alpha1.ContactPipeline {
	stage := func(name string) *v1alpha1.IntegrationStage {
		return &v1alpha1.IntegrationStage{IntegrationRef: reference(name)}
	}
	return &v1alpha1.ContactPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: "contacts", Name: "trial"},
		Spec: v1alpha1.ContactPipelineSpec{
			Order: v1alpha1.OrderIndependent,
			Validation: &v1alpha1.ValidationStage{
				IntegrationRef: reference("verifier"),
				Undeliverable:  v1alpha1.VerdictReject, Disposable: v1alpha1.VerdictReject, Role: v1alpha1.VerdictReject,
				AcceptAll: v1alpha1.VerdictReject, Unknown: v1alpha1.UnknownAccept,
				UnknownRechecks: new(int32(1)), UnknownRecheckSeconds: new(int32(60)),
			},
			Location: stage("locator"), CRM: stage("crm"), Marketing: stage("marketing"),
		},
	}
}

func sent(name string, second int) *v1alpha1.ContactSubmission {
	received := metav1.NewMicroTime(start.Add(time.Duration(second) * time.Second))
	return &v1alpha1.ContactSubmission{
		ObjectMeta: metav1.ObjectMeta{Namespace: "contacts", Name: name, CreationTimestamp: metav1.NewTime(received.Time)},
		Spec: v1alpha1.ContactSubmissionSpec{
			PipelineRef: reference("trial"),
			Contact:     v1alpha1.ContactFields{Email: "Ada@Example.com", Name: "Ada"},
			Source:      v1alpha1.SubmissionSource{ReceivedAt: &received},
			Consent:     &v1alpha1.SubmissionConsent{Marketing: v1alpha1.ConsentGranted},
		},
	}
}

// reasons lists the reasons of the stages and of Ready, in order.

func reasons(s *v1alpha1.ContactSubmission) string {
	var all []string
	for _, name := range append(stageNames(), v1alpha1.ConditionReady) {
		if c := meta.FindStatusCondition(s.Status.Conditions, name); c != nil {
			all = append(all, c.Reason)
		} else {
			all = append(all, "-")
		}
	}
	return strings.Join(all, " ")
}

func stageNames() []string {
	var names []string
	for _, s := range v1alpha1.Stages {
		names = append(names, string(s))
	}
	return names
}

func transient(what string) error { return provider.Errorf(provider.Transient, "%s", what) }

// TestWaitingPlansNothing: a planned try that was overtaken by something to wait for is no plan any more. Otherwise the

// submission would come back every second for as long as it waits.
