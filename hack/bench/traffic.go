package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// traffic sends submissions to an intake from several senders, each on a connection of its own, the next one as soon as
// the last one is answered. It shares the machine with what it measures, so it costs little: no more than what goes over
// the wire is made.
type traffic struct {
	addr    string // of the intake
	senders int
	limit   *rate.Limiter // nil: none
}

// taken is what came of it.
type taken struct {
	latencies []time.Duration // of what was accepted, sorted
	perSecond []int           // accepted in each second since the begin
	refused   int             // answered with something else
	took      time.Duration
}

func (t *taken) accepted() int { return len(t.latencies) }

// send sends bodies until next has no more or ctx ends; the latter is no error.
func (t traffic) send(ctx context.Context, next func() (body []byte, ok bool)) (*taken, error) {
	begun := time.Now()
	results := make([]taken, t.senders)
	group, within := errgroup.WithContext(ctx)
	for i := range t.senders {
		group.Go(func() error { return t.sender(within, begun, next, &results[i]) })
	}
	err := group.Wait()
	all := &taken{took: time.Since(begun)}
	for _, r := range results {
		all.latencies = append(all.latencies, r.latencies...)
		all.refused += r.refused
		for len(all.perSecond) < len(r.perSecond) {
			all.perSecond = append(all.perSecond, 0)
		}
		for second, n := range r.perSecond {
			all.perSecond[second] += n
		}
	}
	slices.Sort(all.latencies)
	return all, err
}

func (t traffic) sender(ctx context.Context, begun time.Time, next func() ([]byte, bool), r *taken) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", t.addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	var out []byte
	for ctx.Err() == nil {
		if t.limit != nil && t.limit.Wait(ctx) != nil {
			return nil
		}
		body, ok := next()
		if !ok {
			return nil
		}
		out = fmt.Appendf(out[:0], "POST /v1/%s/%s/submissions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
			namespace, pipelineName, len(body))
		out = append(out, body...)
		sent := time.Now()
		if _, err := conn.Write(out); err != nil {
			return err
		}
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusAccepted {
			r.refused++
			continue
		}
		answered := time.Now()
		r.latencies = append(r.latencies, answered.Sub(sent))
		second := int(answered.Sub(begun) / time.Second)
		for len(r.perSecond) <= second {
			r.perSecond = append(r.perSecond, 0)
		}
		r.perSecond[second]++
	}
	return nil
}

// people makes the addresses of one round: all different, all of one length.
type people struct {
	round string // 8 characters
	next  atomic.Int64
	most  int64 // 0: no end
}

func (p *people) email() (string, bool) {
	n := p.next.Add(1)
	if p.most > 0 && n > p.most {
		return "", false
	}
	return fmt.Sprintf("person-%s-%06d@example.com", p.round, n), true
}

// body is what one of them sends.
func (p *people) body() ([]byte, bool) {
	email, ok := p.email()
	return bodyOf(email), ok
}

func bodyOf(email string) []byte {
	return []byte(`{"name":"Ada Example","email":"` + email + `","company":"Example Ltd","phone":"` + phone + `","country":"` + country +
		`","channel":"trial-download","attributes":{"plan":"pro"},"consent":{"marketing":true,"statement":"Send me the newsletter"}}`)
}

const (
	phone   = "+44 20 7946 0958"
	country = "GB"
)
