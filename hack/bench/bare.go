package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// writesInFlight is how many creates of submissions the bare loop has in flight, as the intake does, and beside them other
// writes, as the operator does. Both have 12 by default; more would only queue up inside the API server.
const writesInFlight = 12

// bare makes, for each submission, the writes and the remote calls that the system makes, and nothing else: nothing is
// read, watched, queued, checked, retried or remembered.
type bare struct {
	// With the rights of intake and operator, and a connection each, as they have.
	intake, operator client.Client
	template         template
	sandbox          string
	remote           *http.Client

	creates, writes chan struct{} // slots
}

func newBare(s *system, t template, workers int) (*bare, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 2*workers // every connection is used again
	b := &bare{
		template: t, sandbox: "http://" + s.addresses[envSandbox], remote: &http.Client{Transport: transport},
		creates: make(chan struct{}, writesInFlight), writes: make(chan struct{}, writesInFlight),
	}
	for file, c := range map[string]*client.Client{"intake.kubeconfig": &b.intake, "operator.kubeconfig": &b.operator} {
		config, err := s.configOf(file)
		if err != nil {
			return nil, err
		}
		if *c, err = newClient(config); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// run takes all through, from several workers, and returns how long that took. The first error ends it.
func (b *bare) run(ctx context.Context, workers int, all *people) (time.Duration, error) {
	begun := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for range workers {
		group.Go(func() error {
			for email, ok := all.email(); ok; email, ok = all.email() {
				if err := b.one(ctx, email); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return time.Since(begun), err
}

func (b *bare) one(ctx context.Context, email string) error {
	submission := b.template.received(email)
	if err := b.write(b.creates, func() error { return b.intake.Create(ctx, submission) }); err != nil {
		return err
	}
	if err := b.calls(ctx, email); err != nil {
		return err
	}
	if err := b.write(b.writes, func() error { return b.operator.Create(ctx, b.template.person(email)) }); err != nil {
		return err
	}
	submission.Status = b.template.completed(email)
	return b.write(b.writes, func() error { return b.operator.Status().Update(ctx, submission) })
}

func (b *bare) write(slots chan struct{}, write func() error) error {
	slots <- struct{}{}
	defer func() { <-slots }()
	return write()
}

// calls makes the remote calls in the operator's order: the verifier, the locator, then CRM and marketing side by side. Each
// record travels alone; the operator may put several into one call.
func (b *bare) calls(ctx context.Context, email string) error {
	if err := b.call(ctx, "verifier", http.MethodPost, "/v1/verify", `{"email":"`+email+`"}`); err != nil {
		return err
	}
	if err := b.call(ctx, "locator", http.MethodPost, "/v1/locate", `{"country":"`+country+`","phone":"`+phone+`","ip":"127.0.0.1"}`); err != nil {
		return err
	}
	var both sync.WaitGroup
	var crm, marketing error
	both.Go(func() {
		crm = b.call(ctx, "crm", http.MethodPut, "/v1/contacts/"+url.PathEscape(email), `{"email":"`+email+`","name":"Ada Example","company":"Example Ltd","phone":"`+
			phone+`","country":"`+country+`","location":"`+country+`","channels":["trial-download"],"attributes":{"plan":"pro"}}`)
	})
	both.Go(func() {
		marketing = b.call(ctx, "marketing", http.MethodPut, "/v1/subscribers/"+url.PathEscape(email), `{"email":"`+email+
			`","name":"Ada Example","company":"Example Ltd","location":"`+country+`","channels":["trial-download"],"status":"subscribed"}`)
	})
	both.Wait()
	return errors.Join(crm, marketing)
}

func (b *bare) call(ctx context.Context, service, method, path, body string) error {
	r, err := http.NewRequestWithContext(ctx, method, b.sandbox+"/"+service+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer sandbox-"+service+"-token")
	r.Header.Set("Content-Type", "application/json")
	response, err := b.remote.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answers %s", service, response.Status)
	}
	return nil
}
