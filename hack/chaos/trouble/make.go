package trouble

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/hack/chaos/system"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// Maker makes trouble.
type Maker struct {
	System *system.System
	// Namespace of the Secrets.
	Namespace string
	// Spool is the folder to fill up; "" when there is none.
	Spool string
	// Log is told of what happens.
	Log func(format string, args ...any)

	mu   sync.Mutex
	last time.Time // end of the latest trouble
}

// Run makes every trouble of a plan at its time, and returns when the last one is over and nothing is broken any more. It
// returns when that was.
func (m *Maker) Run(ctx context.Context, plan []Event) (time.Time, error) {
	begun := time.Now()
	m.last = begun
	all, ctx := errgroup.WithContext(ctx)
	for _, e := range plan {
		all.Go(func() error {
			if !sleep(ctx, time.Until(begun.Add(e.At))) {
				return ctx.Err()
			}
			m.Log("%s", e)
			if err := m.meet(ctx, e); err != nil {
				return fmt.Errorf("making trouble (%s): %w", e, err)
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			if now := time.Now(); now.After(m.last) {
				m.last = now
			}
			return nil
		})
	}
	err := all.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last, err
}

func (m *Maker) meet(ctx context.Context, e Event) error {
	switch e.Kind {
	case Service:
		if err := m.System.Fault(ctx, server.Service(e.Target), e.Faults...); err != nil {
			return err
		}
		sleep(ctx, e.For)
		return m.System.Fault(context.WithoutCancel(ctx), server.Service(e.Target))
	case Kill:
		return m.signal(e.Target, syscall.SIGKILL)
	case Term:
		return m.signal(e.Target, syscall.SIGTERM)
	case Stop:
		return m.stop(ctx, e)
	case Disk:
		return m.fill(ctx, e.For)
	case Credential:
		return m.rotate(ctx, e)
	}
	return fmt.Errorf("%q is no trouble", e.Kind)
}

// signal sends a signal to a part, if that is running: another trouble may have ended it a moment ago.
func (m *Maker) signal(part string, signal syscall.Signal) error {
	_, err := m.System.Signal(part, signal)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		m.Log("       %s is down already", part)
		return nil
	}
	return err
}

func (m *Maker) stop(ctx context.Context, e Event) error {
	pid, err := m.System.Signal(e.Target, syscall.SIGSTOP)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		m.Log("       %s is down already", e.Target)
		return nil
	}
	if err != nil {
		return err
	}
	sleep(ctx, e.For)
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// fill leaves no room on the spool's disk for a time.
func (m *Maker) fill(ctx context.Context, d time.Duration) error {
	file := filepath.Join(m.Spool, "filler")
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // in a folder of our own
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file) }()
	for block := make([]byte, 64<<10); len(block) > 0; block = block[:len(block)/2] { // to the last byte
		for err == nil {
			_, err = f.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return errors.Join(err, f.Close())
		}
		err = nil
	}
	sleep(ctx, d)
	return f.Close()
}

// rotate makes a service take another token; the Secret gets it when the time is over, or as soon as the API server takes it.
func (m *Maker) rotate(ctx context.Context, e Event) error {
	token := fmt.Sprintf("rotated-%s-%s", m.Namespace, e.Target)
	if err := m.System.SetToken(ctx, server.Service(e.Target), token); err != nil {
		return err
	}
	sleep(ctx, e.For)
	var last error
	err := wait.PollUntilContextTimeout(ctx, time.Second, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		secret := corev1.Secret{}
		last = m.System.Client.Get(ctx, client.ObjectKey{Namespace: m.Namespace, Name: e.Target + "-credentials"}, &secret)
		if last == nil {
			secret.Data["token"] = []byte(token)
			last = m.System.Client.Update(ctx, &secret)
		}
		return last == nil, nil
	})
	if err != nil {
		return errors.Join(err, last)
	}
	m.Log("       the Secret of %s has the new token", e.Target)
	return nil
}

// sleep waits, and says whether to go on.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
