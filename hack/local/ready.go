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
	readyLimit = 2 * time.Minute // for one part; a machine that is busy takes its time
	readyPoll  = 250 * time.Millisecond
)

// await calls check until it returns nil, and gives up with its last error.
func await(ctx context.Context, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	var last error
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err // not the one that is only about the time being up
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s: %w", readyLimit, last)
		case <-ticker.C:
		}
	}
}

// awaitHTTP waits until a part answers 200.
func (l *launcher) awaitHTTP(ctx context.Context, client *http.Client, name, url, token string) error {
	err := await(ctx, func(ctx context.Context) error {
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
		return fmt.Errorf("%s is not ready %w\nThe last lines of %s:\n%s",
			name, err, l.path("logs", name+".log"), tail(l.path("logs", name+".log"), 15))
	}
	return nil
}

// awaitSamples waits until the operator says of every sample Integration and ContactPipeline that it can be used.
func (l *launcher) awaitSamples(ctx context.Context, names []string) error {
	args := []string{"get", "--namespace=" + sampleNamespace, "--output=json"}
	for _, name := range names {
		if strings.HasPrefix(name, "integration.") || strings.HasPrefix(name, "contactpipeline.") {
			args = append(args, name)
		}
	}
	err := await(ctx, func(ctx context.Context) error {
		out, err := l.kubectl(ctx, nil, args...)
		if err != nil {
			return err
		}
		return notReady(out)
	})
	if err != nil {
		return fmt.Errorf("the samples are not ready %w\nThe operator's log is %s", err, l.path("logs", "contact-operator.log"))
	}
	return nil
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
