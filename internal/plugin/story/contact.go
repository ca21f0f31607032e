package story

import (
	"maps"
	"slices"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/person"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// contact tells what is known of a person, and where each field came from.
func (t *teller) contact(c *v1alpha1.Contact) {
	t.line("%s", t.style.Bold("Contact "+c.Name)+t.style.Dim("  in namespace "+c.Namespace))
	if c.DeletionTimestamp != nil {
		t.line("  %s", t.style.Bad("Being erased since "+screen.Clock(c.DeletionTimestamp.Time)+"."))
	}
	facts := [][]string{{"e-mail", screen.Safe(c.Spec.Email)}}
	field := func(label string, v *v1alpha1.FieldValue) {
		if v != nil {
			facts = append(facts, []string{label, screen.Safe(v.Value), t.origin(v.Origin)})
		}
	}
	field("name", c.Spec.Name)
	field("company", c.Spec.Company)
	field("phone", c.Spec.Phone)
	field("country", c.Spec.Country)
	for _, name := range slices.Sorted(maps.Keys(c.Spec.Attributes)) {
		v := c.Spec.Attributes[name]
		field(screen.Safe(name), &v)
	}
	if a := c.Spec.Consent; a != nil {
		facts = append(facts, []string{"consent", consent(a.Marketing) + quoted(a.Statement), t.origin(a.Origin)})
	}
	for _, channel := range c.Spec.Channels {
		facts = append(facts, []string{"channel", screen.Safe(channel)})
	}
	t.rows(facts)

	t.line("")
	t.line("%s", t.style.Bold("What the systems say"))
	facts = nil
	if v := c.Status.Verdict; v != nil {
		text := string(v.Result)
		if v.Evidence != "" {
			text += " (" + screen.Safe(v.Evidence) + ")"
		}
		if v.Mailbox == v1alpha1.MailboxFree {
			text += ", a public mail service"
		}
		facts = append(facts, []string{"address", text, t.by(v.Integration) + screen.Ago(v.Time.Time, t.now)})
	}
	if l := c.Status.Location; l != nil {
		text := l.Country
		if l.Source != "" {
			text += " (" + string(l.Source) + ")"
		}
		if l.Disagreement != "" {
			text += ", though " + screen.Safe(l.Disagreement)
		}
		facts = append(facts, []string{"located", text, t.by(l.Integration) + screen.Ago(l.FoundAt.Time, t.now)})
		if l.Phone != "" {
			facts = append(facts, []string{"phone", screen.Safe(l.Phone)})
		}
	}
	for _, s := range c.Status.Syncs {
		text := string(s.State)
		if s.RemoteID != "" {
			text += ", as " + screen.Safe(s.RemoteID)
		}
		facts = append(facts, []string{systemWords[s.Stage], text, t.by(s.Integration) + screen.Ago(s.Time.Time, t.now)})
	}
	if len(facts) == 0 {
		facts = [][]string{{"nothing yet", " "}}
	}
	t.rows(facts)
	if n := c.Status.Submissions; n != nil {
		seen := ""
		if c.Status.FirstSeen != nil && c.Status.LastSeen != nil {
			seen = ", the first on " + c.Status.FirstSeen.Local().Format("2006-01-02") +
				", the last " + screen.Ago(c.Status.LastSeen.Time, t.now)
		}
		t.line("\n%s merged%s.", screen.Count(int(*n), "submission"), seen)
	}
}

var systemWords = map[v1alpha1.Stage]string{
	v1alpha1.StageCRMSynced:       "CRM",
	v1alpha1.StageMarketingSynced: "marketing",
}

func (t *teller) origin(o v1alpha1.Origin) string {
	return t.style.Dim("from " + o.Submission + ", " + o.Time.Local().Format("2006-01-02"))
}

func (t *teller) by(integration string) string { return t.style.Dim("by "+integration) + ", " }

// submissions lists submissions in one line each.
func (t *teller) submissions(all []v1alpha1.ContactSubmission) {
	rows := [][]string{{"  NAME", "PIPELINE", "RECEIVED", "STATE", "DETAIL"}}
	for i := range all {
		s := &all[i]
		state, detail := summary(s)
		rows = append(rows, []string{
			"  " + s.Name, s.Spec.PipelineRef.Name, screen.Ago(person.Received(s), t.now), state, screen.Safe(detail),
		})
	}
	t.WriteString(screen.Columns(rows))
}

// receipt tells what an erasure has done.
func (t *teller) receipt(r *v1alpha1.ErasureReceipt) { t.WriteString(Receipt(r, t.style)) }
