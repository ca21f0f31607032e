package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
)

const (
	// MinLimit is the smallest spool, in bytes.
	MinLimit = 4 << 20
	// MaxWaiting bounds what waits for the next commit.
	MaxWaiting = 4096
)

var (
	// ErrFull says that the spool has no room for another entry.
	ErrFull = errors.New("the spool is full")
	// ErrBusy says that too many entries wait for the next commit.
	ErrBusy = errors.New("too many entries wait for the spool's disk")
	// ErrClosed says that the spool has been closed.
	ErrClosed = errors.New("the spool is closed")
)

// Options of a spool.
type Options struct {
	// Dir is its folder; it is made when it is missing.
	Dir string
	// Limit of the file, in bytes. New entries are refused a little earlier, so that there is room for taking entries out.
	Limit int64
	// Keys returns the keys of now; nil: entries are written as they are.
	Keys func() *Keyring
	// KeepDamaged: a damaged file is an error instead of being set aside.
	KeepDamaged bool
	// MustExist: a spool that is not there is an error instead of being made.
	MustExist bool
	Log       logr.Logger
	// OnCommit, when there is one, hears of every commit.
	OnCommit func(entries int, took time.Duration, err error)

	// openFile stands in for os.OpenFile, beforeCommit for what may go wrong with a commit: tests only.
	openFile     func(string, int, os.FileMode) (*os.File, error)
	beforeCommit func() error
}

// Store is a spool. All its methods may be called at any time, by anyone.
type Store struct {
	options Options
	path    string
	ops     chan *op
	stop    chan struct{}
	stopped chan struct{}
	once    sync.Once
	closing sync.RWMutex // held for reading by whoever asks, so that nobody asks an owner that is gone
	closed  bool
	changed chan struct{}
	broken  chan struct{} // closed when the file can't be used any more by this process

	unwell atomic.Pointer[error]
	used   atomic.Int64
	oldest atomic.Int64 // microseconds; 0: nothing waits
	// pending counts the entries that wait, aside the files that were set aside, commits the transactions.
	pending, aside, commits atomic.Int64

	mu    sync.Mutex
	tally map[string]int // dead letters by reason
}

// Open opens the spool of a folder. A disk that can't be used is no error: the store tries again now and then, and refuses
// entries meanwhile. A spool of a newer version is an error, and so is, with KeepDamaged, one that is damaged or in use. It is never made with MustExist.
func Open(o Options) (*Store, error) {
	if o.Limit < MinLimit {
		return nil, fmt.Errorf("a spool has at least %d bytes, not %d", MinLimit, o.Limit)
	}
	if o.Keys == nil {
		o.Keys = func() *Keyring { return nil }
	}
	s := &Store{
		options: o,
		path:    filepath.Join(o.Dir, fileName),
		ops:     make(chan *op, MaxWaiting),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
		changed: make(chan struct{}, 1),
		broken:  make(chan struct{}),
		tally:   map[string]int{},
	}
	w := &owner{store: s}
	if err := w.open(); err != nil {
		if errors.Is(err, ErrNewerFormat) || o.KeepDamaged {
			return nil, err
		}
		w.fail(err)
	}
	go w.run() // until Close, which waits for it
	return s, nil
}

// Close commits what waits, and closes the file.
func (s *Store) Close() {
	s.once.Do(func() {
		s.closing.Lock()
		s.closed = true
		s.closing.Unlock()
		close(s.stop)
	})
	<-s.stopped
}

// Put writes an entry. The channel gets one answer: nil once the entry is synced to the disk. Writing the same key again
// replaces the entry.
func (s *Store) Put(key Key, object []byte) <-chan error {
	done := make(chan error, 1)
	if err := s.Unwell(); err != nil {
		done <- err
		return done
	}
	value, err := encode(s.options.Keys(), key, object)
	if err != nil {
		done <- err
		return done
	}
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		done <- ErrClosed
		return done
	}
	select {
	case s.ops <- &op{kind: opPut, key: key, value: value, done: done}:
	default:
		done <- ErrBusy
	}
	return done
}

// Remove takes an entry out. One that is not there is no error.
func (s *Store) Remove(key Key) <-chan error {
	return s.send(&op{kind: opRemove, key: key, done: make(chan error, 1)})
}

// Bury makes an entry a dead letter.
func (s *Store) Bury(key Key, reason string) <-chan error {
	o := &op{kind: opBury, key: key, reason: reason, done: make(chan error, 1)}
	if err := checkReason(reason); err != nil {
		o.done <- err
		return o.done
	}
	return s.send(o)
}

// send waits for a place among what waits for the owner.
func (s *Store) send(o *op) <-chan error {
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		o.done <- ErrClosed
		return o.done
	}
	s.ops <- o
	return o.done
}

// Entry is what waits in the spool.
type Entry struct {
	Key    Key
	Object []byte
}

// Batch is what Next found.
type Batch struct {
	Entries []Entry
	// Last is where to go on; "" when the end was reached.
	Last Key
}

// scanned bounds how many keys one look passes over, so that commits don't wait for it.
const scanned = 4096

// Next returns up to limit entries that come after a key, oldest first, without those that skip names. Entries that can't
// be read become dead letters.
func (s *Store) Next(ctx context.Context, after Key, limit int, skip func(Key) bool) (Batch, error) {
	var batch Batch
	var raw []rawEntry
	err := s.read(ctx, func(r reader) error {
		raw, batch.Last = r.scan(bucketPending, after, limit, skip)
		return nil
	})
	if err != nil {
		return Batch{}, err
	}
	ring := s.options.Keys()
	for _, e := range raw {
		object, err := decode(ring, e.key, e.value)
		if err != nil {
			reason := reasonOf(err)
			s.options.Log.Error(nil, "a record of the spool can't be read; it is now a dead letter: see contact-intake spool list",
				"reason", reason, "receivedAt", e.key.ReceivedAt().Format(time.RFC3339))
			if err := wait(ctx, s.Bury(e.key, reason)); err != nil {
				return batch, err
			}
			continue
		}
		batch.Entries = append(batch.Entries, Entry{Key: e.key, Object: object})
	}
	return batch, nil
}

// Changed gets something when an entry has been added.
func (s *Store) Changed() <-chan struct{} { return s.changed }

// Broken is closed when the file turned out to be damaged while in use. The process should end: at the next start the file
// is checked and, if need be, set aside.
func (s *Store) Broken() <-chan struct{} { return s.broken }

// Unwell says why the spool takes no entries now, or nil.
func (s *Store) Unwell() error {
	if err := s.unwell.Load(); err != nil {
		return *err
	}
	return nil
}

// Writable says why the spool would refuse an entry now, or nil.
func (s *Store) Writable() error {
	if err := s.Unwell(); err != nil {
		return err
	}
	if s.used.Load() >= s.room() {
		return ErrFull
	}
	return nil
}

// room is what new entries may fill, in bytes.
func (s *Store) room() int64 { return s.options.Limit - s.options.Limit/8 }

// Figures of a spool.
type Figures struct {
	Pending int64 `json:"pending"`
	// OldestReceivedAt is of those that wait; zero when none does.
	OldestReceivedAt time.Time      `json:"oldestReceivedAt,omitzero"`
	Dead             map[string]int `json:"deadLetters,omitempty"`
	UsedBytes        int64          `json:"usedBytes"`
	LimitBytes       int64          `json:"limitBytes"`
	// Waiting for the next commit.
	Waiting  int   `json:"waiting"`
	Commits  int64 `json:"commits"`
	SetAside int64 `json:"setAside"`
	// Problem says why no entries are taken now.
	Problem string `json:"problem,omitempty"`
}

// Figures returns those of now. It never waits for the disk.
func (s *Store) Figures() Figures {
	f := Figures{
		Pending: s.pending.Load(), UsedBytes: s.used.Load(), LimitBytes: s.options.Limit,
		Waiting: len(s.ops), Commits: s.commits.Load(), SetAside: s.aside.Load(), Dead: map[string]int{},
	}
	if micros := s.oldest.Load(); micros > 0 {
		f.OldestReceivedAt = time.UnixMicro(micros).UTC()
	}
	if err := s.Writable(); err != nil {
		f.Problem = err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for reason, n := range s.tally {
		if n > 0 {
			f.Dead[reason] = n
		}
	}
	return f
}

// wait for an answer.
func wait(ctx context.Context, answer <-chan error) error {
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
