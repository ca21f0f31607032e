package controllers

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/link"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// left is a marketing system that tells who has left.
type left struct {
	pages map[string]provider.SuppressedPage // by cursor
	errs  map[string]error
	asked []string // cursor, and since when, "ever" for always
}

func (l *left) ListSuppressed(_ context.Context, since time.Time, cursor string) (provider.SuppressedPage, error) {
	when := "ever"
	if !since.IsZero() {
		when = since.UTC().Format(time.RFC3339)
	}
	l.asked = append(l.asked, cursor+" "+when)
	return l.pages[cursor], l.errs[cursor]
}

func (l *left) takeAsked() []string {
	asked := l.asked
	l.asked = nil
	return asked
}

// sweeping is a sweep over one Integration, with an API that counts writes.
type sweeping struct {
	*SuppressionSweep
	t      *testing.T
	system *left
	api    client.Client
	events *events.FakeRecorder
	now    time.Time
	// unasked: somebody else calls it first, where nobody has.
	unasked bool
	// contactWrites and statusWrites since they were last looked at.
	contactWrites, statusWrites int
}

var begin = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func newSweeping(t *testing.T, objects ...client.Object) *sweeping {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	s := &sweeping{t: t, now: begin, unasked: true, events: events.NewFakeRecorder(10), system: &left{
		pages: map[string]provider.SuppressedPage{"": {}}, errs: map[string]error{},
	}}
	integration := &v1alpha1.Integration{
		ObjectMeta: metav1.ObjectMeta{Namespace: "contacts", Name: "newsletter", UID: "uid-1", Generation: 1},
		Spec:       v1alpha1.IntegrationSpec{Provider: v1alpha1.ProviderListmonk},
	}
	s.api = fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.Integration{}).
		WithObjects(append(objects, integration)...).WithInterceptorFuncs(interceptor.Funcs{
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			s.contactWrites++
			return c.Update(ctx, o, opts...)
		},
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			s.statusWrites++
			return c.SubResource(sub).Update(ctx, o, opts...)
		},
	}).Build()
	s.restart()
	return s
}

// restart starts the operator anew.
func (s *sweeping) restart() {
	s.t.Helper()
	metrics, err := NewMetrics(prometheus.NewRegistry(), s.api, time.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	clock := func() time.Time { return s.now }
	s.SuppressionSweep = &SuppressionSweep{
		Client: s.api, Direct: s.api, Recorder: s.events, Metrics: metrics, Now: clock,
		Links: &Links{Client: s.api, Registry: link.NewRegistry(clock, nil), Metrics: metrics, Providers: map[string]provider.Factory{
			"Listmonk": {
				Member: "listmonk", Refs: func(json.RawMessage) (provider.Refs, error) { return provider.Refs{}, nil },
				New: func(provider.Settings) (provider.Provider, error) {
					return provider.Provider{Suppressions: s.system}, nil
				},
			},
		}},
	}
}

// look looks once at what is due. A system that nobody has called yet is called before: it has to be known to be well.
func (s *sweeping) look() {
	s.t.Helper()
	found, err := s.Links.find(s.t.Context(), "contacts", "newsletter")
	if err != nil {
		s.t.Fatal(err)
	}
	if s.unasked && found.Usable() == nil && found.Health().Condition == link.Untried {
		if err := found.Call(s.t.Context(), func(context.Context) error { return nil }); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := s.SuppressionSweep.look(s.t.Context(), rate.NewLimiter(rate.Inf, 1)); err != nil {
		s.t.Error(err)
	}
}

func (s *sweeping) integration() *v1alpha1.Integration {
	s.t.Helper()
	var i v1alpha1.Integration
	if err := s.api.Get(s.t.Context(), client.ObjectKey{Namespace: "contacts", Name: "newsletter"}, &i); err != nil {
		s.t.Fatal(err)
	}
	return &i
}

// states are those of everybody's sync with the system, by address.
func (s *sweeping) states() map[string]v1alpha1.SyncState {
	s.t.Helper()
	var all v1alpha1.ContactList
	if err := s.api.List(s.t.Context(), &all); err != nil {
		s.t.Fatal(err)
	}
	states := map[string]v1alpha1.SyncState{}
	for i := range all.Items {
		if held := contact.Sync(&all.Items[i], v1alpha1.StageMarketingSynced, "newsletter"); held != nil {
			states[all.Items[i].Spec.Email] = held.State
		}
	}
	return states
}

// known is somebody whom the system was told of, in a state; "": nobody has told it.
func known(email string, state v1alpha1.SyncState) *v1alpha1.Contact {
	c := contact.New("contacts", email)
	if state != "" {
		contact.SetSync(c, v1alpha1.ContactSync{
			Stage: v1alpha1.StageMarketingSynced, Integration: "newsletter", IntegrationUID: "uid-1", State: state, Hash: "hash", RemoteID: "51",
			Time: metav1.NewTime(begin),
		})
	}
	return c
}

func TestSweepNotesThoseWhoHaveLeft(t *testing.T) {
	t.Parallel()
	other := known("other@example.com", v1alpha1.SyncStateSynced)
	other.Status.Syncs[0].IntegrationUID = "uid-0" // of an Integration that was deleted
	going := known("going@example.com", v1alpha1.SyncStateSynced)
	going.DeletionTimestamp = new(metav1.NewTime(begin))
	s := newSweeping(t,
		known("ada@example.com", v1alpha1.SyncStateSynced), known("bob@example.com", v1alpha1.SyncStateSynced), known("eve@example.com", v1alpha1.SyncStateSuppressed),
		known("new@example.com", ""), known("lost@example.com", v1alpha1.SyncStateAttempted), other, going,
	)
	s.system.pages = map[string]provider.SuppressedPage{
		"":    {Emails: []string{" Ada@Example.com", "stranger@example.com", "eve@example.com", ""}, Next: "two"},
		"two": {Emails: []string{"new@example.com", "lost@example.com", "other@example.com", "going@example.com", "ada@example.com"}},
	}
	s.look()
	want := map[string]v1alpha1.SyncState{
		"ada@example.com": "Suppressed", "bob@example.com": "Synced", "eve@example.com": "Suppressed", "new@example.com": "Suppressed",
		"lost@example.com": "Suppressed", "other@example.com": "Suppressed", "going@example.com": "Synced",
	}
	if diff := cmp.Diff(want, s.states()); diff != "" {
		t.Error(diff)
	}
	if s.contactWrites != 4 {
		t.Errorf("%d writes of Contacts, want one for each of four who changed", s.contactWrites)
	}
	if s.statusWrites != 2 {
		t.Errorf("%d writes of the status, want one for each page", s.statusWrites)
	}
	var ada v1alpha1.Contact
	if err := s.api.Get(t.Context(), client.ObjectKey{Namespace: "contacts", Name: contact.Name("ada@example.com")}, &ada); err != nil {
		t.Fatal(err)
	}
	if held := ada.Status.Syncs[0]; held.Hash != "" || held.RemoteID != "51" || held.IntegrationUID != "uid-1" {
		t.Errorf("got %+v; without a hash nothing is written any more", held)
	}
	s.contactWrites, s.statusWrites = 0, 0
	s.look()
	if s.contactWrites+s.statusWrites != 0 || len(s.system.takeAsked()) != 2 {
		t.Error("it swept again before its time")
	}
}

func TestSweepGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	s := newSweeping(t, known("ada@example.com", v1alpha1.SyncStateSynced), known("bob@example.com", v1alpha1.SyncStateSynced))
	s.system.pages = map[string]provider.SuppressedPage{
		"": {Emails: []string{"ada@example.com"}, Next: "two"}, "two": {Emails: []string{"bob@example.com"}},
	}
	s.system.errs["two"] = provider.Errorf(provider.Transient, "no answer")
	s.look()
	if diff := cmp.Diff([]string{" ever", "two ever"}, s.system.takeAsked()); diff != "" {
		t.Error(diff)
	}
	delete(s.system.errs, "two")
	s.now = s.now.Add(5 * time.Minute)
	s.restart()
	s.look()
	if diff := cmp.Diff([]string{"two ever"}, s.system.takeAsked()); diff != "" {
		t.Errorf("after a restart:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]v1alpha1.SyncState{"ada@example.com": "Suppressed", "bob@example.com": "Suppressed"}, s.states()); diff != "" {
		t.Error(diff)
	}
	want := &v1alpha1.SuppressionStatus{KnownUntil: new(metav1.NewTime(begin)), Generation: 1}
	if diff := cmp.Diff(want, s.integration().Status.Suppressions); diff != "" {
		t.Errorf("who left while it swept is for the next sweep:\n%s", diff)
	}
	// The next one is due an hour after the last began, and asks for what came since, and a little before.
	s.system.pages = map[string]provider.SuppressedPage{"": {}}
	for _, step := range []struct {
		at   time.Duration
		want []string
	}{
		{59 * time.Minute, nil},
		{60 * time.Minute, []string{" 2026-11-25T11:50:00Z"}},
		{119 * time.Minute, nil},
		{120 * time.Minute, []string{" 2026-11-25T12:50:00Z"}},
	} {
		s.now = begin.Add(step.at)
		s.restart()
		s.look()
		if diff := cmp.Diff(step.want, s.system.takeAsked()); diff != "" {
			t.Errorf("after %v:\n%s", step.at, diff)
		}
	}
}

func TestSweepAsksForEverybodyAgainAfterAChange(t *testing.T) {
	t.Parallel()
	s := newSweeping(t)
	s.look()
	s.system.takeAsked()
	changed := s.integration()
	changed.Generation = 2
	if err := s.api.Update(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	s.look()
	if diff := cmp.Diff([]string{" ever"}, s.system.takeAsked()); diff != "" {
		t.Error(diff)
	}
}

func TestSweepKeepsAPeriodOfItsOwn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		seconds   int32
		wantFirst int
		after     time.Duration
		want      int
	}{
		"never":      {0, 0, 1000 * time.Hour, 0},
		"a minute":   {60, 1, time.Minute, 1},
		"not yet":    {60, 1, 59 * time.Second, 0},
		"once a day": {86400, 1, 23 * time.Hour, 0},
	} {
		s := newSweeping(t)
		i := s.integration()
		i.Spec.Suppressions.SweepSeconds = &tc.seconds
		if err := s.api.Update(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		s.look()
		if got := len(s.system.takeAsked()); got != tc.wantFirst {
			t.Errorf("%s: asked %d times at first, want %d", name, got, tc.wantFirst)
		}
		s.now = s.now.Add(tc.after)
		s.look()
		if got := len(s.system.takeAsked()); got != tc.want {
			t.Errorf("%s: asked %d times after %v, want %d", name, got, tc.after, tc.want)
		}
	}
}

// A system that does not tell goes on being written to; why it does not is said once.
func TestSweepThatIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err         *provider.Error
		wantFailure string
		wantCursor  string
		wantHealth  link.Condition
	}{
		"not allowed":    {provider.Errorf(provider.Auth, "the key may not list"), "the key may not list", "two", link.Healthy},
		"not understood": {provider.Errorf(provider.Config, "there is no such path"), "there is no such path", "two", link.Healthy},
		"a lost place":   {provider.Errorf(provider.Invalid, "the place can't be read"), "the place can't be read", "", link.Healthy},
		"an outage":      {provider.Errorf(provider.Transient, "no answer"), "", "two", link.Healthy},
		"a limit":        {provider.Errorf(provider.Throttled, "fewer calls"), "", "two", link.Healthy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSweeping(t)
			s.system.pages[""] = provider.SuppressedPage{Next: "two"}
			s.system.errs["two"] = tc.err
			s.look()
			at := s.integration().Status.Suppressions
			if at.Failure != tc.wantFailure || at.Cursor != tc.wantCursor || at.KnownUntil != nil {
				t.Errorf("got %+v", at)
			}
			found, _ := s.Links.Registry.Get(link.Key{Namespace: "contacts", Name: "newsletter"})
			if got := found.Health().Condition; got != tc.wantHealth {
				t.Errorf("the link is %s: it has to go on", got)
			}
			if got := len(s.events.Events); got != map[bool]int{true: 1}[tc.wantFailure != ""] {
				t.Errorf("%d events", got)
			}
			s.now = s.now.Add(time.Minute)
			s.statusWrites = 0
			s.look()
			if got := len(s.events.Events); got > 1 {
				t.Errorf("%d events: it is told again and again", got)
			}
			delete(s.system.errs, "two")
			s.now = s.now.Add(time.Minute)
			s.look()
			if at = s.integration().Status.Suppressions; at.Failure != "" || at.KnownUntil == nil || at.Cursor != "" {
				t.Errorf("once it tells: %+v", at)
			}
		})
	}
}

// Who is not well, or suspended, is left alone.
func TestSweepLeavesASystemAloneThatIsNotWell(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*v1alpha1.Integration){
		"suspended": func(i *v1alpha1.Integration) { i.Spec.Suspend = new(true) },
		"untried":   func(*v1alpha1.Integration) {},
		"failing": func(i *v1alpha1.Integration) {
			i.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: "False", Reason: "Failing", ObservedGeneration: 1}}
		},
		"unauthorized": func(i *v1alpha1.Integration) {
			i.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: "False", Reason: "Unauthorized", ObservedGeneration: 1}}
		},
	} {
		s := newSweeping(t)
		s.unasked = name != "untried"
		i := s.integration()
		change(i)
		if err := s.api.Update(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		i = s.integration()
		change(i)
		if err := s.api.Status().Update(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		s.look()
		if asked := s.system.takeAsked(); asked != nil {
			t.Errorf("%s: asked %q", name, asked)
		}
	}
}
