// Package trouble breaks a system on a seeded schedule: its outside services, its processes, its disk and its credentials.
package trouble

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/hack/chaos/system"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// Kind of a trouble.
type Kind string

// The kinds.
const (
	// Service: an outside system fails.
	Service Kind = "service"
	// Kill ends a process by kill -9, Term asks it to end, Stop makes it stand still for a while.
	Kill Kind = "kill -9"
	Term Kind = "SIGTERM"
	Stop Kind = "SIGSTOP"
	// Disk: the disk of the intake's spool is full.
	Disk Kind = "disk full"
	// Credential: an outside system takes another credential from now on; the Secret follows later.
	Credential Kind = "credential"
)

// Event is one trouble, from its time on for its duration.
type Event struct {
	At, For time.Duration
	Kind    Kind
	// Target is a service or a part of the system.
	Target string
	Faults []server.Fault
}

// End is when the trouble is over; after a kill, from which the launcher starts again.
func (e Event) End() time.Duration { return e.At + e.For }

func (e Event) String() string {
	what := string(e.Kind) + " " + e.Target
	if e.Kind == Service {
		var faults []string
		for _, f := range e.Faults {
			faults = append(faults, name(f)+share(f))
		}
		what = e.Target + ": " + strings.Join(faults, ", ")
	}
	return fmt.Sprintf("%5.1fs for %4.1fs  %s", e.At.Seconds(), e.For.Seconds(), what)
}

// Options say what may break.
type Options struct {
	Seed uint64
	// Duration is the time over which things break.
	Duration time.Duration
	// Short leaves it at five troubles: a reset, a hang, and kill -9 of operator, intake and kube-apiserver.
	Short bool
	// Disk: the spool has a disk of its own that can be filled.
	Disk bool
}

// Plan makes the schedule of a seed. The same seed makes the same schedule.
func Plan(o Options) []Event {
	p := &planner{o, rand.New(rand.NewPCG(o.Seed, 0x74726f75626c65))} //nolint:gosec // meant to be foreseen
	var events []Event
	if o.Short {
		events = p.short()
	} else {
		events = slices.Concat(p.services(), p.processes())
		events = append(events, p.credential())
		if o.Disk {
			events = append(events, Event{At: p.within(0.1, 0.6), For: p.seconds(3, 8), Kind: Disk, Target: "spool"})
		}
	}
	slices.SortStableFunc(events, func(a, b Event) int { return int(a.At - b.At) })
	return events
}

type planner struct {
	Options
	random *rand.Rand
}

func (p *planner) short() []Event {
	services := shuffle(p.random, server.Services())
	return []Event{
		{At: p.within(0.05, 0.2), For: p.seconds(3, 5), Kind: Service, Target: string(services[0]), Faults: []server.Fault{{Mode: server.ModeReset}}},
		{At: p.within(0.2, 0.4), For: p.seconds(3, 5), Kind: Service, Target: string(services[1]), Faults: []server.Fault{{Mode: server.ModeHang}}},
		{At: p.within(0.1, 0.3), Kind: Kill, Target: system.Operator},
		{At: p.within(0.4, 0.6), Kind: Kill, Target: system.Intake},
		{At: p.within(0.7, 0.9), Kind: Kill, Target: system.APIServer},
	}
}

// services deals each service its troubles, one after the other: all kinds in some order, as many as there is time for. So a
// few seeds meet every kind at every service.
func (p *planner) services() []Event {
	var events []Event
	for _, service := range server.Services() {
		deck := shuffle(p.random, serviceFaults())
		at := p.seconds(0, 3)
		for i := 0; at < p.Duration-2*time.Second; i++ {
			e := Event{At: at, For: min(p.seconds(2, 7), p.Duration-at), Kind: Service, Target: string(service), Faults: []server.Fault{p.rated(deck[i%len(deck)])}}
			if p.random.IntN(4) == 0 { // half of one, a quarter of another
				half, quarter := 0.5, 0.25
				other := deck[(i+1)%len(deck)]
				e.Faults[0].Rate, other.Rate = &half, &quarter
				e.Faults = append(e.Faults, other)
			}
			events = append(events, e)
			at = e.End() + p.seconds(0, 3)
		}
	}
	return events
}

// serviceFaults are the ways in which a service fails.
func serviceFaults() []server.Fault {
	return []server.Fault{
		{Mode: server.ModeReset},
		{Mode: server.ModeHang},
		{Mode: server.ModeTimeout},
		{Mode: server.ModeOK, LatencyMillis: 700},
		{Mode: server.ModeTrickle, LatencyMillis: 20},
		{Mode: server.ModeCut},
		{Mode: server.ModeStatus, Status: 500},
		{Mode: server.ModeStatus, Status: 503, RetryAfterSeconds: 2},
		{Mode: server.ModeStatus, Status: 429, RetryAfterSeconds: 1},
		{Mode: server.ModeStatus, Status: 429, RetryAfterSeconds: 2, RetryAfterDate: true},
		{Mode: server.ModeGarbage},
		{Mode: server.ModeHTML},
		{Mode: server.ModeHuge},
		{Mode: server.ModeTLS},
	}
}

// rated lets a fault hit all calls, half of them, or a quarter.
func (p *planner) rated(f server.Fault) server.Fault {
	if rate := []float64{1, 1, 0.5, 0.25}[p.random.IntN(4)]; rate < 1 {
		f.Rate = &rate
	}
	return f
}

// processes deals six of the twelve ways in which a process ends or stands still.
func (p *planner) processes() []Event {
	var deck []Event
	for _, part := range []string{system.Intake, system.Operator, system.APIServer, system.Etcd} {
		deck = append(deck,
			Event{Kind: Kill, Target: part}, Event{Kind: Term, Target: part}, Event{Kind: Stop, Target: part, For: p.seconds(2, 5)})
	}
	deck = shuffle(p.random, deck)[:6]
	for i := range deck {
		deck[i].At = p.within(float64(i)/6, float64(i+1)/6)
	}
	return deck
}

func (p *planner) credential() Event {
	services := shuffle(p.random, server.Services())
	return Event{At: p.within(0.2, 0.7), For: p.seconds(2, 6), Kind: Credential, Target: string(services[0])}
}

func (p *planner) within(from, to float64) time.Duration {
	return time.Duration((from + (to-from)*p.random.Float64()) * float64(p.Duration)).Truncate(time.Millisecond)
}

func (p *planner) seconds(from, to float64) time.Duration {
	return time.Duration((from + (to-from)*p.random.Float64()) * float64(time.Second)).Truncate(time.Millisecond)
}

func shuffle[T any](random *rand.Rand, of []T) []T {
	all := slices.Clone(of)
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// name says in a word or two what a fault is.
func name(f server.Fault) string {
	switch {
	case f.Mode == server.ModeStatus && f.RetryAfterDate:
		return fmt.Sprintf("%d with a date", f.Status)
	case f.Mode == server.ModeStatus:
		return fmt.Sprint(f.Status)
	case f.Mode == server.ModeOK:
		return "slow"
	default:
		return string(f.Mode)
	}
}

func share(f server.Fault) string {
	if f.Rate == nil {
		return ""
	}
	return fmt.Sprintf(" %g %%", *f.Rate*100)
}
