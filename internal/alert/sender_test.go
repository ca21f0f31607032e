package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// bubble is a Watch with two Alertmanagers that exist in this process alone, so that time is the test's own.
type bubble struct {
	watch    *Watch
	registry *prometheus.Registry

	mu      sync.Mutex
	found   []Incident
	away    map[string]bool
	hung    map[string]bool
	last    map[string][]Posted // what each was last told
	calls   map[string]int
	notices []string
}

func newBubble(t *testing.T) *bubble {
	t.Helper()
	b := &bubble{registry: prometheus.NewRegistry(), away: map[string]bool{}, hung: map[string]bool{}, last: map[string][]Posted{}, calls: map[string]int{}}
	config := DefaultConfig()
	config.Alertmanagers = []Alertmanager{{URL: "http://a:9093"}, {URL: "http://b:9093"}}
	table := NewTable(config)
	metrics, err := NewMetrics(b.registry, "contact_operator", table)
	if err != nil {
		t.Fatal(err)
	}
	sender, err := NewSender(config, table, metrics, func(n Notice) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.notices = append(b.notices, n.Peer+" "+string(n.Outcome))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range sender.peers {
		p.client = &http.Client{Transport: b, Timeout: sendTimeout}
	}
	b.watch = &Watch{Interval: 5 * time.Second, Table: table, Sender: sender, Log: logr.Discard(), Find: func(context.Context, time.Time) ([]Incident, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return slices.Clone(b.found), nil
	}}
	return b
}

// RoundTrip is both Alertmanagers.
func (b *bubble) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	host := r.URL.Host
	b.calls[host]++
	away, hung := b.away[host], b.hung[host]
	b.mu.Unlock()
	if hung {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if away {
		return nil, errors.New("connection refused")
	}
	var alerts []Posted
	if err := json.NewDecoder(r.Body).Decode(&alerts); err != nil {
		return nil, err
	}
	b.set(func() { b.last[host] = alerts })
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(&bytes.Buffer{}), Request: r}, nil
}

func (b *bubble) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// firing counts what a peer takes for firing now.
func (b *bubble) firing(host string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, p := range b.last[host] {
		if p.EndsAt.After(time.Now()) {
			n++
		}
	}
	return n
}

func (b *bubble) told(host string) []Posted {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last[host]
}

func (b *bubble) called(host string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls[host]
}

func (b *bubble) up(host string) float64 {
	return testutil.ToFloat64(b.watch.Sender.metrics.up.WithLabelValues(host))
}

func (b *bubble) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.watch.Start(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func wait(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
	synctest.Wait()
}

func TestEveryPeerIsToldAtOnceAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		defer b.run(t)()
		wait(time.Second)
		b.set(func() { b.found = []Incident{incident(Warning, time.Now(), "")} })
		wait(5 * time.Second)
		if b.firing("a:9093") != 1 || b.firing("b:9093") != 1 {
			t.Error("a peer is not told within a round")
		}
		before := b.called("a:9093")
		wait(time.Hour)
		if calls := b.called("a:9093") - before; calls < 119 || calls > 121 {
			t.Errorf("sent %d times in an hour, not each half minute", calls)
		}
		if b.firing("a:9093") != 1 {
			t.Error("the alert has run out while it was on")
		}
		b.set(func() { b.found = nil })
		wait(126 * time.Second)
		if b.firing("a:9093") != 0 || b.firing("b:9093") != 0 || len(b.told("a:9093")) != 1 {
			t.Error("the end is not told")
		}
		wait(6 * time.Minute)
		if len(b.told("a:9093")) != 0 {
			t.Error("an end is told for ever")
		}
	})
}

func TestPeerThatIsAwayHoldsUpNoOther(t *testing.T) {
	for name, gone := range map[string]func(*bubble){
		"refuses connections": func(b *bubble) { b.away["a:9093"] = true },
		"hangs":               func(b *bubble) { b.hung["a:9093"] = true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t)
				gone(b)
				defer b.run(t)()
				b.set(func() { b.found = []Incident{incident(Warning, time.Now(), "")} })
				wait(6 * time.Second)
				if b.firing("b:9093") != 1 {
					t.Error("the other is not told")
				}
				wait(10 * time.Minute)
				if b.up("a:9093") != 0 || b.up("b:9093") != 1 {
					t.Errorf("up: %v and %v", b.up("a:9093"), b.up("b:9093"))
				}
				if calls := b.called("a:9093"); calls < 15 || calls > 60 {
					t.Errorf("called %d times in ten minutes", calls)
				}
				b.set(func() { clear(b.away); clear(b.hung) })
				wait(45 * time.Second)
				if b.firing("a:9093") != 1 || b.up("a:9093") != 1 {
					t.Error("it is not told after it came back")
				}
				b.mu.Lock()
				defer b.mu.Unlock()
				if diff := cmp.Diff([]string{"a:9093 Unreachable", "a:9093 Sent"}, b.notices); diff != "" {
					t.Errorf("noticed %s", diff)
				}
			})
		})
	}
}

func TestPeerThatWasAwayAtTheEndHearsOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		defer b.run(t)()
		b.set(func() { b.found = []Incident{incident(Warning, time.Now(), "")} })
		wait(10 * time.Second)
		b.set(func() { b.away["a:9093"], b.found = true, nil })
		wait(3 * time.Minute)
		b.set(func() { clear(b.away) })
		wait(31 * time.Second)
		if len(b.told("a:9093")) != 1 || b.firing("a:9093") != 0 {
			t.Errorf("told %v", b.told("a:9093"))
		}
	})
}

// A new process sends what is still right before anything else, and nothing of what has ended: that runs out by itself.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		since := time.Now()
		b := newBubble(t)
		other := incident(Warning, since, "")
		other.Labels = map[string]string{"namespace": "web", "integration": "marketing"}
		b.found = []Incident{incident(Warning, since, ""), other}
		stop := b.run(t)
		wait(10 * time.Second)
		stop()
		if b.firing("a:9093") != 2 {
			t.Error("a stop ends alerts")
		}
		wait(time.Minute)
		old := b.told("a:9093")

		next := newBubble(t)
		next.found = []Incident{incident(Warning, since, "")}
		defer next.run(t)()
		wait(time.Millisecond)
		first := next.told("a:9093")
		if len(first) != 1 || first[0].Labels["integration"] != "crm" || !first[0].StartsAt.Equal(since) {
			t.Errorf("the first send of the new process: %v", first)
		}
		wait(5 * time.Minute)
		for _, p := range old {
			if p.EndsAt.After(time.Now()) {
				t.Errorf("%v goes on although nobody sends it", p.Labels)
			}
		}
	})
}

func TestStateThatCannotBeReadEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		find := b.watch.Find
		broken := false
		b.watch.Find = func(ctx context.Context, now time.Time) ([]Incident, error) {
			b.mu.Lock()
			bad := broken
			b.mu.Unlock()
			if bad {
				return nil, errors.New("no cache")
			}
			return find(ctx, now)
		}
		b.found = []Incident{incident(Warning, time.Now(), "")}
		defer b.run(t)()
		wait(10 * time.Second)
		b.set(func() { broken = true })
		wait(10 * time.Minute)
		if b.firing("a:9093") != 1 {
			t.Error("what can't be read is taken for well")
		}
	})
}

func TestALongLookIsFollowedByALongRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		looks := 0
		b.watch.Find = func(context.Context, time.Time) ([]Incident, error) {
			b.set(func() { looks++ })
			<-time.After(time.Second)
			return nil, nil
		}
		defer b.run(t)()
		wait(90 * time.Second) // at 0, 6, 27, 48, 69, 90
		b.mu.Lock()
		defer b.mu.Unlock()
		if looks < 5 || looks > 6 {
			t.Errorf("looked %d times", looks)
		}
	})
}

func TestMetricsFollowTheConventions(t *testing.T) {
	b := newBubble(t)
	b.watch.Table.Update([]Incident{incident(Critical, noon, "")}, noon)
	b.watch.Sender.metrics.sent("a:9093", Sent)
	problems, err := testutil.GatherAndLint(b.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}
