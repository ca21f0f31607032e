package contact

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

var start = time.Date(2026, 11, 2, 9, 15, 0, 0, time.UTC)

// submission makes one that was received some seconds after start.
func submission(name string, second int, change ...func(*v1alpha1.ContactSubmissionSpec)) *v1alpha1.ContactSubmission {
	received := metav1.NewMicroTime(start.Add(time.Duration(second) * time.Second))
	s := &v1alpha1.ContactSubmission{
		ObjectMeta: metav1.ObjectMeta{Namespace: "contacts", Name: name, CreationTimestamp: metav1.NewTime(received.Time)},
		Spec: v1alpha1.ContactSubmissionSpec{
			Contact: v1alpha1.ContactFields{Email: "ada@example.com"},
			Source:  v1alpha1.SubmissionSource{ReceivedAt: &received},
		},
	}
	for _, c := range change {
		c(&s.Spec)
	}
	return s
}

func named(n string) func(*v1alpha1.ContactSubmissionSpec) {
	return func(s *v1alpha1.ContactSubmissionSpec) { s.Contact.Name = n }
}

func attribute(key, value string) func(*v1alpha1.ContactSubmissionSpec) {
	return func(s *v1alpha1.ContactSubmissionSpec) {
		s.Attributes = map[string]v1alpha1.AttributeValue{key: v1alpha1.AttributeValue(value)}
	}
}

func answered(c v1alpha1.Consent) func(*v1alpha1.ContactSubmissionSpec) {
	return func(s *v1alpha1.ContactSubmissionSpec) { s.Consent = &v1alpha1.SubmissionConsent{Marketing: c} }
}

func channel(name string) func(*v1alpha1.ContactSubmissionSpec) {
	return func(s *v1alpha1.ContactSubmissionSpec) { s.Source.Channel = name }
}

func TestMerge(t *testing.T) {
	tests := map[string]struct {
		reason      string
		submissions []*v1alpha1.ContactSubmission
		wantName    string
		wantFrom    string
		wantConsent v1alpha1.Consent
		wantCount   int32
	}{
		"newest wins": {
			reason:      "a person who sends again corrects what was sent before",
			submissions: []*v1alpha1.ContactSubmission{submission("a", 0, named("Ada")), submission("b", 1, named("Ada L."))},
			wantName:    "Ada L.", wantFrom: "b", wantCount: 2,
		},
		"order of processing does not matter": {
			reason:      "the older submission may have been parked",
			submissions: []*v1alpha1.ContactSubmission{submission("b", 1, named("Ada L.")), submission("a", 0, named("Ada"))},
			wantName:    "Ada L.", wantFrom: "b", wantCount: 2,
		},
		"blank never overwrites": {
			reason:      "the second form did not ask for the name",
			submissions: []*v1alpha1.ContactSubmission{submission("a", 0, named("Ada")), submission("b", 1)},
			wantName:    "Ada", wantFrom: "a", wantCount: 2,
		},
		"blanks are blank": {
			reason:      "somebody leant on the space bar",
			submissions: []*v1alpha1.ContactSubmission{submission("a", 0, named(" Ada ")), submission("b", 1, named(" \t "))},
			wantName:    "Ada", wantFrom: "a", wantCount: 2,
		},
		"the same instant": {
			reason:      "then the greater name wins, so that the result is one and the same",
			submissions: []*v1alpha1.ContactSubmission{submission("b", 0, named("B")), submission("a", 0, named("A"))},
			wantName:    "B", wantFrom: "b", wantCount: 2,
		},
		"processed again": {
			reason:      "a replay changes nothing, not even the count",
			submissions: []*v1alpha1.ContactSubmission{submission("a", 0, named("Ada")), submission("a", 0, named("Ada"))},
			wantName:    "Ada", wantFrom: "a", wantCount: 1,
		},
		"consent stays without an answer": {
			reason:      "a form that does not ask has not been answered",
			submissions: []*v1alpha1.ContactSubmission{submission("a", 0, answered(v1alpha1.ConsentGranted)), submission("b", 1)},
			wantConsent: v1alpha1.ConsentGranted, wantCount: 2,
		},
		"consent withdrawn": {
			reason: "by an explicit answer, however late the earlier one is processed",
			submissions: []*v1alpha1.ContactSubmission{
				submission("b", 1, answered(v1alpha1.ConsentDenied)), submission("a", 0, answered(v1alpha1.ConsentGranted)),
			},
			wantConsent: v1alpha1.ConsentDenied, wantCount: 2,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := New("contacts", "ada@example.com")
			for _, s := range tc.submissions {
				Merge(c, s)
			}
			var gotName, gotFrom string
			if c.Spec.Name != nil {
				gotName, gotFrom = c.Spec.Name.Value, c.Spec.Name.Submission
			}
			var gotConsent v1alpha1.Consent
			if c.Spec.Consent != nil {
				gotConsent = c.Spec.Consent.Marketing
			}
			if gotName != tc.wantName || gotFrom != tc.wantFrom || gotConsent != tc.wantConsent || *c.Status.Submissions != tc.wantCount {
				t.Errorf("%s: got name %q from %q, consent %q, count %d", tc.reason, gotName, gotFrom, gotConsent, *c.Status.Submissions)
			}
		})
	}
}

// TestMergeCommutes: whatever the order, and however often, the Contact ends the same.
func TestMergeCommutes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var all []*v1alpha1.ContactSubmission
	for i := range 9 { // no more than recentSubmissions keeps
		all = append(all, submission(fmt.Sprintf("s%d", i), random.IntN(5),
			named(fmt.Sprintf("name %d", i)), attribute(fmt.Sprintf("k%d", i%3), fmt.Sprint(i)), channel(fmt.Sprintf("c%d", i%4)),
			answered([]v1alpha1.Consent{v1alpha1.ConsentGranted, v1alpha1.ConsentDenied}[i%2])))
	}
	merged := func(order []int) *v1alpha1.Contact {
		c := New("contacts", "ada@example.com")
		for _, i := range order {
			Merge(c, all[i])
			SetLocation(c, v1alpha1.ContactLocation{Country: fmt.Sprintf("A%c", 'A'+i), Origin: OriginOf(all[i])})
		}
		return c
	}
	want := merged(random.Perm(len(all)))
	for range 200 {
		order := append(random.Perm(len(all)), random.Perm(len(all))...)
		ignored := cmpopts.IgnoreFields(v1alpha1.ContactStatus{}, "RecentSubmissions") // in order of processing
		if diff := cmp.Diff(want, merged(order), ignored); diff != "" {
			t.Fatalf("order %v gives another Contact (-want +got):\n%s", order, diff)
		}
	}
}

func TestMergeBounds(t *testing.T) {
	c := New("contacts", "ada@example.com")
	for i := range 200 {
		Merge(c, submission(fmt.Sprintf("s%03d", i), i, attribute(fmt.Sprintf("k%03d", i), "v"), channel(fmt.Sprintf("c%03d", i))))
	}
	if got := len(c.Spec.Attributes); got != maxAttributes {
		t.Errorf("%d attributes, want %d", got, maxAttributes)
	}
	if _, kept := c.Spec.Attributes["k199"]; !kept {
		t.Error("the newest attribute is gone")
	}
	if got := len(c.Spec.Channels); got != maxChannels {
		t.Errorf("%d channels, want %d", got, maxChannels)
	}
	if got := len(c.Status.RecentSubmissions); got != maxRecent {
		t.Errorf("%d recent submissions, want %d", got, maxRecent)
	}
	if got := *c.Status.Submissions; got != 200 {
		t.Errorf("%d submissions, want 200", got)
	}
}

func TestReceivedAt(t *testing.T) {
	created := metav1.NewTime(start)
	at := func(d time.Duration) *metav1.MicroTime {
		received := metav1.NewMicroTime(start.Add(d))
		return &received
	}
	tests := map[string]struct {
		reason   string
		received *metav1.MicroTime
		want     time.Time
	}{
		"absent":        {"made by hand: when it was created", nil, start},
		"before":        {"it came from a queue", at(-time.Hour), start.Add(-time.Hour)},
		"within":        {"creation times are whole seconds", at(900 * time.Millisecond), start.Add(900 * time.Millisecond)},
		"in the future": {"a wrong clock does not win for ever", at(24 * time.Hour), start.Add(time.Second)},
		"nanoseconds":   {"kept in microseconds", at(1500 * time.Nanosecond), start.Add(time.Microsecond)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := submission("a", 0)
			s.CreationTimestamp, s.Spec.Source.ReceivedAt = created, tc.received
			if got := ReceivedAt(s); !got.Time.Equal(tc.want) {
				t.Errorf("ReceivedAt = %v, want %v: %s", got, tc.want, tc.reason)
			}
		})
	}
}

func TestSetSyncBounds(t *testing.T) {
	c := New("contacts", "ada@example.com")
	for i := range 20 {
		SetSync(c, v1alpha1.ContactSync{
			Stage: v1alpha1.StageCRMSynced, Integration: fmt.Sprintf("crm-%02d", i), Hash: "h",
			Time: metav1.NewTime(start.Add(time.Duration(i) * time.Minute)),
		})
	}
	if len(c.Status.Syncs) != 16 || Sync(c, v1alpha1.StageCRMSynced, "crm-03") != nil || Sync(c, v1alpha1.StageCRMSynced, "crm-19") == nil {
		t.Errorf("kept %d, the oldest should be gone and the newest there", len(c.Status.Syncs))
	}
}
