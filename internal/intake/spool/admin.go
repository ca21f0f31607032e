package spool

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Admin is what an administrator can do with a spool: with the file itself, or through the intake that has it open.
type Admin interface {
	// Stats says how much there is.
	Stats(ctx context.Context) (Figures, error)
	// List returns a page of what a query names, oldest first.
	List(ctx context.Context, q Query) (Page, error)
	// Retry puts the dead letters that a query names back in the queue, and says how many these were.
	Retry(ctx context.Context, q Query) (int, error)
	// Purge deletes what a query names for good, and says how much that was.
	Purge(ctx context.Context, q Query) (int, error)
}

// Query names entries. Blank fields name all.
type Query struct {
	// Pending means those that wait, instead of the dead letters.
	Pending   bool     `json:"pending,omitempty"`
	Namespace string   `json:"namespace,omitempty"`
	Names     []string `json:"names,omitempty"`
	Reason    string   `json:"reason,omitempty"`
	// After is where a page begins: Next of the page before.
	After string `json:"after,omitempty"`
	// Objects: with what was sent, which is personal data.
	Objects bool `json:"objects,omitempty"`
}

// Item is an entry in a list.
type Item struct {
	Namespace  string    `json:"namespace"`
	Name       string    `json:"name"`
	ReceivedAt time.Time `json:"receivedAt"`
	Bytes      int       `json:"bytes"`
	// Reason and DiedAt are those of a dead letter.
	Reason string    `json:"reason,omitempty"`
	DiedAt time.Time `json:"diedAt,omitzero"`
	// Object is what was sent; Problem, why it can't be read.
	Object  json.RawMessage `json:"object,omitempty"`
	Problem string          `json:"problem,omitempty"`

	key Key
}

// Page of a list.
type Page struct {
	Items []Item `json:"items"`
	// Next is where the next page begins; blank on the last.
	Next string `json:"next,omitempty"`
}

// pageSize bounds a page.
const pageSize = 256

func (q *Query) bucket() []byte {
	if q.Pending {
		return bucketPending
	}
	return bucketDead
}

func (q *Query) skip(key Key) bool {
	return (q.Namespace != "" && key.Namespace() != q.Namespace) || (len(q.Names) > 0 && !slices.Contains(q.Names, key.Name()))
}

// Stats says how much there is.
func (s *Store) Stats(context.Context) (Figures, error) { return s.Figures(), nil }

// List returns a page of what a query names.
func (s *Store) List(ctx context.Context, q Query) (Page, error) {
	after, err := hex.DecodeString(q.After)
	if err != nil {
		return Page{}, errors.New("the place where the page begins is none that a page has named")
	}
	var raw []rawEntry
	var last Key
	err = s.read(ctx, func(r reader) error {
		raw, last = r.scan(q.bucket(), Key(after), pageSize, q.skip)
		return nil
	})
	if err != nil {
		return Page{}, err
	}
	page := Page{Items: []Item{}, Next: hex.EncodeToString([]byte(last))}
	ring := s.options.Keys()
	for _, e := range raw {
		if item := q.item(ring, e); q.Reason == "" || item.Reason == q.Reason {
			page.Items = append(page.Items, item)
		}
	}
	return page, nil
}

func (q *Query) item(ring *Keyring, e rawEntry) Item {
	item := Item{key: e.key, Namespace: e.key.Namespace(), Name: e.key.Name(), ReceivedAt: e.key.ReceivedAt(), Bytes: len(e.value)}
	value := e.value
	if !q.Pending {
		d := decodeDead(value)
		value, item.Reason, item.DiedAt = d.value, d.reason, d.at
	}
	if !q.Objects {
		return item
	}
	object, err := decode(ring, e.key, value)
	switch {
	case err != nil:
		item.Problem = err.Error()
	case !json.Valid(object):
		item.Problem = errCorrupt.Error()
	default:
		item.Object = object
	}
	return item
}

// Retry puts dead letters back in the queue.
func (s *Store) Retry(ctx context.Context, q Query) (int, error) {
	if q.Pending {
		return 0, errors.New("what waits is tried anyway; only dead letters can be retried")
	}
	return s.act(ctx, q, opRevive)
}

// Purge deletes entries for good.
func (s *Store) Purge(ctx context.Context, q Query) (int, error) {
	if q.Pending {
		return s.act(ctx, q, opRemove)
	}
	return s.act(ctx, q, opPurge)
}

func (s *Store) act(ctx context.Context, q Query, kind opKind) (int, error) {
	q.Objects = false
	done := 0
	for {
		page, err := s.List(ctx, q)
		if err != nil {
			return done, err
		}
		answers := make([]<-chan error, len(page.Items))
		for i, item := range page.Items {
			answers[i] = s.send(&op{kind: kind, key: item.key, done: make(chan error, 1)})
		}
		for _, answer := range answers {
			switch err := wait(ctx, answer); {
			case err == nil:
				done++
			case !errors.Is(err, errNotThere):
				return done, fmt.Errorf("%d done, then: %w", done, err)
			}
		}
		if page.Next == "" {
			return done, nil
		}
		q.After = page.Next
	}
}
