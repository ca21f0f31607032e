package mailchimp

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

const (
	// maxBatch is how many members one call carries. Mailchimp takes 500, but answers with all that it has of each of them, some five
	// kilobytes: more than an answer may be.
	maxBatch = 100
	// parallel is how many of a batch are written by themselves at a time.
	parallel = 4
)

// MaxBatch implements provider.BatchUpserter.
func (w *writer) MaxBatch() int { return maxBatch }

// UpsertBatch implements provider.BatchUpserter. People who are new here travel together; the others take a call each.
func (w *writer) UpsertBatch(ctx context.Context, requests []provider.Request) ([]provider.Written, error) {
	if err := w.merge.Pass(ctx); err != nil {
		return nil, err
	}
	b := &batch{
		writer: w, wants: make([]record, len(requests)), fresh: make([]bool, len(requests)),
		written: make([]provider.Written, len(requests)), at: map[string]int{},
	}
	enough := halfTime(ctx)
	for i, r := range requests {
		want, err := w.wanted(r)
		switch {
		case err != nil:
			b.written[i].Err = err
		case want.Consent == granted && r.RemoteID == "":
			b.at[strings.ToLower(want.Email)] = i
		default:
			b.single = append(b.single, i)
		}
		b.wants[i], b.fresh[i] = want, r.RemoteID == ""
	}
	if len(b.at) > 0 {
		if err := b.subscribe(ctx); err != nil {
			return nil, err
		}
	}
	b.oneByOne(ctx, enough)
	return b.written, nil
}

// batch is some records on their way.
type batch struct {
	*writer
	wants   []record
	fresh   []bool // never written to this audience
	written []provider.Written
	at      map[string]int // those that travel together, by address
	single  []int          // those that take a call each
}

type newMember struct {
	Email  string         `json:"email_address"`
	Status string         `json:"status"`
	Merge  map[string]any `json:"merge_fields,omitempty"`
	Tags   []string       `json:"tags,omitempty"`
}

// outcome is what Mailchimp answers to a batch. Whom it did not create is in Errors.
type outcome struct {
	New     *[]contact `json:"new_members"`
	Updated []contact  `json:"updated_members"`
	Errors  *[]struct {
		Email string `json:"email_address"`
	} `json:"errors"`
}

// subscribe creates those who are not there. Whom Mailchimp has already, or refuses, is left to a call of its own, which
// changes no status and whose error says exactly what is wrong: a batch has one code for all.
func (b *batch) subscribe(ctx context.Context) error {
	members := make([]newMember, 0, len(b.at))
	for i, want := range b.wants {
		if at, travels := b.at[strings.ToLower(want.Email)]; travels && at == i {
			members = append(members, newMember{Email: want.Email, Status: b.newStatus(), Merge: want.Merge, Tags: want.Tags})
		}
	}
	var out outcome
	err := b.ask(ctx, http.MethodPost, b.listPath()+"?skip_merge_validation=true", map[string]any{
		"members": members, "update_existing": false, "sync_tags": false,
	}, &out)
	if err != nil {
		return err
	}
	if out.New == nil || out.Errors == nil {
		return errUnreadable()
	}
	for _, i := range b.at {
		b.written[i].Err = provider.Errorf(provider.Transient, "Mailchimp's answer does not say what became of this record")
	}
	for _, c := range *out.New {
		i, ours := b.at[strings.ToLower(c.Email)]
		if !ours {
			continue
		}
		b.written[i].Receipt, b.written[i].Err = c.receipt()
		if b.written[i].Err == nil && !b.written[i].Receipt.Suppressed && c.Tags != nil { // not told: then they were taken
			b.written[i].Err = b.tag(ctx, b.wants[i], c)
		}
	}
	for _, e := range *out.Errors {
		if i, ours := b.at[strings.ToLower(e.Email)]; ours {
			b.single = append(b.single, i)
		}
	}
	return nil
}

// oneByOne writes the others, some at a time. When the time is up that there is for them, the rest is given back: it comes
// again, and is fewer then.
func (b *batch) oneByOne(ctx context.Context, enough time.Time) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(parallel, len(b.single)) {
		all.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= len(b.single) {
					return
				}
				i := b.single[n]
				if n >= parallel && !enough.IsZero() && time.Now().After(enough) {
					b.written[i] = provider.Written{Err: &provider.Wait{
						Busy: true, Brief: true, Message: "Mailchimp takes those whom it has already one by one, and this one's turn comes later",
					}}
					continue
				}
				b.written[i].Receipt, b.written[i].Err = b.write(ctx, b.wants[i], b.fresh[i])
			}
		})
	}
	all.Wait()
}

// halfTime is when half of the time until the deadline is over, zero when there is no deadline.
func halfTime(ctx context.Context) time.Time {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		return time.Time{}
	}
	now := time.Now()
	return now.Add(deadline.Sub(now) / 2)
}
