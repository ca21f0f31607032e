package pipeline

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// syncer makes one outside system hold what the Contact says. run only reads the pass, so that two can run side by side;
// settle then writes down what came of it.
type syncer struct {
	p           *pass
	stage       v1alpha1.Stage
	integration string // "" when the pipeline has none for this stage

	takes   bool // there is something to do in this pass
	outcome outcome
	sync    *v1alpha1.ContactSync // what the system holds now, when that was written
}

func (p *pass) syncer(stage v1alpha1.Stage) *syncer {
	return &syncer{p: p, stage: stage, integration: p.integration(stage), takes: p.ready(stage)}
}

func (s *syncer) run(ctx context.Context) {
	if s.takes {
		s.outcome = s.p.guard(ctx, s.stage, s.write)
	}
}

func (s *syncer) settle() {
	if s.takes {
		s.p.record(s.stage, s.outcome)
	}
	if s.sync != nil {
		contact.SetSync(s.p.contact, *s.sync)
	}
}

// write is level-triggered: the stage is done when the hash of what the system should hold equals the hash last written
// there, whoever wrote it. So a duplicate, a restart and a replay make no call.
func (s *syncer) write(ctx context.Context) outcome {
	if s.integration == "" {
		return done("", v1alpha1.ReasonNotConfigured, "")
	}
	held := contact.Sync(s.p.contact, s.stage, s.integration)
	if s.stage == v1alpha1.StageMarketingSynced && held == nil && !consents(s.p.contact) && !s.mayHaveTold() {
		return done(s.integration, v1alpha1.ReasonNoConsent, "")
	}
	link, err := s.p.Links(ctx, s.integration)
	if err != nil {
		return unavailable(s.integration, err)
	}
	if s.hasLeft(held, link) {
		return s.unchanged(held)
	}
	upserter := link.Provider().Upserter
	if upserter == nil {
		return unsuited(s.integration, "upsert")
	}
	request, err := upserter.Render(Record(s.p.contact))
	if err != nil {
		return s.p.failed(s.stage, s.integration, link, err)
	}
	hash := Hash(link.UID(), request)
	if held != nil {
		before := held.Time.Time.Before(contact.ReceivedAt(s.p.Submission).Truncate(time.Second))
		if held.Hash == hash && !s.doubtful() && (!s.p.canary || !before) {
			return s.unchanged(held)
		}
		if held.IntegrationUID == link.UID() { // to another system, the id of this one is somebody else
			request.RemoteID = held.RemoteID
		}
	}
	receipt, err := link.Upsert(ctx, request)
	s.sync = &v1alpha1.ContactSync{
		Stage: s.stage, Integration: s.integration, IntegrationUID: link.UID(), State: v1alpha1.SyncStateSynced,
		Hash: hash, RemoteID: cmp.Or(receipt.RemoteID, request.RemoteID), Time: metav1.NewTime(s.p.startedAt.Truncate(time.Second)),
	}
	if err != nil {
		s.attempted(held, err)
		return s.p.failed(s.stage, s.integration, link, err)
	}
	if receipt.Suppressed {
		s.sync.State = v1alpha1.SyncStateSuppressed
		if s.stage == v1alpha1.StageMarketingSynced && consents(s.p.contact) {
			s.sync.Hash = "" // not because we have said so
		}
		return done(s.integration, v1alpha1.ReasonSuppressed, "the system keeps the person unsubscribed")
	}
	return done(s.integration, v1alpha1.ReasonSynced, "")
}

// doubtful tells whether the system may hold something else than the Contact knows: what an earlier pass over this submission
// told it, when that was not written down, or when no answer came. Another submission of the person may have been in between.
func (s *syncer) doubtful() bool {
	failure := failureOf(s.p.status.Failures, s.stage)
	return s.p.Doubtful || failure != nil && failure.Class == v1alpha1.ErrorClass(provider.Transient)
}

// mayHaveTold tells whether an earlier pass over this submission, which agrees to mail, may have told the marketing system so
// and have died before it could write that down. Then the system has to hear the newest answer.
func (s *syncer) mayHaveTold() bool {
	answer := s.p.Submission.Spec.Consent
	return s.p.Doubtful && answer != nil && answer.Marketing == v1alpha1.ConsentGranted
}

// hasLeft tells whether the person has left the marketing system there, or can't be reached, so that nothing is written to
// it any more. Who has only withdrawn the consent in a form, and gives it again, is not among them: that system then decides.
func (s *syncer) hasLeft(held *v1alpha1.ContactSync, link Link) bool {
	return s.stage == v1alpha1.StageMarketingSynced && !s.p.canary && held != nil && held.IntegrationUID == link.UID() &&
		held.State == v1alpha1.SyncStateSuppressed && held.Hash == ""
}

// attempted notes that a first write may have arrived although its answer did not: the system has to be told of what comes
// later, a withdrawn consent or an erasure, as if it held the person.
func (s *syncer) attempted(held *v1alpha1.ContactSync, err error) {
	wait := (*provider.Wait)(nil)
	if held != nil || errors.As(err, &wait) || provider.AsError(err).Class != provider.Transient {
		s.sync = nil
		return
	}
	s.sync.State, s.sync.Hash = v1alpha1.SyncStateAttempted, ""
}

// unchanged says that the system already holds it. A stage that had synced keeps its reason: it tells of this submission.
func (s *syncer) unchanged(held *v1alpha1.ContactSync) outcome {
	switch {
	case held.State == v1alpha1.SyncStateSuppressed:
		return done(s.integration, v1alpha1.ReasonSuppressed, "the system keeps the person unsubscribed")
	case s.p.condition(s.stage).Reason == v1alpha1.ReasonSynced:
		return done(s.integration, v1alpha1.ReasonSynced, "")
	default:
		return done(s.integration, v1alpha1.ReasonUnchanged, "")
	}
}

// Hash identifies what one Integration should hold: its UID, the key and the payload, each with its length, so that no
// two of them can be mistaken for one another.
func Hash(uid string, r provider.Request) string {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(uid), []byte(r.Key), r.Payload} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

func consents(c *v1alpha1.Contact) bool {
	return c.Spec.Consent != nil && c.Spec.Consent.Marketing == v1alpha1.ConsentGranted
}

// Record is what an upserter sees of a Contact.
func Record(c *v1alpha1.Contact) provider.Contact {
	r := provider.Contact{
		Email: c.Spec.Email, Name: fieldValue(c.Spec.Name), Company: fieldValue(c.Spec.Company),
		Phone: fieldValue(c.Spec.Phone), Country: fieldValue(c.Spec.Country),
		Channels: c.Spec.Channels, Attributes: make(map[string]string, len(c.Spec.Attributes)),
	}
	for key, v := range c.Spec.Attributes {
		r.Attributes[key] = v.Value
	}
	if c.Status.Location != nil {
		r.Location = c.Status.Location.Country
	}
	if consent := c.Spec.Consent; consent != nil {
		r.Consent = provider.Consent{
			Marketing: string(consent.Marketing), Statement: consent.Statement,
			Time: consent.AnsweredAt.UTC().Format(time.RFC3339),
		}
	}
	return r
}

func fieldValue(f *v1alpha1.FieldValue) string {
	if f == nil {
		return ""
	}
	return f.Value
}
