package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// profileTime is how long a profile looks at a process: as long as a round takes, and some more. Idle time is not in it.
func profileTime(submissions int) time.Duration {
	const perSecond = 150 // a slow machine
	return 5*time.Second + time.Duration(submissions)*time.Second/perSecond
}

// profiled is the environment that makes operator and intake serve profiles, if any are wanted. It keeps the flags that
// the caller's environment gives them.
func (c *contest) profiled(ctx context.Context) (map[string]string, error) {
	if c.profiles == "" {
		return nil, nil
	}
	free, err := freeAddresses(ctx, envMetrics, envIntake)
	if err != nil {
		return nil, err
	}
	c.pprof = map[string]string{operatorPart: free[envMetrics], intakePart: free[envIntake]}
	return map[string]string{
		"OPERATOR_FLAGS": os.Getenv("OPERATOR_FLAGS") + " --pprof-bind-address=" + c.pprof[operatorPart],
		"INTAKE_FLAGS":   os.Getenv("INTAKE_FLAGS") + " --pprof-addr=" + c.pprof[intakePart],
	}, os.MkdirAll(c.profiles, 0o750)
}

// profile takes profiles, if any are wanted, in a round that counts for nothing else: being looked at costs time.
func (c *contest) profile(ctx context.Context) error {
	if len(c.pprof) == 0 {
		return nil
	}
	say("taking profiles")
	group, within := errgroup.WithContext(ctx)
	for part, addr := range c.pprof {
		for name, path := range map[string]string{"cpu": "profile", "allocs": "allocs"} {
			url := fmt.Sprintf("http://%s/debug/pprof/%s?seconds=%.0f", addr, path, profileTime(c.submissions).Seconds())
			group.Go(func() error { return fetch(within, url, filepath.Join(c.profiles, part+"."+name+".pprof")) })
		}
	}
	group.Go(func() error {
		_, err := c.sendAll(within, c.submissions)
		return err
	})
	return group.Wait()
}

// fetch saves what a URL gives.
func fetch(ctx context.Context, url, file string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	out, err := os.Create(file) //nolint:gosec // the caller's choice
	if err != nil {
		return err
	}
	_, err = io.Copy(out, response.Body)
	return errors.Join(err, out.Close())
}
