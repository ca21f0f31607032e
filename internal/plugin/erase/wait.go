package erase

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
	"github.com/contact-operator/contact-operator/internal/plugin/person"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

const (
	// quietInterval is the time between two lines where nobody watches a terminal.
	quietInterval = 10 * time.Second
	// graceWithoutReceipt is how long a receipt is waited for once the Contact is gone: it is written before.
	graceWithoutReceipt = 10 * time.Second
)

// wait waits until the Contact is gone and there is a receipt that was not there before.
func (e *erase) wait(ctx context.Context, p *person.Person) (*v1alpha1.ErasureReceipt, error) {
	began := e.session.Now()
	ticker := time.NewTicker(e.poll)
	defer ticker.Stop()
	progress := &progress{out: e.session.ErrOut, terminal: screen.IsTerminal(e.session.ErrOut), began: began, last: began}
	defer progress.end()
	goneAt := time.Time{}
	for {
		gone, err := e.gone(ctx, p)
		if err != nil {
			return nil, err
		}
		if gone {
			receipt, err := e.receipt(ctx, p)
			if receipt != nil || err != nil {
				return receipt, err
			}
			if goneAt.IsZero() {
				goneAt = e.session.Now()
			}
		}
		now := e.session.Now()
		switch {
		case gone && now.Sub(goneAt) > graceWithoutReceipt:
			return nil, fmt.Errorf("the Contact %s is gone, but there is no receipt, so nobody confirms that the outside systems were asked: "+
				"did somebody remove its finalizer? Look for the person there by hand: %s", p.ContactName, strings.Join(systems(p), ", "))
		case now.Sub(began) > e.timeout:
			return nil, fmt.Errorf("no receipt after %s. The erasure goes on by itself: repeat the command to wait on.%s",
				e.timeout, e.sick(ctx, p))
		}
		if err := progress.show(now, gone); err != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w; the erasure goes on by itself: repeat the command to wait on", ctx.Err())
		case <-ticker.C:
		}
	}
}

// gone tells whether the Contact that was shown does not exist any more.
func (e *erase) gone(ctx context.Context, p *person.Person) (bool, error) {
	c := &v1alpha1.Contact{}
	err := e.cluster.Get(ctx, kube.In(p.Namespace, p.ContactName), c)
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	return err == nil && c.UID != p.Contact.UID, err
}

// receipt returns the receipt of this erasure; nil as long as there is none but that of an earlier one.
func (e *erase) receipt(ctx context.Context, p *person.Person) (*v1alpha1.ErasureReceipt, error) {
	r := &v1alpha1.ErasureReceipt{}
	err := e.cluster.Get(ctx, kube.In(p.Namespace, p.ContactName), r)
	if apierrors.IsNotFound(err) && !kube.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the person was erased, but the receipt can't be read: %w", err)
	}
	if before := p.Receipt; before != nil && before.UID == r.UID && before.Spec.ErasedAt.Equal(&r.Spec.ErasedAt) {
		return nil, nil
	}
	return r, nil
}

// sick names the systems that are likely to hold the erasure up.
func (e *erase) sick(ctx context.Context, p *person.Person) string {
	hint := ""
	for _, s := range p.Contact.Status.Syncs {
		i := &v1alpha1.Integration{}
		if err := e.cluster.Get(ctx, kube.In(p.Namespace, s.Integration), i); err != nil {
			continue // this is a hint; the time-out is the error
		}
		ready := meta.FindStatusCondition(i.Status.Conditions, v1alpha1.ConditionReady)
		if ready != nil && ready.Status != metav1.ConditionTrue {
			hint += fmt.Sprintf("\nIntegration %s is %s: %s", s.Integration, ready.Reason, screen.Safe(ready.Message))
		}
	}
	if hint != "" {
		return hint + "\nTo give up on what can't be reached: repeat the command with --skip-unreachable."
	}
	return fmt.Sprintf("\nWhat holds it up is told by the events: kubectl describe contact %s -n %s. Does the operator run? (kubectl contacts status)",
		p.ContactName, p.Namespace)
}

func systems(p *person.Person) []string {
	names := []string{}
	for _, s := range p.Contact.Status.Syncs {
		names = append(names, s.Integration)
	}
	if len(names) == 0 {
		names = append(names, "none was told of them")
	}
	return names
}

// progress tells that something is waited for: in place on a terminal, else in a line now and then.
type progress struct {
	out         io.Writer
	terminal    bool
	shown       bool
	began, last time.Time
}

func (p *progress) show(now time.Time, gone bool) error {
	text := "waiting for the operator to erase the person, "
	if gone {
		text = "waiting for the receipt, "
	}
	text += screen.Span(now.Sub(p.began))
	switch {
	case p.terminal:
		text = "\r\x1b[K" + text
	case p.shown && now.Sub(p.last) < quietInterval:
		return nil
	default:
		text += "\n"
	}
	p.shown, p.last = true, now
	_, err := io.WriteString(p.out, text)
	return err
}

func (p *progress) end() {
	if p.terminal && p.shown {
		// An error here has been told by the next write to the same terminal, if anybody is there to read it.
		_, _ = io.WriteString(p.out, "\r\x1b[K")
	}
}
