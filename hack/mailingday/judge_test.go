package main

import (
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/hack/chaos/people"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

var begun = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func second(n float64) time.Time { return begun.Add(time.Duration(n * float64(time.Second))) }

// playDay returns a day of twelve bursts, ten seconds each, of 100 records, looked at ten times a second. The marketing system
// fails from 40 s to 90 s, half of the time altogether. pace says how many records a second a service takes within the burst
// that begins at a second.
func playDay(pace func(service server.Service, at float64) float64, marketing func(at float64) server.ServiceStats) *day {
	d := &day{options: options{posts: 1200, bursts: 12, every: 10 * time.Second, rate: 20}, begun: begun}
	d.broken, d.away, d.well, d.finished = second(40), second(65), second(90), second(140)
	d.watch = &watch{day: d}
	for tick := range 1400 {
		at := float64(tick) / 10
		burst := float64(int(at) / 10 * 10)
		stats := map[server.Service]server.ServiceStats{server.Marketing: marketing(at)}
		for _, service := range []server.Service{server.CRM, server.Locator} {
			done := int(min(100, (at-burst)*pace(service, burst)))
			stats[service] = server.ServiceStats{Records: int(burst)*10 + done}
		}
		d.watch.looks = append(d.watch.looks, look{second(at), stats})
	}
	return d
}

func steady(server.Service, float64) float64 { return 50 }

func idle(float64) server.ServiceStats { return server.ServiceStats{} }

func failed(verdicts []verdict) (bad []string) {
	for _, v := range verdicts {
		if !v.good {
			bad = append(bad, v.what+": "+v.got)
		}
	}
	return bad
}

func TestOthersAreJudgedByTheirBursts(t *testing.T) {
	tests := map[string]struct {
		reason string
		during float64 // records a second of the CRM while the marketing system fails
		bad    int
	}{
		"as fast":         {"nothing has changed", 50, 0},
		"a little slower": {"within what is allowed", 47, 0},
		"much slower":     {"the trouble of one has reached another", 40, 1},
		"stuck":           {"nothing gets through at all", 0, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d := playDay(func(service server.Service, at float64) float64 {
				if service == server.CRM && at >= 40 && at < 90 {
					return tc.during
				}
				return 50
			}, idle)
			if bad := failed(d.others()); len(bad) != tc.bad {
				t.Errorf("%s: %q failed, want %d", tc.reason, bad, tc.bad)
			}
		})
	}
}

func TestRecoveryIsJudgedByTheRate(t *testing.T) {
	tests := map[string]struct {
		reason      string
		noticed     float64 // seconds after the marketing system was well
		perSecond   float64 // calls from then on, 400 in all
		wantFailing int
	}{
		"as the rate allows":  {"20 a second, 400 calls: 20 s", 3, 20, 0},
		"a little slower":     {"within 10 %", 3, 18.5, 0},
		"much slower":         {"it could have had more", 3, 12, 1},
		"noticed only later":  {"probes are ten seconds apart", 15, 20, 1},
		"late, and then slow": {"both", 15, 10, 2},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d := playDay(steady, func(at float64) server.ServiceStats {
				calls := int(max(0, min(400, (at-90-tc.noticed)*tc.perSecond)))
				return server.ServiceStats{Calls: 100 + calls, Records: 100 + calls}
			})
			d.finished = d.complete()
			if bad := failed(d.recovery()); len(bad) != tc.wantFailing {
				t.Errorf("%s: %q failed, want %d", tc.reason, bad, tc.wantFailing)
			}
		})
	}
}

func TestOneIncident(t *testing.T) {
	tests := map[string]struct {
		states []state
		want   bool
	}{
		"raised and resolved": {[]state{{ready: "True"}, {ready: "False", reason: "Failing"}, {ready: "True"}}, true},
		"never raised":        {[]state{{ready: "True"}}, false},
		"never resolved":      {[]state{{ready: "True"}, {ready: "False", reason: "Failing"}}, false},
		"for another reason":  {[]state{{ready: "True"}, {ready: "False", reason: "Unauthorized"}, {ready: "True"}}, false},
		"it flaps":            {[]state{{ready: "True"}, {ready: "False", reason: "Failing"}, {ready: "True"}, {ready: "False", reason: "Failing"}, {ready: "True"}}, false},
		"it was never well":   {[]state{{ready: "False", reason: "Failing"}, {ready: "True"}, {ready: "False", reason: "Failing"}}, false},
		"nobody has looked":   {nil, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d := playDay(steady, idle)
			d.watch.states = tc.states
			if got := len(failed(d.incident())) == 0; got != tc.want {
				t.Errorf("judged good: %t, want %t", got, tc.want)
			}
		})
	}
}

func TestEveryVisitorIsThankedSoon(t *testing.T) {
	tests := map[string]struct {
		reason  string
		tries   []people.Try // of the last visitor; the others are thanked within a millisecond
		wantBad int
	}{
		"all of them": {"202, at once", []people.Try{{Begun: begun, Ended: begun, Status: 202, ID: "x"}}, 0},
		"one is not":  {"nobody answered", []people.Try{{Begun: begun, Ended: begun}}, 1},
		"one had to wait": {
			"the second try is one too many",
			[]people.Try{{Begun: begun, Ended: begun, Status: 503}, {Begun: begun, Ended: begun, Status: 202, ID: "x"}},
			1,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d := &day{options: options{posts: 200}}
			for i := range 200 {
				tries := []people.Try{{Begun: begun, Ended: begun.Add(time.Millisecond), Status: 202, ID: "x"}}
				if i == 199 {
					tries = tc.tries
				}
				d.sent = append(d.sent, &people.Sent{Tries: tries})
			}
			if bad := failed(d.visitors()); len(bad) != tc.wantBad {
				t.Errorf("%s: %q failed, want %d", tc.reason, bad, tc.wantBad)
			}
		})
	}
	slow := &day{options: options{posts: 100}}
	for range 100 {
		slow.sent = append(slow.sent, &people.Sent{Tries: []people.Try{{Begun: begun, Ended: begun.Add(time.Second), Status: 202, ID: "x"}}})
	}
	if bad := failed(slow.visitors()); len(bad) != 1 {
		t.Errorf("a second each: %q failed, want the time alone", bad)
	}
}
