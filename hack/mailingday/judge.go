package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// verdict is one line of the final table.
type verdict struct {
	what, got, want string
	good            bool
}

// judge prints the table, and fails when a line of it does.
func (d *day) judge(ctx context.Context, out io.Writer) error {
	outcome, err := d.audit(ctx)
	if err != nil {
		return err
	}
	verdicts := slices.Concat(
		d.visitors(), d.others(), d.incident(), d.recovery(),
		[]verdict{
			{
				"calls while it was away altogether", fmt.Sprintf("%d in %.0f s", d.callsBetween(d.away.Add(time.Second), d.well), d.well.Sub(d.away).Seconds()),
				"at most 10", d.callsBetween(d.away.Add(time.Second), d.well) <= 10,
			},
			{
				"API writes per submission", fmt.Sprintf("%.2f", float64(d.writes)/float64(d.posts)),
				"at most 5: 3, and 2 for one that waits", float64(d.writes) <= 5*float64(d.posts),
			},
			{
				"lost, duplicated, wrong", fmt.Sprintf("%d, %d, %d", outcome.Lost, outcome.Duplicated, outcome.Wrong+outcome.Waiting),
				"none", outcome.Good(),
			},
		})
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "\n%d submissions of %d people in %d bursts; the marketing system takes %d calls a second\n\n", d.posts, d.people, d.bursts, d.rate)
	bad := 0
	for _, v := range verdicts {
		mark := "pass"
		if !v.good {
			mark = "FAIL"
			bad++
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\twanted: %s\n", mark, v.what, v.got, v.want)
	}
	_ = w.Flush()
	for _, c := range outcome.Complaints {
		_, _ = fmt.Fprintln(out, c)
	}
	if bad > 0 {
		return errors.New(count(bad, "line") + " of the table failed")
	}
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// visitors: each was thanked, at the first try, and soon.
func (d *day) visitors() []verdict {
	var took []time.Duration
	thanked, atOnce := 0, 0
	for _, s := range d.sent {
		if s.ID() == "" {
			continue
		}
		thanked++
		if len(s.Tries) == 1 {
			atOnce++
		}
		last := s.Tries[len(s.Tries)-1]
		took = append(took, last.Ended.Sub(last.Begun))
	}
	slices.Sort(took)
	if len(took) == 0 {
		took = []time.Duration{time.Hour}
	}
	p50, p99 := took[len(took)/2], took[min(len(took)-1, len(took)*99/100)]
	return []verdict{
		{"visitors thanked, at the first try", fmt.Sprintf("%d, %d of %d", thanked, atOnce, d.posts), "all", thanked == d.posts && atOnce == d.posts},
		{"accept, 64 at once", fmt.Sprintf("p50 %d ms, p99 %d ms", p50.Milliseconds(), p99.Milliseconds()), "p99 at most 500 ms", p99 <= 500*time.Millisecond},
	}
}

// others: CRM and location worked through each burst as fast during the trouble as before. A burst is worked through when the
// service has taken its last record before the next burst.
func (d *day) others() []verdict {
	var verdicts []verdict
	for _, service := range []server.Service{server.CRM, server.Locator} {
		var before, during []float64
		for i := 1; i < d.bursts; i++ { // the first one warms up
			from := d.begun.Add(time.Duration(i) * d.every)
			to := from.Add(d.every)
			switch pace := d.burstPace(service, from, to); {
			case !to.After(d.broken):
				before = append(before, pace)
			case from.After(d.broken) && !to.After(d.well):
				during = append(during, pace)
			}
		}
		was, is := median(before), median(during)
		verdicts = append(verdicts, verdict{
			fmt.Sprintf("%s, records a second within a burst", service),
			fmt.Sprintf("%.0f before (%d bursts), %.0f during the trouble (%d bursts): %+.0f %%", was, len(before), is, len(during), 100*(is/was-1)),
			"less than 10 % slower", is > 0.9*was,
		})
	}
	return verdicts
}

// burstPace is the records of a burst over the time until the last of them.
func (d *day) burstPace(service server.Service, from, to time.Time) float64 {
	first := d.watch.at(from).stats[service].Records
	records, last := first, from
	for _, l := range d.watch.looks {
		if l.at.Before(from) || l.at.After(to) {
			continue
		}
		if n := l.stats[service].Records; n > records {
			records, last = n, l.at
		}
	}
	if last.Equal(from) {
		return 0
	}
	return float64(records-first) / last.Sub(from).Seconds()
}

func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// incident: the Integration said once that it fails, and once that it does no longer.
func (d *day) incident() []verdict {
	var told []string
	for _, s := range d.watch.states {
		told = append(told, fmt.Sprintf("%s (%s) at %.0f s", s.ready, s.reason, s.at.Sub(d.begun).Seconds()))
	}
	states := d.watch.states
	good := len(states) == 3 && states[0].ready == "True" && states[1].ready == "False" && states[1].reason == "Failing" && states[2].ready == "True"
	return []verdict{{"Ready of the marketing Integration", strings.Join(told, ", "), "one incident, raised and resolved", good}}
}

// recovery: how soon the operator noticed, and how long the rest took from then on.
func (d *day) recovery() []verdict {
	noticed, complete := d.noticed(), d.complete()
	calls := d.callsBetween(noticed, complete)
	took := complete.Sub(noticed)
	allowed := time.Duration(1.1 * float64(calls) / float64(d.rate) * float64(time.Second))
	last := d.watch.looks[len(d.watch.looks)-1].stats[server.Marketing]
	answered := last.Calls - last.Faults - last.HealthChecks
	return []verdict{
		{
			"first call that the marketing system answered again", fmt.Sprintf("after %.1f s", noticed.Sub(d.well).Seconds()),
			fmt.Sprintf("at most %d s, the time between probes", maxOpen+1), noticed.Sub(d.well) <= (maxOpen+1)*time.Second,
		},
		{
			"marketing complete from then on", fmt.Sprintf("%d calls in %.0f s", calls, took.Seconds()),
			fmt.Sprintf("at most %.0f s, what the rate allows plus 10 %%", allowed.Seconds()), took <= allowed,
		},
		{
			"every submission Completed", fmt.Sprintf("%.0f s after that", d.finished.Sub(complete).Seconds()),
			"at most 15 s", d.finished.Sub(complete) <= 15*time.Second,
		},
		{"calls that it answered in all", fmt.Sprint(answered), "no more than submissions", answered <= d.posts},
	}
}

// complete is when the marketing system took its last record.
func (d *day) complete() time.Time {
	looks := d.watch.looks
	last := looks[len(looks)-1].stats[server.Marketing].Records
	for _, l := range looks {
		if l.stats[server.Marketing].Records == last {
			return l.at
		}
	}
	return d.finished
}

// noticed is when the marketing system first answered a call after it was well again.
func (d *day) noticed() time.Time {
	at := d.watch.at(d.well).stats[server.Marketing].Calls
	for _, l := range d.watch.looks {
		if l.at.After(d.well) && l.stats[server.Marketing].Calls > at {
			return l.at
		}
	}
	return d.finished
}

func (d *day) callsBetween(from, to time.Time) int {
	return d.watch.at(to).stats[server.Marketing].Calls - d.watch.at(from).stats[server.Marketing].Calls
}
