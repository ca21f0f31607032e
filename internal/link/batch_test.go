package link

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// system takes records, alone or up to four at a time, and remembers what came in which call.
type system struct {
	mu     sync.Mutex
	calls  []string
	refuse map[string]error // by key: refused alone
	whole  func(keys []string) error
	takes  time.Duration
	panics bool
}

func (s *system) Render(provider.Contact) (provider.Request, error) { return provider.Request{}, nil }

func (s *system) note(keys ...string) {
	s.mu.Lock()
	s.calls = append(s.calls, strings.Join(keys, "+"))
	s.mu.Unlock()
	elapse(s.takes)
}

func (s *system) Upsert(_ context.Context, r provider.Request) (provider.Receipt, error) {
	s.note(r.Key)
	return provider.Receipt{RemoteID: "id-" + r.Key}, s.refuse[r.Key]
}

func (s *system) MaxBatch() int { return 4 }

func (s *system) UpsertBatch(_ context.Context, requests []provider.Request) ([]provider.Written, error) {
	var keys []string
	for _, r := range requests {
		keys = append(keys, r.Key)
	}
	s.note(keys...)
	if s.panics {
		panic("x")
	}
	if s.whole != nil {
		if err := s.whole(keys); err != nil {
			return nil, err
		}
	}
	var written []provider.Written
	for _, key := range keys {
		written = append(written, provider.Written{Receipt: provider.Receipt{RemoteID: "id-" + key}, Err: s.refuse[key]})
	}
	return written, nil
}

// write writes records at the same time, each in its own worker, in the order given, and waits for all.
func write(t *testing.T, l *Link, keys ...string) map[string]error {
	t.Helper()
	return beginWrites(t, l, keys...)()
}

func beginWrites(t *testing.T, l *Link, keys ...string) (wait func() map[string]error) {
	t.Helper()
	var mu sync.Mutex
	errs := map[string]error{}
	var all sync.WaitGroup
	for _, key := range keys {
		all.Go(func() {
			var err error
			defer func() {
				if recover() != nil {
					err = errors.New("panicked")
				}
				mu.Lock()
				errs[key] = errors.Join(errs[key], err)
				mu.Unlock()
			}()
			var receipt provider.Receipt
			if receipt, err = l.Upsert(t.Context(), provider.Request{Key: key}); err == nil && receipt.RemoteID != "id-"+key {
				err = fmt.Errorf("got the receipt %s", receipt.RemoteID)
			}
		})
		synctest.Wait()
	}
	return func() map[string]error {
		all.Wait()
		return errs
	}
}

func batching(s *system, o Options) Options {
	o.Timeout = time.Minute
	o.Provider = provider.Provider{Upserter: s, Batch: s}
	o.Batch.Linger = 50 * time.Millisecond
	return o
}

func TestBatch(t *testing.T) {
	invalid, conflict, transient := classed(provider.Invalid), classed(provider.Conflict), classed(provider.Transient)
	holds := func(bad string, err error) func([]string) error {
		return func(keys []string) error {
			if slices.Contains(keys, bad) {
				return err
			}
			return nil
		}
	}
	tests := map[string]struct {
		reason    string
		system    *system
		options   Options
		keys      []string
		wantCalls []string
		wantErrs  map[string]provider.Class
		want      Condition
	}{
		"one": {
			reason: "a record that nobody joins travels by itself",
			keys:   []string{"a"}, wantCalls: []string{"a"}, want: Healthy,
		},
		"full": {
			reason: "a full batch leaves at once, the next one forms",
			keys:   []string{"a", "b", "c", "d", "e", "f"}, wantCalls: []string{"a+b+c+d", "e+f"}, want: Healthy,
		},
		"smaller by the Integration's word": {
			reason: "maxRecords counts", options: Options{Batch: Batch{Records: 2}},
			keys: []string{"a", "b", "c"}, wantCalls: []string{"a+b", "c"}, want: Healthy,
		},
		"each by itself": {
			reason: "maxRecords of 1 switches batches off", options: Options{Batch: Batch{Records: 1}},
			keys: []string{"a", "b"}, wantCalls: []string{"a", "b"}, want: Healthy,
		},
		"two states of one record": {
			reason: "they can't travel together",
			keys:   []string{"a", "a"}, wantCalls: []string{"a", "a"}, want: Healthy,
		},
		"partial failure": {
			reason: "each record has its own outcome", system: &system{refuse: map[string]error{"b": invalid}},
			keys: []string{"a", "b", "c"}, wantCalls: []string{"a+b+c"}, wantErrs: map[string]provider.Class{"b": provider.Invalid}, want: Healthy,
		},
		"refused whole for one record": {
			reason: "it is split until the one is found",
			system: &system{whole: holds("c", conflict), refuse: map[string]error{"c": conflict}},
			keys:   []string{"a", "b", "c", "d"}, wantCalls: []string{"a+b+c+d", "a+b", "c+d", "c", "d"},
			wantErrs: map[string]provider.Class{"c": provider.Conflict}, want: Healthy,
		},
		"refused whole as a wrong request, by one record": {
			reason: "one alone shows that it is not the request",
			system: &system{whole: holds("d", classed(provider.Config)), refuse: map[string]error{"d": invalid}},
			keys:   []string{"a", "b", "d"}, wantCalls: []string{"a+b+d", "a", "b+d", "b", "d"},
			wantErrs: map[string]provider.Class{"d": provider.Invalid}, want: Healthy,
		},
		"a wrong request": {
			reason: "two calls are enough to know; the link stops",
			system: &system{whole: holds("a", classed(provider.Config)), refuse: map[string]error{"a": classed(provider.Config)}},
			keys:   []string{"a", "b", "c", "d"}, wantCalls: []string{"a+b+c+d", "a"},
			wantErrs: map[string]provider.Class{"a": provider.Config, "b": provider.Config, "c": provider.Config, "d": provider.Config}, want: Refused,
		},
		"a failure of the system": {
			reason: "is that of each record, and not split", system: &system{whole: holds("a", transient)},
			keys: []string{"a", "b"}, wantCalls: []string{"a+b"},
			wantErrs: map[string]provider.Class{"a": provider.Transient, "b": provider.Transient}, want: Untried,
		},
		"every record fails for the system's sake": {
			reason: "the call counts as a failure", system: &system{refuse: map[string]error{"a": transient, "b": transient}},
			keys: []string{"a", "b"}, wantCalls: []string{"a+b"},
			wantErrs: map[string]provider.Class{"a": provider.Transient, "b": provider.Transient}, want: Untried,
		},
		"a panic": {
			reason: "nobody waits for ever", system: &system{panics: true},
			keys: []string{"a", "b"}, wantCalls: []string{"a+b"},
			wantErrs: map[string]provider.Class{"a": provider.Transient, "b": provider.Transient}, want: Untried,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, _ := newRegistry()
				s := cmp.Or(tc.system, &system{})
				l := r.Set(crm, "1", batching(s, tc.options))
				errs := write(t, l, tc.keys...)
				if !slices.Equal(s.calls, tc.wantCalls) {
					t.Errorf("%s: calls %v, want %v", tc.reason, s.calls, tc.wantCalls)
				}
				for _, key := range tc.keys {
					want, bad := tc.wantErrs[key]
					if err := errs[key]; (err != nil) != bad || (bad && provider.AsError(err).Class != want) {
						t.Errorf("%s: %s got %v, want %s", tc.reason, key, err, want)
					}
				}
				if got := l.Health().Condition; got != tc.want {
					t.Errorf("%s: the link is %s, want %s", tc.reason, got, tc.want)
				}
				if l.inFlight != 0 || l.forming != nil {
					t.Errorf("%d calls are left in flight", l.inFlight)
				}
			})
		})
	}
}

// TestABatchTakesOneSlotAndOneToken, and those who find neither are called a batch at a time.
func TestABatchTakesOneSlotAndOneToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		s := &system{takes: time.Second}
		l := r.Set(crm, "1", batching(s, Options{Concurrent: 1}))
		first := beginWrites(t, l, "a", "b", "c", "d")
		elapse(time.Millisecond)
		var wait *provider.Wait
		if _, err := l.Upsert(t.Context(), provider.Request{Key: "e"}); !errors.As(err, &wait) || !wait.Busy {
			t.Fatalf("got %v while the only slot is taken", err)
		}
		park(r, "e", "f", "g", "h", "i", "j")
		woken.expect(t, "the slot is taken")
		first()
		woken.expect(t, "a batch has room for four", "e", "f", "g", "h")
		begun := r.Begin(sub("e"))
		second := beginWrites(t, l, "e")
		r.Done(begun)
		woken.expect(t, "its batch is forming, and the seats are promised")
		begin(r, "f")
		woken.expect(t, "a seat was given up", "i")
		second()
	})
}

func TestAProbeTravelsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		s := &system{}
		l := r.Set(crm, "1", batching(s, Options{Circuit: quick}))
		call(t, l, 4, classed(provider.Transient))
		park(r, "a", "b", "c")
		elapse(5 * time.Second)
		woken.expect(t, "one probes", "a")
		begun := r.Begin(sub("a"))
		write(t, l, "a")
		r.Done(begun)
		woken.expect(t, "the next probe", "b")
		if !slices.Equal(s.calls, []string{"a"}) {
			t.Errorf("calls %v", s.calls)
		}
	})
}

// TestASplitKeepsToTheRate: what can't be sent within the deadline comes again.
func TestASplitKeepsToTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newRegistry()
		s := &system{
			whole:  func([]string) error { return classed(provider.Invalid) },
			refuse: map[string]error{"a": classed(provider.Invalid)},
		}
		o := batching(s, Options{Rate: &Rate{Calls: 1, Period: 40 * time.Second}})
		l := r.Set(crm, "1", o)
		errs := write(t, l, "a", "b")
		if provider.AsError(errs["a"]).Class != provider.Invalid {
			t.Errorf("a got %v", errs["a"])
		}
		var wait *provider.Wait
		if !errors.As(errs["b"], &wait) || !wait.Busy {
			t.Errorf("b got %v, want to come again", errs["b"])
		}
		if !slices.Equal(s.calls, []string{"a+b", "a"}) {
			t.Errorf("calls %v", s.calls)
		}
	})
}
