package erase

import (
	"strings"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/person"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// plan says what will be erased.
func plan(p *person.Person, style screen.Style) string {
	var b strings.Builder
	line := func(text string) { b.WriteString(text + "\n") }
	if p.Contact == nil {
		if len(p.Submissions) == 0 {
			line("Nothing is left of this person but the receipt of an erasure.")
			return b.String()
		}
		line("There is no Contact of this person in namespace " + p.Namespace + ", so no outside system was told of them.")
		line("What can be deleted here:")
		for i := range p.Submissions {
			s := &p.Submissions[i]
			state := string(s.Status.State)
			if state == "" {
				state = "not picked up yet"
			}
			line("  contactsubmission/" + s.Name + "  " + state + ", received " + screen.Clock(person.Received(s)))
		}
		line("A submission that is still on its way to this cluster is not covered: look again in a few minutes.")
		return b.String()
	}
	c := p.Contact
	who := screen.Safe(c.Spec.Email)
	if c.Spec.Name != nil {
		who = screen.Safe(c.Spec.Name.Value) + " <" + who + ">"
	}
	line(style.Bold(who) + style.Dim("  Contact "+c.Name+" in namespace "+c.Namespace))
	if c.DeletionTimestamp != nil {
		line(style.Doubt("The erasure was asked for at " + screen.Clock(c.DeletionTimestamp.Time) + " and is not complete."))
	}
	line("What will be erased, and can't be brought back:")
	for _, s := range c.Status.Syncs {
		line("  at " + system(s) + " (" + s.Integration + ")")
	}
	if len(c.Status.Syncs) == 0 {
		line("  at no outside system: none was told of this person")
	}
	line("  here: the Contact and " + screen.Count(len(p.Submissions), "submission"))
	return b.String()
}

func system(s v1alpha1.ContactSync) string {
	name := map[v1alpha1.Stage]string{
		v1alpha1.StageCRMSynced: "the CRM", v1alpha1.StageMarketingSynced: "the marketing system",
	}[s.Stage]
	if s.State == v1alpha1.SyncStateAttempted {
		name += ", which may hold the person,"
	}
	return name
}
