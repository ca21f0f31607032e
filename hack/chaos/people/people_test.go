package people

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/contact"
)

func traffic(seed uint64) *Traffic {
	return Generate(Options{Seed: seed, Posts: 600, People: 200, Duration: time.Minute})
}

func TestTheSameSeedMakesTheSameTraffic(t *testing.T) {
	all := cmp.AllowUnexported(Person{})
	if diff := cmp.Diff(traffic(7), traffic(7), all); diff != "" {
		t.Errorf("twice the same seed (-first +second):\n%s", diff)
	}
	if cmp.Equal(traffic(7), traffic(8), all) {
		t.Error("two seeds make the same traffic")
	}
}

func TestTrafficHasAllThatItShould(t *testing.T) {
	kinds, spellings, keys := map[Kind]int{}, map[*Payload]int{}, map[string]*Payload{}
	var granted, denied, silent, replays, reused int
	for _, p := range traffic(1).Posts {
		kinds[p.Person.Kind]++
		spellings[p.Payload]++
		switch c := p.Payload.Consent; {
		case c == nil:
			silent++
		case c.Marketing:
			granted++
		default:
			denied++
		}
		if first := keys[p.Key]; p.Key != "" && first != nil {
			if first == p.Payload {
				replays++
			} else {
				reused++
			}
		}
		keys[p.Key] = p.Payload
	}
	repeated := 0
	for _, n := range spellings {
		if n > 1 {
			repeated++
		}
	}
	for what, n := range map[string]int{
		"ordinary": kinds[Ordinary], "subscriber": kinds[Subscriber], "refused": kinds[Refused], "conflicting": kinds[Conflicting],
		"granted": granted, "denied": denied, "no answer": silent, "replays": replays, "keys used again": reused, "repetitions": repeated,
	} {
		if n == 0 {
			t.Errorf("there is no %s in it", what)
		}
	}
}

// The generator knows the normal form of an address by how it was made. The operator's own function has to agree, or the ledger
// would compare people with others.
func TestEverySpellingIsTheSamePerson(t *testing.T) {
	for _, p := range traffic(1).People {
		for _, spelling := range p.spellings {
			if got := contact.NormaliseAddress(spelling); got != p.Key {
				t.Errorf("%q is normalised to %q, want %q", spelling, got, p.Key)
			}
		}
	}
}

func TestEverythingPersonalHoldsAMarker(t *testing.T) {
	for _, p := range traffic(1).Posts {
		for what, value := range map[string]string{
			"name": p.Payload.Name, "email": p.Payload.Email, "company": p.Payload.Company, "phone": p.Payload.Phone,
		} {
			marked := value == "" || value == "CONFLICT"
			for _, m := range Markers() {
				marked = marked || strings.Contains(strings.ToLower(value), m)
			}
			if !marked {
				t.Errorf("%s %q holds no marker: a leak of it would not be found", what, value)
			}
		}
	}
}
