package alert

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// firstRetry is the time before a peer that is away is tried again; it doubles, up to lastRetry.
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// Sender tells every Alertmanager what the table holds. Each has a loop of its own, so one that is away or slow holds up no
// other, and nobody else waits for it.
type Sender struct {
	peers   []*peer
	table   *Table
	resend  time.Duration
	metrics *Metrics
	notice  func(Notice)
}

// Notice says that a peer went away, is away for another reason, or came back.
type Notice struct {
	// Peer is its host and port.
	Peer string
	// Outcome is Sent when it came back.
	Outcome Outcome
	// Message says why it could not be told, and what to do.
	Message string
}

// NewSender makes a Sender to all Alertmanagers of the configuration. notice is called when one of them goes away or comes
// back, from several goroutines, one at a time per peer.
func NewSender(config *Config, table *Table, metrics *Metrics, notice func(Notice)) (*Sender, error) {
	s := &Sender{table: table, resend: seconds(config.ResendSeconds), metrics: metrics, notice: notice}
	for _, a := range config.Alertmanagers {
		p, err := newPeer(a)
		if err != nil {
			return nil, err
		}
		s.peers = append(s.peers, p)
	}
	return s, nil
}

// Run sends until ctx ends. It ends no alert then: the process that comes next goes on.
func (s *Sender) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, p := range s.peers {
		all.Go(func() { s.tell(ctx, p) })
	}
	all.Wait()
}

// tell keeps one peer informed.
func (s *Sender) tell(ctx context.Context, p *peer) {
	defer p.client.CloseIdleConnections()
	last, retry := Sent, firstRetry
	for ctx.Err() == nil {
		alerts, changed := s.table.Alerts(time.Now())
		outcome, message := Sent, ""
		if err := p.send(ctx, alerts); err != nil {
			if ctx.Err() != nil {
				return
			}
			outcome, message = outcomeOf(err), err.Error()
		}
		s.metrics.sent(p.name, outcome)
		if outcome != last {
			s.notice(Notice{Peer: p.name, Outcome: outcome, Message: message})
			last = outcome
		}
		wait := s.resend
		if outcome == Sent {
			retry = firstRetry
		} else {
			wait, changed = min(retry/2+rand.N(retry/2), s.resend), nil // a change does not bring it back
			retry = min(2*retry, lastRetry)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func outcomeOf(err error) Outcome {
	if u := (*undelivered)(nil); errors.As(err, &u) {
		return u.outcome
	}
	return Refused
}
