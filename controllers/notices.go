package controllers

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// notices limits the events of submissions, per pipeline: a burst of 10, then 6 a minute.
type notices struct {
	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

func (n *notices) allow(pipeline string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.limiters == nil {
		n.limiters = make(map[string]*rate.Limiter)
	}
	limiter := n.limiters[pipeline]
	if limiter == nil {
		limiter = rate.NewLimiter(rate.Every(10*time.Second), 10)
		n.limiters[pipeline] = limiter
	}
	return limiter.Allow()
}
