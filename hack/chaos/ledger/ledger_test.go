package ledger

import (
	"maps"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/chaos/people"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

var start = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

const address = "ada@example.com"

// sent is a post that was thanked for, with the submission that came of it.
func sent(p *people.Person, id, key string, second int, payload *people.Payload) (*people.Sent, v1alpha1.ContactSubmission) {
	at := start.Add(time.Duration(second) * time.Second)
	post := &people.Post{Person: p, Payload: payload, Key: key}
	s := v1alpha1.ContactSubmission{ObjectMeta: metav1.ObjectMeta{Name: id}}
	s.Spec.PipelineRef.Name = post.Pipeline()
	s.Spec.Contact = v1alpha1.ContactFields{
		Email: payload.Email, Name: payload.Name, Company: payload.Company, Phone: payload.Phone, Country: payload.Country,
	}
	s.Spec.Attributes = map[string]v1alpha1.AttributeValue{}
	for k, v := range payload.Attributes {
		s.Spec.Attributes[k] = v1alpha1.AttributeValue(v)
	}
	s.Spec.Source.Channel = payload.Channel
	s.Spec.Source.ReceivedAt = new(metav1.NewMicroTime(at.Add(time.Millisecond)))
	if answer := answered(payload); answer != "" {
		s.Spec.Consent = &v1alpha1.SubmissionConsent{Marketing: v1alpha1.Consent(answer)}
	}
	s.Status.State = v1alpha1.StateCompleted
	s.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: v1alpha1.ReasonCompleted}}
	return &people.Sent{Post: post, Tries: []people.Try{{Begun: at, Ended: at.Add(10 * time.Millisecond), Status: 202, ID: id}}}, s
}

func payload(tag, name string, consent *people.Consent) *people.Payload {
	return &people.Payload{
		Email: address, Name: name, Country: "DE", Channel: "event",
		Attributes: map[string]string{people.TagAttribute: tag}, Consent: consent,
	}
}

// good is a person who came twice, was told of a company the first time and of another name the second, and agreed.
func good() *Input {
	p := &people.Person{Kind: people.Ordinary, Key: address}
	yes := &people.Consent{Marketing: true}
	first := payload("1-1", "Ada", nil)
	first.Company = "Example Ltd"
	sent1, stored1 := sent(p, "first", "key", 0, first)
	sent2, stored2 := sent(p, "second", "", 1, payload("1-2", "Ada Example", yes))
	return &Input{
		People: []*people.Person{p}, Sent: []*people.Sent{sent1, sent2},
		Submissions: []v1alpha1.ContactSubmission{stored1, stored2},
		Contacts:    []v1alpha1.Contact{{ObjectMeta: metav1.ObjectMeta{Name: "c"}, Spec: v1alpha1.ContactSpec{Email: address}}},
		CRM: []server.Record{{Key: address, Fields: map[string]any{
			"email": address, "name": "Ada Example", "company": "Example Ltd", "country": "DE", "location": "DE",
			"channels": []any{"event"}, "attributes": map[string]any{"post": "1-2"},
		}}},
		Marketing: []server.Record{{Key: address, Fields: map[string]any{
			"email": address, "name": "Ada Example", "company": "Example Ltd", "location": "DE",
			"channels": []any{"event"}, "status": "subscribed",
		}}},
	}
}

func TestAuditIsContentWithWhatIsRight(t *testing.T) {
	o := Audit(*good())
	if !o.Good() || o.Accepted != 2 || o.Completed != 2 || len(o.Complaints) > 0 {
		t.Errorf("got %+v", o)
	}
}

func TestAuditSeesWhatIsWrong(t *testing.T) {
	change := func(records []server.Record, field string, value any) {
		records[0].Fields = maps.Clone(records[0].Fields)
		records[0].Fields[field] = value
	}
	tests := map[string]struct {
		reason string
		spoil  func(*Input)
		want   string // lost, duplicated, waiting or wrong
	}{
		"a submission is gone": {"whoever read thanks is owed an outcome", func(in *Input) {
			in.Submissions = in.Submissions[1:]
		}, "lost"},
		"a submission is not what was sent": {"a name without its data is a loss", func(in *Input) {
			in.Submissions[0].Spec.Contact.Company = "Other Ltd"
		}, "lost"},
		"an answer is gone": {"consent is data", func(in *Input) { in.Submissions[1].Spec.Consent = nil }, "lost"},
		"one can still move": {"waiting is no outcome", func(in *Input) {
			in.Submissions[0].Status.State = v1alpha1.StateActive
		}, "waiting"},
		"one has ended as another must": {"nobody refused the address", func(in *Input) {
			in.Submissions[0].Status.State = v1alpha1.StateHeld
			in.Submissions[0].Status.Conditions[0].Reason = v1alpha1.ReasonRejected
		}, "wrong"},
		"a submission too many": {"nobody sent it a second time", func(in *Input) {
			extra := in.Submissions[1]
			extra.Name = "third"
			in.Submissions = append(in.Submissions, extra)
		}, "duplicated"},
		"a submission of nobody": {"its payload is of no post", func(in *Input) {
			extra := in.Submissions[1].DeepCopy()
			extra.Name, extra.Spec.Attributes = "third", map[string]v1alpha1.AttributeValue{"post": "9-9"}
			in.Submissions = append(in.Submissions, *extra)
		}, "duplicated"},
		"one key, two names": {"a replay must meet its own", func(in *Input) {
			again := *in.Sent[0]
			again.Tries = []people.Try{{Begun: start, Ended: start.Add(time.Minute), Status: 202, ID: "third"}}
			extra := in.Submissions[0]
			extra.Name = "third"
			in.Sent, in.Submissions = append(in.Sent, &again), append(in.Submissions, extra)
		}, "duplicated"},
		"two records of one address": {"the address is the key", func(in *Input) { in.CRM = append(in.CRM, in.CRM[0]) }, "duplicated"},
		"another spelling of it":     {"it is the same person", func(in *Input) { in.CRM = append(in.CRM, server.Record{Key: "ADA@example.com"}) }, "duplicated"},
		"two Contacts":               {"one master record per person", func(in *Input) { in.Contacts = append(in.Contacts, in.Contacts[0]) }, "duplicated"},
		"no Contact":                 {"a completed submission has made one", func(in *Input) { in.Contacts = nil }, "wrong"},
		"the CRM knows nobody":       {"it was never told", func(in *Input) { in.CRM = nil }, "wrong"},
		"an older name":              {"newer answers win", func(in *Input) { change(in.CRM, "name", "Ada") }, "wrong"},
		"a blank that overwrote":     {"blanks never overwrite", func(in *Input) { change(in.Marketing, "company", "") }, "wrong"},
		"an older country":           {"what is found late has to be told", func(in *Input) { change(in.Marketing, "location", "ES") }, "wrong"},
		"not subscribed":             {"she has agreed", func(in *Input) { change(in.Marketing, "status", "unsubscribed") }, "wrong"},
		"marketing knows nobody":     {"she has agreed", func(in *Input) { in.Marketing = nil }, "wrong"},
		"told without consent": {"nobody has agreed", func(in *Input) {
			in.Sent[1].Payload.Consent, in.Submissions[1].Spec.Consent = nil, nil
		}, "wrong"},
		"a consent withdrawn in vain": {"the newest answer is no", func(in *Input) {
			no := &people.Consent{Marketing: false}
			s, stored := sent(in.People[0], "third", "", 2, payload("1-3", "Ada Example", no))
			in.Sent, in.Submissions = append(in.Sent, s), append(in.Submissions, stored)
			change(in.CRM, "attributes", map[string]any{"post": "1-3"})
		}, "wrong"},
		"received before it was sent": {"the order of a person's answers hangs on it", func(in *Input) {
			in.Submissions[0].Spec.Source.ReceivedAt = new(metav1.NewMicroTime(start.Add(-time.Second)))
		}, "wrong"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			in := good()
			tc.spoil(in)
			o := Audit(*in)
			got := map[string]bool{"lost": o.Lost > 0, "duplicated": o.Duplicated > 0, "waiting": o.Waiting > 0, "wrong": o.Wrong > 0}
			if o.Good() || !got[tc.want] || !strings.Contains(strings.Join(o.Complaints, "\n"), tc.want+":") {
				t.Errorf("%s: got %+v, want it called %s", tc.reason, o, tc.want)
			}
		})
	}
}

func TestATryWithoutAnAnswerMayHaveLeftOne(t *testing.T) {
	in := good()
	none := people.Try{Begun: start, Ended: start.Add(time.Minute)}
	extra := in.Submissions[1]
	extra.Name = "third"
	in.Sent = append(in.Sent, &people.Sent{Post: in.Sent[1].Post, Tries: []people.Try{none}})
	if o := Audit(*in); !o.Good() || o.Unanswered != 0 {
		t.Errorf("none is there: %+v", o)
	}
	in.Submissions = append(in.Submissions, extra)
	if o := Audit(*in); !o.Good() || o.Unanswered != 1 || o.Accepted != 2 {
		t.Errorf("one is there: %+v", o)
	}
	extra.Name = "fourth"
	in.Submissions = append(in.Submissions, extra)
	if o := Audit(*in); o.Duplicated != 1 {
		t.Errorf("two are there of one try: %+v", o)
	}
}

func TestAReplayIsNoSecondSubmission(t *testing.T) {
	in := good()
	again := *in.Sent[0]
	again.Tries = []people.Try{{Begun: start, Ended: start.Add(time.Second)}, {Begun: start, Ended: start.Add(2 * time.Second), Status: 202, ID: "first"}}
	in.Sent = append(in.Sent, &again)
	if o := Audit(*in); !o.Good() || o.Accepted != 2 {
		t.Errorf("got %+v", o)
	}
}
