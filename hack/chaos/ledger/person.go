package ledger

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/chaos/people"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// model is what must be known of a person: of each field the newest answer that is not blank, of the consent the newest
// explicit one.
type model struct {
	name, company, phone, country, location string
	attributes                              map[string]any
	channels                                map[string]bool
	consent                                 *people.Consent
	everGranted                             bool
}

// received is a submission that is there, with what was sent.
type received struct {
	at      time.Time
	name    string
	payload *people.Payload
}

// remember replays a person's submissions in the order in which they were received; of two at once the one with the greater
// name counts as the later.
func remember(all []received) model {
	slices.SortFunc(all, func(a, b received) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	m := model{attributes: map[string]any{}, channels: map[string]bool{}}
	newest := func(field *string, value string) {
		if value = strings.TrimSpace(value); value != "" {
			*field = value
		}
	}
	for _, r := range all {
		p := r.payload
		newest(&m.name, p.Name)
		newest(&m.company, p.Company)
		newest(&m.phone, p.Phone)
		newest(&m.country, p.Country)
		newest(&m.location, p.Located())
		for key, value := range p.Attributes {
			m.attributes[key] = value
		}
		m.channels[p.Channel] = true
		if p.Consent != nil {
			m.consent = p.Consent
			m.everGranted = m.everGranted || p.Consent.Marketing
		}
	}
	return m
}

// crm is what the CRM must hold.
func (m *model) crm(key string) map[string]any {
	fields := map[string]any{"email": key, "attributes": m.attributes, "channels": m.channelList()}
	for name, value := range map[string]string{
		"name": m.name, "company": m.company, "phone": m.phone, "country": m.country, "location": m.location,
	} {
		if value != "" {
			fields[name] = value
		}
	}
	return fields
}

// marketing is what the marketing system must hold, if it holds the person.
func (m *model) marketing(key string, located bool) map[string]any {
	fields := map[string]any{"email": key, "channels": m.channelList(), "status": "unsubscribed"}
	if m.consent != nil && m.consent.Marketing {
		fields["status"] = "subscribed"
	}
	values := map[string]string{"name": m.name, "company": m.company}
	if located {
		values["location"] = m.location
	}
	for name, value := range values {
		if value != "" {
			fields[name] = value
		}
	}
	return fields
}

func (m *model) channelList() []any {
	var list []any
	for _, c := range slices.Sorted(maps.Keys(m.channels)) {
		list = append(list, c)
	}
	return list
}

// people checks of each person that the systems hold one record, with the newest data.
func (a *auditor) people() {
	payloads := map[string]*people.Payload{}
	persons := map[string]*people.Person{}
	for _, s := range a.Sent {
		payloads[s.Payload.Tag()], persons[s.Payload.Tag()] = s.Payload, s.Person
	}
	of := map[*people.Person][]received{}
	waits := map[*people.Person]bool{}
	for tag, stored := range a.byTag {
		if payloads[tag] == nil {
			a.duplicated("%d submissions (%s) are there that nobody sent", len(stored), tag)
			continue
		}
		for _, s := range stored {
			r := received{name: s.Name, payload: payloads[tag]}
			if s.Spec.Source.ReceivedAt != nil {
				r.at = s.Spec.Source.ReceivedAt.Time
			}
			of[persons[tag]] = append(of[persons[tag]], r)
			waits[persons[tag]] = waits[persons[tag]] || EndOf(s) == ""
		}
	}
	crm, marketing := a.index("the CRM", a.CRM), a.index("the marketing system", a.Marketing)
	contacts := map[string]v1alpha1.Contact{}
	for _, c := range a.Contacts {
		if _, twice := contacts[c.Spec.Email]; twice {
			a.duplicated("there are two Contacts of one address: %s", c.Name)
		}
		contacts[c.Spec.Email] = c
	}
	for _, p := range a.People {
		all := of[p]
		if !waits[p] { // what can still move is counted as waiting
			a.person(p, all, crm, marketing, contacts)
		}
		delete(crm, p.Key)
		delete(marketing, p.Key)
		delete(contacts, p.Key)
	}
	for what, rest := range map[string]int{"the CRM": len(crm), "the marketing system": len(marketing), "the Contacts": len(contacts)} {
		if rest > 0 {
			a.duplicated("%s hold(s) %d records of addresses that nobody has", what, rest)
		}
	}
}

func (a *auditor) index(where string, records []server.Record) map[string]map[string]any {
	byKey := map[string]map[string]any{}
	for _, r := range records {
		if _, twice := byKey[r.Key]; twice {
			a.duplicated("%s holds two records of one address", where)
		}
		byKey[r.Key] = r.Fields
	}
	return byKey
}

func (a *auditor) person(p *people.Person, all []received, crm, marketing map[string]map[string]any, contacts map[string]v1alpha1.Contact) {
	m := remember(all)
	inCRM, inMarketing := crm[p.Key], marketing[p.Key]
	contact, known := contacts[p.Key]
	accepted := len(all) > 0 && p.Kind != people.Refused
	if known != accepted {
		a.wrong("%s: a Contact is there: %t, want %t", label(p, all), known, accepted)
	}

	wantCRM := map[string]any(nil)
	if accepted && p.Kind == people.Ordinary {
		wantCRM = m.crm(p.Key)
	}
	if diff := cmp.Diff(wantCRM, inCRM); diff != "" {
		a.wrong("%s: the CRM holds something else (-want +got):\n%s", label(p, all), diff)
	}
	wantMarketing := m.marketing(p.Key, p.Kind != people.Subscriber)
	granted := m.consent != nil && m.consent.Marketing
	switch {
	case !accepted || !m.everGranted:
		if inMarketing != nil {
			a.wrong("%s: the marketing system holds a person who has never agreed, or was rejected", label(p, all))
		}
	case !granted && inMarketing == nil: // withdrawn before anybody was told
	default:
		if diff := cmp.Diff(wantMarketing, inMarketing); diff != "" {
			told := "has been told"
			if known && !slices.ContainsFunc(contact.Status.Syncs, func(s v1alpha1.ContactSync) bool { return s.Stage == v1alpha1.StageMarketingSynced }) {
				told = "has not been told as far as the Contact knows"
			}
			a.wrong("%s: the marketing system holds something else; it %s (-want +got):\n%s", label(p, all), told, diff)
		}
	}
}

// label names a person by the first submission: it is for people who look at a run.
func label(p *people.Person, all []received) string {
	if len(all) == 0 {
		return string(p.Kind) + " person of no submission"
	}
	return string(p.Kind) + " person of submission " + all[0].name + " and " + strconv.Itoa(len(all)-1) + " more"
}
