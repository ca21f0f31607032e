package contact

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// Limits of a Contact, as in its CRD.
const (
	maxAttributes = 64
	maxChannels   = 32
	maxRecent     = 10
)

// New returns the Contact of a normalised address, with nothing known of the person yet.
func New(namespace, address string) *v1alpha1.Contact {
	return &v1alpha1.Contact{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: Name(address), Finalizers: []string{v1alpha1.FinalizerErase},
		},
		Spec: v1alpha1.ContactSpec{Email: address},
	}
}

// ReceivedAt is when a submission was accepted, in microseconds. It orders the submissions of one person. A time later
// than the object's creation (which is kept in whole seconds) is taken for a wrong clock and cut down to it, so that
// nobody's answers win for ever.
func ReceivedAt(s *v1alpha1.ContactSubmission) metav1.MicroTime {
	created := s.CreationTimestamp.Time
	received := s.Spec.Source.ReceivedAt
	if received.IsZero() {
		return metav1.NewMicroTime(created)
	}
	if latest := created.Add(time.Second); !created.IsZero() && received.After(latest) {
		return metav1.NewMicroTime(latest)
	}
	return metav1.NewMicroTime(received.Truncate(time.Microsecond))
}

// OriginOf says where the values of a submission come from.
func OriginOf(s *v1alpha1.ContactSubmission) v1alpha1.Origin {
	return v1alpha1.Origin{Submission: s.Name, Time: ReceivedAt(s)}
}

// Merge puts what a submission says into a Contact. Blank fields never overwrite; of two answers the one received later
// stands (of two received at once, the one with the greater name), whichever is merged first. Consent changes only by an
// explicit answer. Merging the same submission again changes nothing.
func Merge(c *v1alpha1.Contact, s *v1alpha1.ContactSubmission) {
	origin := OriginOf(s)
	fields := s.Spec.Contact
	mergeField(&c.Spec.Name, fields.Name, origin)
	mergeField(&c.Spec.Company, fields.Company, origin)
	mergeField(&c.Spec.Phone, fields.Phone, origin)
	mergeField(&c.Spec.Country, fields.Country, origin)
	mergeAttributes(c, s.Spec.Attributes, origin)
	mergeChannel(c, s.Spec.Source.Channel)
	mergeConsent(c, s.Spec.Consent, origin)
	count(&c.Status, origin)
}

// SetLocation records where a submission came from, unless a later one has been located already.
func SetLocation(c *v1alpha1.Contact, location v1alpha1.ContactLocation) {
	if old := c.Status.Location; old == nil || !after(old.Origin, location.Origin) {
		c.Status.Location = &location
	}
}

// Sync returns what is known of one outside system, nil when nothing is.
func Sync(c *v1alpha1.Contact, stage v1alpha1.Stage, integration string) *v1alpha1.ContactSync {
	for i := range c.Status.Syncs {
		if s := &c.Status.Syncs[i]; s.Stage == stage && s.Integration == integration {
			return s
		}
	}
	return nil
}

// SetSync records what an outside system holds. Where the list is full, the entry that is longest unwritten goes: at
// worst that system is written to once more.
func SetSync(c *v1alpha1.Contact, sync v1alpha1.ContactSync) {
	if old := Sync(c, sync.Stage, sync.Integration); old != nil {
		*old = sync
		return
	}
	const maxSyncs = 16
	if len(c.Status.Syncs) >= maxSyncs {
		oldest := 0
		for i := range c.Status.Syncs {
			if c.Status.Syncs[i].Time.Before(&c.Status.Syncs[oldest].Time) {
				oldest = i
			}
		}
		c.Status.Syncs = slices.Delete(c.Status.Syncs, oldest, oldest+1)
	}
	c.Status.Syncs = append(c.Status.Syncs, sync)
	slices.SortFunc(c.Status.Syncs, func(a, b v1alpha1.ContactSync) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Integration, b.Integration))
	})
}

// after tells whether a is the later answer.
func after(a, b v1alpha1.Origin) bool {
	if !a.Time.Time.Equal(b.Time.Time) {
		return a.Time.After(b.Time.Time)
	}
	return a.Submission > b.Submission
}

func mergeField(field **v1alpha1.FieldValue, value string, origin v1alpha1.Origin) {
	if value = strings.TrimSpace(value); value == "" || (*field != nil && after((*field).Origin, origin)) {
		return
	}
	*field = &v1alpha1.FieldValue{Value: value, Origin: origin}
}

func mergeAttributes(c *v1alpha1.Contact, attributes map[string]v1alpha1.AttributeValue, origin v1alpha1.Origin) {
	for key, answer := range attributes {
		value := strings.TrimSpace(string(answer))
		if old, ok := c.Spec.Attributes[key]; value == "" || (ok && after(old.Origin, origin)) {
			continue
		}
		if c.Spec.Attributes == nil {
			c.Spec.Attributes = make(map[string]v1alpha1.FieldValue)
		}
		c.Spec.Attributes[key] = v1alpha1.FieldValue{Value: value, Origin: origin}
	}
	for len(c.Spec.Attributes) > maxAttributes {
		delete(c.Spec.Attributes, oldestAttribute(c.Spec.Attributes))
	}
}

// oldestAttribute names the attribute that was answered first; of several in one submission, the last by name.
func oldestAttribute(attributes map[string]v1alpha1.FieldValue) string {
	return slices.MinFunc(slices.Collect(maps.Keys(attributes)), func(a, b string) int {
		switch x, y := attributes[a].Origin, attributes[b].Origin; {
		case after(y, x):
			return -1
		case after(x, y):
			return 1
		default:
			return cmp.Compare(b, a)
		}
	})
}

func mergeChannel(c *v1alpha1.Contact, channel string) {
	channel = strings.TrimSpace(channel)
	if at, found := slices.BinarySearch(c.Spec.Channels, channel); channel != "" && !found && len(c.Spec.Channels) < maxChannels {
		c.Spec.Channels = slices.Insert(c.Spec.Channels, at, channel)
	}
}

func mergeConsent(c *v1alpha1.Contact, answer *v1alpha1.SubmissionConsent, origin v1alpha1.Origin) {
	if answer == nil || (c.Spec.Consent != nil && after(c.Spec.Consent.Origin, origin)) {
		return
	}
	answered := metav1.NewTime(origin.Time.Truncate(time.Second))
	if !answer.Time.IsZero() {
		answered = *answer.Time
	}
	c.Spec.Consent = &v1alpha1.ContactConsent{
		Marketing: answer.Marketing, Statement: answer.Statement, AnsweredAt: answered, Origin: origin,
	}
}

func count(status *v1alpha1.ContactStatus, origin v1alpha1.Origin) {
	received := metav1.NewTime(origin.Time.Truncate(time.Second))
	if status.FirstSeen == nil || received.Before(status.FirstSeen) {
		status.FirstSeen = &received
	}
	if status.LastSeen == nil || status.LastSeen.Before(&received) {
		status.LastSeen = &received
	}
	if slices.Contains(status.RecentSubmissions, origin.Submission) {
		return
	}
	var submissions int32
	if status.Submissions != nil {
		submissions = *status.Submissions
	}
	submissions++
	status.Submissions = &submissions
	status.RecentSubmissions = append(status.RecentSubmissions, origin.Submission)
	if extra := len(status.RecentSubmissions) - maxRecent; extra > 0 {
		status.RecentSubmissions = slices.Delete(status.RecentSubmissions, 0, extra)
	}
}
