package captcha

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// opensAfter failures in a row, a service is not asked for a while.
	opensAfter = 3
	// firstRest is how long; each probe that fails doubles it, up to longestRest.
	firstRest   = 5 * time.Second
	longestRest = time.Minute
	// lately is how long an answer says that the service is there.
	lately = 30 * time.Second
)

// service is the circuit of one service. It opens after a few failures in a row rather than at a rate: a visitor waits for
// each of them.
type service struct {
	now func() time.Time

	mu       sync.Mutex
	asked    int // questions under way
	failures int // in a row
	rest     time.Duration
	until    time.Time // when an open circuit is tried again; zero: it is closed
	probing  bool
	answered time.Time
}

type admission int

const (
	allow admission = iota
	// probe: one may go, for which nobody waits.
	probe
	refuse
)

// service returns the circuit of the service that a question goes to.
func (s *Services) service(q Question) *service {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := endpoint(q.Captcha)
	found := s.services[name]
	if found == nil {
		found = &service{now: s.now}
		s.services[name] = found
	}
	return found
}

// admit says whether a question may be put. Unless it refuses, heard has to follow.
func (s *service) admit() admission {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.asked >= inFlight:
		return refuse
	case s.until.IsZero():
		s.asked++
		return allow
	case s.probing || s.now().Before(s.until):
		return refuse
	}
	s.probing = true
	s.asked++
	return probe
}

// heard notes whether the service answered, and tells what that changes. What was under way when the circuit opened does not
// count against it again.
func (s *service) heard(up, probe bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked--
	if probe {
		s.probing = false
	}
	open := !s.until.IsZero()
	if up {
		s.answered, s.failures, s.rest, s.until = s.now(), 0, 0, time.Time{}
		if open {
			return "the service answers again; submissions are checked"
		}
		return ""
	}
	s.failures++
	if open && !probe || !open && s.failures < opensAfter {
		return ""
	}
	s.rest = min(max(2*s.rest, firstRest), longestRest)
	s.until = s.now().Add(s.rest)
	if open {
		return ""
	}
	return "the service does not answer; submissions pass with a flag until it does"
}

// heardLately says that the service answered just now, so that a form without a token is not for want of it.
func (s *service) heardLately() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.until.IsZero() && s.failures == 0 && !s.answered.IsZero() && s.now().Sub(s.answered) < lately
}

const (
	// maxAnswers is how many answers are remembered, and answerLife how long: a token lives no longer.
	maxAnswers = 4096
	answerLife = 5 * time.Minute
)

// answered remembers what was said of a token and a submission. A form that is sent again, by a double click or because storing
// it had failed, carries a token that the service would call used.
type answered struct {
	now func() time.Time
	mu  sync.Mutex
	lru *simplelru.LRU[string, saidAt]
}

type saidAt struct {
	verdict Verdict
	at      time.Time
}

func newAnswered(now func() time.Time) *answered {
	lru, err := simplelru.NewLRU[string, saidAt](maxAnswers, nil)
	if err != nil {
		panic(err) // the size is positive
	}
	return &answered{now: now, lru: lru}
}

func (a *answered) get(key string) (Verdict, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	said, ok := a.lru.Get(key)
	if !ok || a.now().Sub(said.at) > answerLife {
		return "", false
	}
	return said.verdict, true
}

func (a *answered) keep(key string, v Verdict) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lru.Add(key, saidAt{v, a.now()})
}
