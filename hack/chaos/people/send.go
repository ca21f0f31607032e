package people

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Try is one request for a post.
type Try struct {
	Begun, Ended time.Time
	// Status of the answer; 0: there was none, so nobody can know what became of it.
	Status int
	// ID that a 202 named.
	ID string
}

// Odd says whether the answer was one that no sender of a good form to a form that exists may get.
func (t Try) Odd() bool {
	return t.Status != 0 && t.Status != http.StatusAccepted && t.Status != http.StatusServiceUnavailable && t.Status != http.StatusTooManyRequests
}

// Accepted says whether the sender read "Thank you".
func (t Try) Accepted() bool { return t.Status == http.StatusAccepted }

// Sent is what became of a post as its sender saw it.
type Sent struct {
	*Post
	Tries []Try
}

// ID that the sender read; "" when nobody was thanked.
func (s *Sent) ID() string {
	for _, t := range s.Tries {
		if t.Accepted() {
			return t.ID
		}
	}
	return ""
}

// Sender sends traffic to the intake.
type Sender struct {
	// URL of a pipeline's submissions.
	URL func(pipeline string) string
	// AtOnce is how many senders there are at a time at most.
	AtOnce int
	// GiveUp is when nobody tries again any more, from the start of Send.
	GiveUp time.Duration
	// Client for the requests.
	Client *http.Client

	mu   sync.Mutex
	sent []*Sent
}

// pause is the time after which a sender tries again.
const pause = 700 * time.Millisecond

// Send sends each post at its time, and again until there is thanks or the sender leaves. It returns what everybody has seen.
func (s *Sender) Send(ctx context.Context, posts []*Post) ([]*Sent, error) {
	begun := time.Now()
	senders, ctx := errgroup.WithContext(ctx)
	senders.SetLimit(s.AtOnce)
	for _, p := range posts {
		if !sleep(ctx, time.Until(begun.Add(p.At))) {
			break
		}
		senders.Go(func() error { return s.send(ctx, begun, p) })
	}
	err := senders.Wait()
	return s.sent, err
}

// Accepted is how many posts were thanked for so far.
func (s *Sender) Accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, sent := range s.sent {
		if sent.ID() != "" {
			n++
		}
	}
	return n
}

func (s *Sender) send(ctx context.Context, begun time.Time, p *Post) error {
	body, err := json.Marshal(p.Payload)
	if err != nil {
		return err
	}
	sent := &Sent{Post: p}
	for {
		t := s.try(ctx, p, body)
		sent.Tries = append(sent.Tries, t)
		// Without a key, a person who saw no answer would make two of it by sending it again: not a fault of anybody.
		if t.Accepted() || p.Leaves || (p.Key == "" && t.Status == 0) || time.Since(begun) > s.GiveUp || !sleep(ctx, pause) {
			break
		}
	}
	s.mu.Lock()
	s.sent = append(s.sent, sent)
	s.mu.Unlock()
	return nil
}

func (s *Sender) try(ctx context.Context, p *Post, body []byte) Try {
	t := Try{Begun: time.Now()}
	t.Status, t.ID = s.request(ctx, p, body)
	t.Ended = time.Now()
	return t
}

func (s *Sender) request(ctx context.Context, p *Post, body []byte) (status int, id string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL(p.Pipeline()), bytes.NewReader(body))
	if err != nil {
		return 0, ""
	}
	r.Header.Set("Content-Type", "application/json")
	if p.Key != "" {
		r.Header.Set("Idempotency-Key", p.Key)
	}
	resp, err := s.Client.Do(r)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	var answer struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(data, &answer) != nil || (resp.StatusCode == http.StatusAccepted && answer.ID == "") {
		return 0, "" // cut short, or no thanks that anybody could hold us to
	}
	return resp.StatusCode, answer.ID
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
