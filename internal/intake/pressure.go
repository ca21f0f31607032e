package intake

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

const (
	// budgetPoll is the time between two looks at how much is unfinished. The operator writes it every ten seconds.
	budgetPoll = 2 * time.Second
	// quotaPoll is the time between two looks at the size of etcd.
	quotaPoll = 30 * time.Second
	// Above quotaHigh of its quota, etcd is spared; below quotaLow, no more.
	quotaHigh, quotaLow = 0.80, 0.75
	// budgetLow is the share of the budget below which submissions are created again.
	budgetLow = 0.9
)

// pressure says whether submissions should wait in the spool although the API server would take them.
type pressure struct {
	maxUnfinished int64
	quotaBytes    int64
	pipelines     func(ctx context.Context) ([]v1alpha1.ContactPipeline, error)
	etcdSize      func(ctx context.Context) (int64, error)
	log           logr.Logger
	metrics       *metrics

	overBudget, overQuota atomic.Bool
	// percent of etcd's quota that is used, 0 until it is known.
	percent atomic.Int64
	// relieved gets something when it ends.
	relieved chan struct{}
}

// reason returns why, or "".
func (p *pressure) reason() string {
	switch {
	case p.overQuota.Load():
		return spooledQuota
	case p.overBudget.Load():
		return spooledBudget
	}
	return ""
}

// run looks at both now and then, until ctx ends.
func (p *pressure) run(ctx context.Context) {
	budget, quota := time.NewTicker(budgetPoll), time.NewTicker(quotaPoll)
	defer budget.Stop()
	defer quota.Stop()
	p.lookAtQuota(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-budget.C:
			p.lookAtBudget(ctx)
		case <-quota.C:
			p.lookAtQuota(ctx)
		}
	}
}

// lookAtBudget adds up what the pipelines say. While they are not known, what was found last holds.
func (p *pressure) lookAtBudget(ctx context.Context) {
	all, err := p.pipelines(ctx)
	if err != nil {
		return // the watch itself says why
	}
	var unfinished int64
	for i := range all {
		if n := all[i].Status.Unfinished; n != nil {
			unfinished += int64(*n)
		}
	}
	p.metrics.unfinished.Set(float64(unfinished))
	if p.maxUnfinished <= 0 {
		return
	}
	over := unfinished >= p.maxUnfinished ||
		(p.overBudget.Load() && float64(unfinished) >= budgetLow*float64(p.maxUnfinished))
	p.change(&p.overBudget, over, spooledBudget, "unfinished", unfinished, "budget", p.maxUnfinished)
}

// lookAtQuota asks for etcd's size. While it can't be read, what was found last holds.
func (p *pressure) lookAtQuota(ctx context.Context) {
	if p.quotaBytes <= 0 {
		return
	}
	size, err := p.etcdSize(ctx)
	if err != nil {
		p.metrics.etcdUnread.Inc()
		p.log.V(1).Info("can't read the size of etcd from the API server's metrics; the intake's ServiceAccount must be allowed to get "+
			"/metrics there: config/rbac/intake/etcd_size.yaml", "error", describe(err))
		return
	}
	share := float64(size) / float64(p.quotaBytes)
	p.metrics.etcdBytes.Set(float64(size))
	p.metrics.etcdShare.Set(share)
	p.percent.Store(int64(100 * share))
	over := share >= quotaHigh || (p.overQuota.Load() && share >= quotaLow)
	p.change(&p.overQuota, over, spooledQuota, "bytes", size, "quota", p.quotaBytes)
}

func (p *pressure) change(state *atomic.Bool, now bool, reason string, figures ...any) {
	value := 0.0
	if now {
		value = 1
	}
	p.metrics.heldBack.WithLabelValues(reason).Set(value)
	if state.Swap(now) == now {
		return
	}
	if now {
		p.log.Error(nil, "submissions wait in the spool instead of being created: "+pressureAdvice[reason], figures...)
		return
	}
	p.log.Info("submissions are created again", append([]any{"reason", reason}, figures...)...)
	poke(p.relieved)
}

var pressureAdvice = map[string]string{
	spooledBudget: "more are unfinished than --max-unfinished allows. Look at the links: kubectl get integrations",
	spooledQuota:  "etcd is nearly full. Shorten the pipelines' retention, defragment etcd, or raise its quota and --etcd-quota-bytes",
}
