package spool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

type opKind int

const (
	opPut opKind = iota
	opRemove
	opBury
	opRevive
	opPurge
	opRead
)

// op is one thing to do for the owner of the file.
type op struct {
	kind   opKind
	key    Key
	value  []byte
	reason string
	read   func(reader) error
	done   chan error
	err    error
}

const (
	// One transaction takes at most this much, so that nobody waits long.
	maxBatch      = 1024
	maxBatchBytes = 4 << 20
	// The pause after a commit that failed, doubled each time.
	firstPause   = time.Second
	longestPause = 30 * time.Second
	// probeBytes is what must find room before a disk that was full is trusted again.
	probeBytes = 256 << 10
	// pageOverhead is what an entry takes beside its own bytes, roughly: element headers and pages that are not full.
	pageOverhead = 64
)

// owner is the one goroutine that touches the file.
type owner struct {
	store *Store
	db    *bbolt.DB
	// pause is how long it is left alone after a failure, retryAt when that ends.
	pause   time.Duration
	retryAt time.Time
	batch   []*op
	// pending and dead are the counts as of the last commit.
	pending int64
	dead    map[string]int
}

// open opens the file, sets a damaged one aside, and counts what is in it.
func (w *owner) open() error {
	o := &w.store.options
	if o.MustExist {
		if _, err := os.Stat(w.store.path); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return err
	}
	db, err := openFile(w.store.path, o.Limit, o.openFile)
	var broken *damaged
	if errors.As(err, &broken) && !o.KeepDamaged {
		if db, err = w.replace(broken); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	w.db = db
	return w.count()
}

// replace sets a damaged file aside, and begins a new one with what could be read of it.
func (w *owner) replace(cause error) (*bbolt.DB, error) {
	o := &w.store.options
	aside, err := setAside(w.store.path, time.Now())
	if err != nil {
		return nil, fmt.Errorf("set a damaged spool aside: %w", err)
	}
	w.store.aside.Add(1)
	db, err := openFile(w.store.path, o.Limit, o.openFile)
	if err != nil {
		return nil, err
	}
	kept, failed := w.refill(db, aside)
	o.Log.Error(cause, "the spool's file was damaged: it was set aside, a new one has begun, and what could be read was taken over. "+
		"Keep the old file until you know that nothing is missing; it holds personal data", "file", aside, "takenOver", kept, "notTakenOver", failed)
	return db, nil
}

// refill copies what can be read of a file that was set aside.
func (w *owner) refill(db *bbolt.DB, aside string) (kept, failed int) {
	type item struct {
		bucket, value []byte
		key           Key
	}
	var items []item
	size := 0
	flush := func() {
		err := db.Update(func(tx *bbolt.Tx) error {
			for _, i := range items {
				if err := tx.Bucket(i.bucket).Put([]byte(i.key), i.value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			failed += len(items)
		} else {
			kept += len(items)
		}
		items, size = items[:0], 0
	}
	salvage(aside, func(bucket []byte, key Key, value []byte) {
		items = append(items, item{bucket, value, key})
		if size += len(value); len(items) >= maxBatch || size >= maxBatchBytes {
			flush()
		}
	})
	if len(items) > 0 {
		flush()
	}
	return kept, failed
}

// count reads how much there is.
func (w *owner) count() error {
	w.pending, w.dead = 0, map[string]int{}
	err := guarded(func() error {
		return w.db.View(func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucketPending).Cursor()
			for k, _ := c.First(); k != nil; k, _ = c.Next() {
				w.pending++
			}
			c = tx.Bucket(bucketDead).Cursor()
			for k, v := c.First(); k != nil; k, v = c.Next() {
				w.dead[decodeDead(v).reason]++
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	w.publish(w.first())
	if w.pending > 0 {
		w.tell()
	}
	return nil
}

// first returns the key of the oldest entry.
func (w *owner) first() Key {
	var first Key
	_ = w.db.View(func(tx *bbolt.Tx) error {
		k, _ := tx.Bucket(bucketPending).Cursor().First()
		first = Key(k)
		return nil
	})
	return first
}

// publish makes the figures known.
func (w *owner) publish(first Key) {
	s := w.store
	s.pending.Store(w.pending)
	oldest := int64(0)
	if first != "" {
		oldest = max(first.ReceivedAt().UnixMicro(), 1)
	}
	s.oldest.Store(oldest)
	s.used.Store(w.usedBytes())
	s.mu.Lock()
	s.tally = maps.Clone(w.dead)
	s.mu.Unlock()
}

// usedBytes is the file without its free pages.
func (w *owner) usedBytes() int64 {
	var size int64
	_ = w.db.View(func(tx *bbolt.Tx) error { size = tx.Size(); return nil })
	stats := w.db.Stats()
	return size - int64(stats.FreePageN+stats.PendingPageN)*int64(w.db.Info().PageSize)
}

func (w *owner) tell() {
	select {
	case w.store.changed <- struct{}{}:
	default:
	}
}

// run does what is asked until the store is closed, then what has been asked before that.
func (w *owner) run() {
	defer close(w.store.stopped)
	defer func() {
		if w.db != nil {
			_ = w.db.Close()
		}
	}()
	for {
		var retry <-chan time.Time
		if w.store.Unwell() != nil {
			retry = time.After(time.Until(w.retryAt))
		}
		select {
		case o := <-w.store.ops:
			w.serve(o)
		case <-retry:
			w.recover()
		case <-w.store.stop:
			for {
				select {
				case o := <-w.store.ops:
					w.serve(o)
				default:
					return
				}
			}
		}
		if w.isBroken() {
			w.refuse()
			return
		}
	}
}

// refuse answers whoever still asks, until the store is closed.
func (w *owner) refuse() {
	w.db = nil // its locks may be held; the process ends soon
	for {
		select {
		case o := <-w.store.ops:
			o.done <- w.store.Unwell()
		case <-w.store.stop:
			return
		}
	}
}

func (w *owner) isBroken() bool {
	select {
	case <-w.store.broken:
		return true
	default:
		return false
	}
}

// serve takes a batch: what has come first and everything that has gathered behind it.
func (w *owner) serve(first *op) {
	w.batch = append(w.batch[:0], first)
	size := len(first.value)
	for len(w.batch) < maxBatch && size < maxBatchBytes {
		select {
		case o := <-w.store.ops:
			w.batch = append(w.batch, o)
			size += len(o.value)
			continue
		default:
		}
		break
	}
	writes := w.batch[:0:0]
	for _, o := range w.batch {
		o.err = nil
		if o.kind != opRead {
			writes = append(writes, o)
		}
	}
	if len(writes) > 0 {
		w.commit(writes)
	}
	for _, o := range w.batch {
		if o.kind == opRead {
			o.err = w.look(o.read)
		}
		o.done <- o.err
	}
	clear(w.batch)
}

// commit writes a batch in one transaction. When there is no room, what adds is refused, and what takes out is done in
// smaller and smaller parts, because that needs room for a moment, too.
func (w *owner) commit(writes []*op) {
	unwell := w.store.Unwell()
	if unwell != nil && !diskFull(unwell) {
		settle(writes, unwell)
		return
	}
	adds, takes := sortOut(writes)
	if unwell != nil {
		settle(adds, unwell)
		if writes, adds = takes, nil; len(takes) == 0 {
			return
		}
	}
	err := w.update(writes)
	if err == nil {
		return
	}
	full := diskFull(err)
	if full || !errors.Is(err, berrors.ErrMaxSizeReached) {
		w.fail(err)
	}
	switch {
	case !full && !errors.Is(err, berrors.ErrMaxSizeReached):
		settle(writes, err)
	case len(adds) > 0:
		if !full {
			err = ErrFull
		}
		settle(adds, err)
		if len(takes) > 0 {
			w.commit(takes)
		}
	case len(takes) > 1:
		w.commit(takes[:len(takes)/2])
		w.commit(takes[len(takes)/2:])
	default:
		settle(takes, err)
	}
}

// sortOut tells what adds to the file from what takes out of it.
func sortOut(writes []*op) (adds, takes []*op) {
	for _, o := range writes {
		if o.kind == opPut {
			adds = append(adds, o)
		} else {
			takes = append(takes, o)
		}
	}
	return adds, takes
}

// settle gives all of them one answer.
func settle(ops []*op, err error) {
	for _, o := range ops {
		o.err = err
	}
}

// diskFull: there is no room on the disk, which is otherwise well.
func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// update runs one transaction.
func (w *owner) update(writes []*op) error {
	start := time.Now()
	pending, dead := w.pending, maps.Clone(w.dead)
	added, entries := false, 0
	var first Key
	err := guarded(func() error {
		return w.db.Update(func(tx *bbolt.Tx) error {
			t := &change{pending: tx.Bucket(bucketPending), dead: tx.Bucket(bucketDead), live: pending, tally: dead, room: w.store.room() - w.store.used.Load()}
			t.pending.FillPercent = 0.9 // keys mostly grow
			for _, o := range writes {
				if err := t.apply(o); err != nil {
					return err
				}
				if o.err == nil && (o.kind == opPut || o.kind == opRevive) {
					added = true
					entries++
				}
			}
			if hook := w.store.options.beforeCommit; hook != nil {
				if err := hook(); err != nil {
					return err
				}
			}
			pending = t.live
			k, _ := t.pending.Cursor().First()
			first = Key(k)
			return nil
		})
	})
	if observe := w.store.options.OnCommit; observe != nil {
		observe(entries, time.Since(start), err)
	}
	if err != nil {
		return err
	}
	w.store.commits.Add(1)
	w.pending, w.dead = pending, dead
	w.publish(first)
	if added {
		w.tell()
	}
	return nil
}

// look runs a reader.
func (w *owner) look(read func(reader) error) error {
	if w.db == nil || w.isBroken() {
		return w.store.Unwell()
	}
	err := guarded(func() error {
		return w.db.View(func(tx *bbolt.Tx) error { return read(reader{tx}) })
	})
	var broken *damaged
	if errors.As(err, &broken) {
		w.fail(err)
	}
	return err
}

// fail notes why no entries are taken, and for how long.
func (w *owner) fail(err error) {
	before := w.store.Unwell()
	w.pause = min(max(2*w.pause, firstPause), longestPause)
	w.retryAt = time.Now().Add(w.pause)
	w.store.unwell.Store(&err)
	var broken *damaged
	if errors.As(err, &broken) && w.db != nil && !w.isBroken() {
		close(w.store.broken)
	}
	if before == nil || before.Error() != err.Error() {
		w.store.options.Log.Error(err, "the spool takes no entries: what the API server can't take now is refused with 503. Look at the disk of --spool-dir; "+
			"it is tried again by itself", "dir", w.store.options.Dir)
	}
}

// recover tries whether the disk is well again.
func (w *owner) recover() {
	err := w.probe()
	if err == nil {
		w.pause = 0
		w.store.unwell.Store(nil)
		w.store.options.Log.Info("the spool takes entries again")
		w.tell()
		return
	}
	w.fail(err)
}

// probe writes something large enough to need room of its own. Unless the disk was merely full, the file is opened anew,
// which also finds one that came back.
func (w *owner) probe() error {
	if w.db != nil && !diskFull(w.store.Unwell()) {
		_ = w.db.Close()
		w.db = nil
	}
	if w.db == nil {
		if err := w.open(); err != nil {
			return err
		}
	}
	for _, size := range []int{probeBytes, 1} {
		err := guarded(func() error {
			return w.db.Update(func(tx *bbolt.Tx) error {
				if hook := w.store.options.beforeCommit; hook != nil {
					if err := hook(); err != nil {
						return err
					}
				}
				return tx.Bucket(bucketMeta).Put(keyProbe, make([]byte, size))
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// change is a transaction under way.
type change struct {
	pending, dead *bbolt.Bucket
	live          int64
	tally         map[string]int
	room          int64
}

// apply does one thing. Only what spoils the whole transaction is an error; the op's own goes into it.
func (t *change) apply(o *op) error {
	key := []byte(o.key)
	switch o.kind {
	case opPut:
		need := int64(len(key) + len(o.value) + pageOverhead)
		if need > t.room {
			o.err = ErrFull
			return nil
		}
		t.room -= need
		if t.pending.Get(key) == nil {
			t.live++
		}
		return t.pending.Put(key, o.value)
	case opRemove:
		if t.pending.Get(key) == nil {
			return nil
		}
		t.live--
		return t.pending.Delete(key)
	case opBury:
		value := t.pending.Get(key)
		if value == nil {
			return nil
		}
		if before := t.dead.Get(key); before != nil {
			t.tally[decodeDead(before).reason]--
		}
		t.live--
		t.tally[o.reason]++
		if err := t.dead.Put(key, dead{reason: o.reason, at: time.Now(), value: value}.encode()); err != nil {
			return err
		}
		return t.pending.Delete(key)
	case opRevive:
		letter := t.dead.Get(key)
		if letter == nil {
			o.err = errNotThere
			return nil
		}
		d := decodeDead(letter)
		t.tally[d.reason]--
		if t.pending.Get(key) == nil {
			t.live++
		}
		if err := t.pending.Put(key, append([]byte(nil), d.value...)); err != nil {
			return err
		}
		return t.dead.Delete(key)
	case opPurge:
		letter := t.dead.Get(key)
		if letter == nil {
			o.err = errNotThere
			return nil
		}
		t.tally[decodeDead(letter).reason]--
		return t.dead.Delete(key)
	}
	return fmt.Errorf("nothing is known of operation %d", o.kind)
}

var errNotThere = errors.New("there is no such dead letter")

// reader looks at the file within one transaction.
type reader struct{ tx *bbolt.Tx }

type rawEntry struct {
	key   Key
	value []byte
}

// scan copies up to limit entries after a key. It returns the last key it has passed, "" at the end.
func (r reader) scan(bucket []byte, after Key, limit int, skip func(Key) bool) ([]rawEntry, Key) {
	c := r.tx.Bucket(bucket).Cursor()
	var found []rawEntry
	k, v := c.Seek([]byte(after))
	if after != "" && string(k) == string(after) {
		k, v = c.Next()
	}
	var last Key
	for passed := 0; k != nil; k, v = c.Next() {
		if len(found) == limit || passed == scanned {
			return found, last
		}
		passed++
		last = Key(k)
		if skip == nil || !skip(last) {
			found = append(found, rawEntry{last, append([]byte(nil), v...)})
		}
	}
	return found, ""
}

// read asks the owner to run a reader.
func (s *Store) read(ctx context.Context, f func(reader) error) error {
	return wait(ctx, s.send(&op{kind: opRead, read: f, done: make(chan error, 1)}))
}
