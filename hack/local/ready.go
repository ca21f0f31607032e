package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	partLimit    = 2 * time.Minute // for one part to come up; a machine that is busy takes its time
	partPoll     = 250 * time.Millisecond
	samplePoll   = time.Second // each is a process
	sampleSilent = 10 * time.Second
)

// await calls check until it returns nil. When ctx ends before that, it returns the last error that was about more than
// the time being up.
func await(ctx context.Context, every time.Duration, check func(context.Context) error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var last error
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return last
		case <-ticker.C:
		}
	}
}

// awaitHTTP waits until a part answers 200.
func (l *launcher) awaitHTTP(ctx context.Context, client *http.Client, name, url, token string) error {
	ctx, cancel := context.WithTimeout(ctx, partLimit)
	defer cancel()
	err := await(ctx, partPoll, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s: %s", url, resp.Status, strings.TrimSpace(string(body)))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s is not ready after %s: %w\nThe last lines of %s:\n%s",
			name, partLimit, err, l.path("logs", name+".log"), tail(l.path("logs", name+".log"), 15))
	}
	return nil
}

// awaitSamples waits until the operator says of every sample Integration and ContactPipeline that it can be used. It does
// not give up: in a state that somebody has worked with, one may be suspended or broken, and only a system that runs can be
// mended. It says what it waits for instead.
func (l *launcher) awaitSamples(ctx context.Context, names []string) error {
	args := []string{"get", "--namespace=" + sampleNamespace, "--output=json"}
	for _, name := range names {
		if strings.HasPrefix(name, "integration.") || strings.HasPrefix(name, "contactpipeline.") {
			args = append(args, name)
		}
	}
	begun, said := time.Now(), ""
	return await(ctx, samplePoll, func(ctx context.Context) error {
		out, err := l.kubectl(ctx, nil, args...)
		if err == nil {
			err = notReady(out)
		}
		if err != nil && ctx.Err() == nil && time.Since(begun) > sampleSilent && err.Error() != said {
			said = err.Error()
			l.say("not ready yet; everything runs, and waits for these to be mended:\n  %s\nThe operator's log is %s. To look: KUBECONFIG=%s %s get integrations,contactpipelines",
				strings.ReplaceAll(said, "\n", "\n  "), l.shown(l.path("logs", "contact-operator.log")), l.shown(l.path("kubeconfig")), l.kubectlCommand())
		}
		return err
	})
}

// notReady names what in a list, as kubectl prints it, is not Ready, and why. The answer must speak of the generation that
// is there now: a condition of the last run says nothing.
func notReady(list []byte) error {
	type object struct {
		Kind     string
		Metadata struct {
			Name       string
			Generation int64
		}
		Status struct {
			ObservedGeneration int64
			Conditions         []struct {
				Type, Status, Reason, Message string
				ObservedGeneration            int64
			}
		}
	}
	var objects struct{ Items []object }
	if err := json.Unmarshal(list, &objects); err != nil {
		return fmt.Errorf("kubectl's answer: %w", err)
	}
	if len(objects.Items) == 0 {
		return errors.New("kubectl found none of them")
	}
	var errs []error
	for _, o := range objects.Items {
		state := "the operator has not looked at it yet"
		for _, c := range o.Status.Conditions {
			switch {
			case c.Type != "Ready" || max(c.ObservedGeneration, o.Status.ObservedGeneration) != o.Metadata.Generation:
			case c.Status == "True":
				state = ""
			default:
				state = c.Reason + ": " + c.Message
			}
		}
		if state != "" {
			errs = append(errs, fmt.Errorf("%s %s: %s", o.Kind, o.Metadata.Name, state))
		}
	}
	return errors.Join(errs...)
}
