// Package people makes the traffic of one seed: who sends which form when. The same seed makes the same traffic.
//
// Each value that is personal holds one of the Markers, so that a leak is found wherever it happens.
package people

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Markers stand in everything personal: names, addresses and companies hold the first, phone numbers one of the others.
func Markers() []string { return []string{"zzyzxperson", "739 184 62", "73918462"} }

// Kind says what must become of a person's submissions.
type Kind string

// The kinds.
const (
	// Ordinary people end Completed, and are in the CRM, and in the marketing system as they consent.
	Ordinary Kind = "ordinary"
	// Subscriber people use the newsletter's form, which knows no CRM and takes the addresses of teams.
	Subscriber Kind = "subscriber"
	// Refused people have an address that the verifier refuses.
	Refused Kind = "refused"
	// Conflicting people are refused by the CRM, for good.
	Conflicting Kind = "conflicting"
)

// Person is one address.
type Person struct {
	Kind Kind
	// Key is the address in its normal form.
	Key string
	// spellings in which the person types it.
	spellings []string
	name      string
	phone     string
}

// Payload is the body of a form. What is blank is not sent.
type Payload struct {
	Name       string            `json:"name,omitempty"`
	Email      string            `json:"email"`
	Company    string            `json:"company,omitempty"`
	Phone      string            `json:"phone,omitempty"`
	Country    string            `json:"country,omitempty"`
	Channel    string            `json:"channel"`
	Attributes map[string]string `json:"attributes"`
	Consent    *Consent          `json:"consent,omitempty"`
}

// Consent is the answer to the marketing question.
type Consent struct {
	Marketing bool `json:"marketing"`
}

// TagAttribute is the attribute by which a stored submission is known for what was sent.
const TagAttribute = "post"

// Tag is the payload's mark.
func (p *Payload) Tag() string { return p.Attributes[TagAttribute] }

// Post is one form that is sent at a time.
type Post struct {
	// At is when, from the start.
	At time.Duration
	// Person who sends it.
	Person *Person
	// Payload of the form. Posts that repeat one share it.
	Payload *Payload
	// Key is the Idempotency-Key; "" sends none.
	Key string
	// Leaves: whoever gets no thanks goes away instead of sending it again.
	Leaves bool
}

// Pipeline that the post goes to.
func (p *Post) Pipeline() string {
	if p.Person.Kind == Subscriber {
		return "newsletter"
	}
	return "trial"
}

// Traffic is all that happens.
type Traffic struct {
	People []*Person
	Posts  []*Post // by time
}

// Options say how much traffic there is.
type Options struct {
	Seed uint64
	// Posts is how many there are, People how many addresses at most.
	Posts, People int
	// Duration is the time over which they are spread.
	Duration time.Duration
	// Plain traffic has ordinary people alone, who all consent, and no repetitions: for measuring.
	Plain bool
}

type generator struct {
	Options
	random *rand.Rand
	sent   []*Post
	tags   int
}

// Generate makes the traffic of a seed.
func Generate(o Options) *Traffic {
	g := &generator{Options: o, random: rand.New(rand.NewPCG(o.Seed, 0x70656f706c65))} //nolint:gosec // meant to be foreseen
	t := &Traffic{}
	for i := range o.People {
		t.People = append(t.People, g.person(i))
	}
	for i := range o.Posts {
		post := g.post(t.People, i)
		post.At = time.Duration(g.random.Int64N(int64(o.Duration)))
		g.sent = append(g.sent, post)
	}
	t.Posts = g.sent
	slices.SortStableFunc(t.Posts, func(a, b *Post) int { return int(a.At - b.At) })
	return t
}

func (g *generator) person(i int) *Person {
	first := g.pick("Ada", "Zoë", "José", "Łukasz", "Siobhán", "Yuki", "Ana Lúcia", "Mehmet")
	local := fmt.Sprintf("%s.zzyzxperson.%d.%d", strings.ToLower(g.pick("ada", "jo", "luka", "mira")), g.Seed, i)
	p := &Person{
		Kind: Ordinary,
		name: fmt.Sprintf("%s Zzyzxperson-%d", first, i),
		// The German and the Norwegian calling code tell the country; that of no country tells nothing.
		phone: g.pick("+49", "+47", "") + fmt.Sprintf(" 739 184 62%03d", i%1000),
	}
	domain, ascii := "example.com", "example.com"
	switch dice := g.random.IntN(100); {
	case g.Plain:
	case dice < 6:
		p.Kind, domain = Refused, g.pick("undeliverable.example", "disposable.example", "acceptall.example")
		ascii = domain
	case dice < 8:
		p.Kind, local = Refused, "info+"+local
	case dice < 11:
		p.Kind = Conflicting
	case dice < 20:
		p.Kind = Subscriber
	case dice < 22:
		p.Kind, local = Subscriber, "team+"+local
	case dice < 25:
		domain, ascii = "unknown.example", "unknown.example"
	case dice < 35:
		domain, ascii = "bücher.example", "xn--bcher-kva.example"
	}
	p.Key = local + "@" + ascii
	typed := local + "@" + domain
	p.spellings = []string{typed, strings.ToUpper(typed), "  " + typed + " ", typed + ".", strings.ToUpper(local[:1]) + typed[1:]}
	return p
}

// post makes one that is new, or repeats an earlier one.
func (g *generator) post(all []*Person, i int) *Post {
	if len(g.sent) > 0 && !g.Plain {
		earlier := g.sent[g.random.IntN(len(g.sent))]
		switch dice := g.random.IntN(100); {
		case earlier.Person.Kind == Conflicting:
		case dice < 7: // the same once more, meant or not: another submission
			return &Post{Person: earlier.Person, Payload: earlier.Payload, Leaves: g.leaves()}
		case dice < 14 && earlier.Key != "": // the same, by a program that got no answer: no other submission
			return &Post{Person: earlier.Person, Payload: earlier.Payload, Key: earlier.Key, Leaves: g.leaves()}
		case dice < 16 && earlier.Key != "": // a program that uses a key for something else: another submission
			return &Post{Person: earlier.Person, Payload: g.payload(earlier.Person), Key: earlier.Key, Leaves: g.leaves()}
		}
	}
	person := all[g.random.IntN(len(all))]
	if g.Plain && i < len(all) {
		person = all[i] // each of them once, before anybody comes again
	}
	post := &Post{Person: person, Payload: g.payload(person), Leaves: g.leaves()}
	if g.random.IntN(100) < 70 {
		post.Key = fmt.Sprintf("key-%d-%d", g.Seed, i)
	}
	return post
}

func (g *generator) leaves() bool { return !g.Plain && g.random.IntN(10) == 0 }

func (g *generator) payload(p *Person) *Payload {
	g.tags++
	sometimes := func(value string) string {
		if g.random.IntN(3) == 0 {
			return ""
		}
		return value
	}
	f := &Payload{
		Email:      p.spellings[g.random.IntN(len(p.spellings))],
		Name:       sometimes(p.name + g.pick("", "", " Jr", " II")),
		Company:    sometimes(g.pick("Zzyzxperson Ltd", "Zzyzxperson & Töchter", "Grupo Zzyzxperson")),
		Phone:      sometimes(p.phone),
		Country:    g.pick("", "Norway", "DE", "España", "Nowhere in particular"),
		Channel:    g.pick("trial-download", "event", "video", "blog"),
		Attributes: map[string]string{TagAttribute: fmt.Sprintf("%d-%d", g.Seed, g.tags)},
	}
	if g.random.IntN(2) == 0 {
		f.Attributes["plan"] = g.pick("free", "pro", "team")
	}
	switch dice := g.random.IntN(10); {
	case g.Plain || dice < 6:
		f.Consent = &Consent{Marketing: true}
	case dice < 8:
		f.Consent = &Consent{Marketing: false}
	}
	if p.Kind == Conflicting {
		f.Company = "CONFLICT"
	}
	return f
}

func (g *generator) pick(from ...string) string { return from[g.random.IntN(len(from))] }

// Located is what the locator must make of a payload: the code of the country that was typed, else that of the phone number's
// calling code, else "".
func (p *Payload) Located() string {
	if code := map[string]string{"Norway": "NO", "DE": "DE", "España": "ES"}[p.Country]; code != "" {
		return code
	}
	for prefix, code := range map[string]string{"+49": "DE", "+47": "NO"} {
		if strings.HasPrefix(p.Phone, prefix) {
			return code
		}
	}
	return ""
}
