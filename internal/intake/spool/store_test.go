package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
)

// open opens a spool that is closed with the test.
func open(tb testing.TB, o Options) *Store {
	tb.Helper()
	if o.Limit == 0 {
		o.Limit = 64 << 20
	}
	if o.Log.IsZero() {
		o.Log = logr.Discard()
	}
	s, err := Open(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// testRing makes a keyring of one key a letter.
func testRing(tb testing.TB, letters ...byte) *Keyring {
	tb.Helper()
	var file []byte
	for _, letter := range letters {
		file = append(append(file, bytes.Repeat([]byte{letter}, minKey)...), '\n')
	}
	ring, err := ParseKeys(file)
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}

var noon = time.Date(2026, 11, 25, 12, 0, 0, 123456000, time.UTC)

// put writes an entry and wants it written.
func put(t *testing.T, s *Store, key Key, object string) {
	t.Helper()
	if err := <-s.Put(key, []byte(object)); err != nil {
		t.Fatal(err)
	}
}

// waiting reads everything that waits, as name=object.
func waiting(t *testing.T, s *Store) []string {
	t.Helper()
	var found []string
	for after := Key(""); ; {
		batch, err := s.Next(t.Context(), after, 3, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Entries {
			found = append(found, e.Key.Name()+"="+string(e.Object))
		}
		if after = batch.Last; after == "" {
			return found
		}
	}
}

func TestKeysOrderByTimeThenName(t *testing.T) {
	a, b, c := NewKey(noon, "ns", "b"), NewKey(noon.Add(time.Microsecond), "ns", "a"), NewKey(noon, "ns", "c")
	if a >= c || c >= b {
		t.Error("keys are not in the order of receipt, then of names")
	}
	if !a.ReceivedAt().Equal(noon) || a.Namespace() != "ns" || a.Name() != "b" || !a.valid() {
		t.Errorf("read back: %s %s %s", a.ReceivedAt(), a.Namespace(), a.Name())
	}
	if early := NewKey(time.Time{}, "ns", "x"); !early.valid() || early > a {
		t.Error("a time before 1970 must not come last")
	}
}

func TestOldestFirstAndKept(t *testing.T) {
	for name, ring := range map[string]*Keyring{"plain": nil, "sealed": testRing(t, 'a')} {
		t.Run(name, func(t *testing.T) {
			o := Options{Dir: t.TempDir(), Keys: func() *Keyring { return ring }}
			s := open(t, o)
			var want []string
			for i := range 10 {
				want = append(want, fmt.Sprintf("n%d=object %d", i, i))
			}
			for _, i := range []int{3, 9, 0, 1, 2, 5, 4, 8, 7, 6} { // not in order
				put(t, s, NewKey(noon.Add(time.Duration(i)*time.Second), "ns", fmt.Sprint("n", i)), fmt.Sprint("object ", i))
			}
			put(t, s, NewKey(noon, "ns", "n0"), "object 0") // again: still one
			if diff := cmp.Diff(want, waiting(t, s)); diff != "" {
				t.Error(diff)
			}
			s.Close()
			if err := <-s.Put("x", nil); !errors.Is(err, ErrClosed) {
				t.Errorf("put into a closed spool: %v", err)
			}

			s = open(t, o)
			if diff := cmp.Diff(want, waiting(t, s)); diff != "" {
				t.Error("after a restart:", diff)
			}
			if f := s.Figures(); f.Pending != 10 || !f.OldestReceivedAt.Equal(noon) {
				t.Errorf("figures after a restart: %+v", f)
			}
			if err := <-s.Remove(NewKey(noon, "ns", "n0")); err != nil {
				t.Fatal(err)
			}
			if err := <-s.Remove(NewKey(noon, "ns", "n0")); err != nil {
				t.Error("removing what is not there is no error:", err)
			}
			if f := s.Figures(); f.Pending != 9 || !f.OldestReceivedAt.Equal(noon.Add(time.Second)) {
				t.Errorf("figures after a removal: %+v", f)
			}
			content, err := os.ReadFile(filepath.Join(o.Dir, fileName))
			if err != nil {
				t.Fatal(err)
			}
			if readable := bytes.Contains(content, []byte("object 5")); readable == (ring != nil) {
				t.Errorf("readable on the disk: %v", readable)
			}
			info, err := os.Stat(filepath.Join(o.Dir, fileName))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the file's mode: %v %v", info.Mode(), err)
			}
		})
	}
}

func TestNextSkips(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir()})
	for i := range 5 {
		put(t, s, NewKey(noon.Add(time.Duration(i)), fmt.Sprint("ns", i%2), fmt.Sprint(i)), "x")
	}
	batch, err := s.Next(t.Context(), "", 10, func(k Key) bool { return k.Namespace() == "ns0" })
	if err != nil || len(batch.Entries) != 2 || batch.Last != "" {
		t.Errorf("%+v %v", batch, err)
	}
}

// Many callers share few commits, and each gets its own answer.
func TestGroupCommit(t *testing.T) {
	first, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := open(t, Options{Dir: t.TempDir(), beforeCommit: func() error {
		once.Do(func() { close(first); <-release })
		return nil
	}})
	before := s.Figures().Commits
	answers := []<-chan error{s.Put(NewKey(noon, "ns", "first"), nil)}
	<-first
	for i := range 500 {
		answers = append(answers, s.Put(NewKey(noon, "ns", fmt.Sprint(i)), []byte("x")))
	}
	close(release)
	for _, answer := range answers {
		if err := <-answer; err != nil {
			t.Fatal(err)
		}
	}
	if f := s.Figures(); f.Commits-before != 2 || f.Pending != 501 {
		t.Errorf("%d commits for %d entries, want 2 for 501", f.Commits-before, f.Pending)
	}
}

// A queue that is full refuses at once.
func TestTooManyWaiting(t *testing.T) {
	first, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := open(t, Options{Dir: t.TempDir(), beforeCommit: func() error {
		once.Do(func() { close(first); <-release })
		return nil
	}})
	answers := []<-chan error{s.Put(NewKey(noon, "ns", "first"), nil)}
	<-first
	for i := range MaxWaiting {
		answers = append(answers, s.Put(NewKey(noon, "ns", fmt.Sprint(i)), nil))
	}
	if err := <-s.Put(NewKey(noon, "ns", "more"), nil); !errors.Is(err, ErrBusy) {
		t.Errorf("error %v, want ErrBusy", err)
	}
	close(release)
	for _, answer := range answers {
		if err := <-answer; err != nil {
			t.Fatal(err)
		}
	}
}

func TestFull(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir(), Limit: MinLimit})
	object := bytes.Repeat([]byte("x"), 3000)
	var keys []Key
	for i := 0; ; i++ {
		key := NewKey(noon.Add(time.Duration(i)*time.Microsecond), "ns", "n")
		err := <-s.Put(key, object)
		if errors.Is(err, ErrFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
		if i > MinLimit/3000 {
			t.Fatal("it took more than its limit")
		}
	}
	if len(keys) < MinLimit/3000/2 {
		t.Errorf("full after %d entries: too early", len(keys))
	}
	f := s.Figures()
	if f.Problem == "" && f.UsedBytes < s.room()-8<<10 {
		t.Errorf("figures of a full spool: %+v", f)
	}
	info, err := os.Stat(s.path)
	if err != nil || info.Size() > MinLimit {
		t.Errorf("the file has %d bytes (%v), more than its limit", info.Size(), err)
	}
	// Everything can be taken out of a full spool, all at once, too; then there is room again.
	answers := make([]<-chan error, len(keys))
	for i, key := range keys {
		answers[i] = s.Remove(key)
	}
	for _, answer := range answers {
		if err := <-answer; err != nil {
			t.Fatal(err)
		}
	}
	put(t, s, keys[0], string(object))
	if f := s.Figures(); f.Pending != 1 || f.UsedBytes > 100<<10 {
		t.Errorf("figures after emptying it: %+v", f)
	}
}

func TestDeadLetters(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	s := open(t, o)
	for i := range 4 {
		put(t, s, NewKey(noon.Add(time.Duration(i)*time.Second), fmt.Sprint("ns", i%2), fmt.Sprint("n", i)), fmt.Sprintf(`{"n":%d}`, i))
	}
	for i := range 3 {
		if err := <-s.Bury(NewKey(noon.Add(time.Duration(i)*time.Second), fmt.Sprint("ns", i%2), fmt.Sprint("n", i)), ReasonInvalid); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-s.Bury(NewKey(noon, "ns", "x"), "ada@example.com"); err == nil {
		t.Error("a reason that is none was taken")
	}
	s.Close()
	s = open(t, o)
	if f := s.Figures(); f.Pending != 1 || f.Dead[ReasonInvalid] != 3 {
		t.Fatalf("figures: %+v", f)
	}
	page, err := s.List(t.Context(), Query{Objects: true, Names: []string{"n1"}})
	if err != nil || len(page.Items) != 1 || string(page.Items[0].Object) != `{"n":1}` || page.Items[0].Reason != ReasonInvalid || page.Items[0].DiedAt.IsZero() {
		t.Errorf("listed: %+v %v", page, err)
	}
	if page, _ = s.List(t.Context(), Query{}); len(page.Items) != 3 || page.Items[0].Object != nil {
		t.Errorf("a list without objects: %+v", page)
	}
	if n, err := s.Retry(t.Context(), Query{Namespace: "ns0"}); n != 2 || err != nil {
		t.Errorf("retried %d: %v", n, err)
	}
	if n, err := s.Purge(t.Context(), Query{Names: []string{"n1", "n3"}}); n != 1 || err != nil {
		t.Errorf("purged %d: %v", n, err)
	}
	if f := s.Figures(); f.Pending != 3 || len(f.Dead) != 0 {
		t.Errorf("figures: %+v", f)
	}
	if diff := cmp.Diff([]string{`n0={"n":0}`, `n2={"n":2}`, `n3={"n":3}`}, waiting(t, s)); diff != "" {
		t.Error(diff)
	}
	if n, err := s.Purge(t.Context(), Query{Pending: true}); n != 3 || err != nil {
		t.Errorf("purged %d: %v", n, err)
	}
}

// A record that can't be read becomes a dead letter with its reason, and the others are handed over.
func TestUnreadableRecords(t *testing.T) {
	ring := atomic.Pointer[Keyring]{}
	ring.Store(testRing(t, 'a'))
	o := Options{Dir: t.TempDir(), Keys: ring.Load}
	s := open(t, o)
	put(t, s, NewKey(noon, "ns", "old-key"), "1")
	ring.Store(testRing(t, 'b', 'c'))
	put(t, s, NewKey(noon, "ns", "good"), "2")
	raw := func(name string, value []byte) {
		if err := <-s.send(&op{kind: opPut, key: NewKey(noon, "ns", name), value: value, done: make(chan error, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	other, err := encode(ring.Load(), NewKey(noon, "ns", "another"), []byte("swapped"))
	if err != nil {
		t.Fatal(err)
	}
	raw("swapped", other)
	raw("flipped", []byte{version1, formPlain, 0, 0, 0, 0, 'x'})
	raw("future", []byte{version1 + 1, 0, 0})
	raw("empty", nil)
	if diff := cmp.Diff([]string{"good=2"}, waiting(t, s)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{ReasonNoKey: 1, ReasonCorrupt: 3, ReasonVersion: 1}, s.Figures().Dead); diff != "" {
		t.Error(diff)
	}
	ring.Store(testRing(t, 'b', 'a'))
	if n, err := s.Retry(t.Context(), Query{Reason: ReasonNoKey}); n != 1 || err != nil {
		t.Errorf("retried %d: %v", n, err)
	}
	if diff := cmp.Diff([]string{"good=2", "old-key=1"}, waiting(t, s)); diff != "" {
		t.Error("with its key back, and another first:", diff)
	}
}

func TestParseKeys(t *testing.T) {
	good := strings.Repeat("k", minKey)
	cases := map[string]struct {
		file, wantErr string
		want          int
	}{
		"two, with comments": {file: "# keys\n\n" + good + "\n  " + good + "2\n", want: 2},
		"none":               {file: "# nothing\n", wantErr: "holds no key"},
		"short":              {file: good + "\nshort-secret\n", wantErr: "line 2 has 12 characters"},
		"many":               {file: strings.Repeat(good+"\n", maxKeys+1), wantErr: "more than 8"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			ring, err := ParseKeys([]byte(tc.file))
			if ring.Len() != tc.want || (err == nil) != (tc.wantErr == "") || (err != nil && (!strings.Contains(err.Error(), tc.wantErr) || strings.Contains(err.Error(), "secret"))) {
				t.Errorf("%d keys, error %v", ring.Len(), err)
			}
		})
	}
}

// The same is done through the socket of a running intake, which alone may use it.
func TestSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "spool") // short: a socket's path has a limit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNoServer) {
		t.Errorf("error %v, want ErrNoServer", err)
	}
	s := open(t, Options{Dir: dir})
	key := NewKey(noon, "ns", "n")
	put(t, s, key, `{"n":1}`)
	if err := <-s.Bury(key, ReasonTooLarge); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, socketName), nil, 0o600); err != nil { // left behind by a process that was killed
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, dir, s, logr.Discard()) }()
	var admin Admin
	for err = ErrNoServer; errors.Is(err, ErrNoServer); {
		admin, err = Dial(t.Context(), dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	if f, err := admin.Stats(t.Context()); err != nil || f.Dead[ReasonTooLarge] != 1 {
		t.Errorf("%+v %v", f, err)
	}
	if page, err := admin.List(t.Context(), Query{Objects: true}); err != nil || len(page.Items) != 1 || string(page.Items[0].Object) != `{"n":1}` {
		t.Errorf("%+v %v", page, err)
	}
	if _, err := admin.List(t.Context(), Query{After: "nonsense"}); err == nil || !strings.Contains(err.Error(), "the running intake says") {
		t.Errorf("error %v", err)
	}
	if n, err := admin.Retry(t.Context(), Query{}); n != 1 || err != nil {
		t.Errorf("retried %d: %v", n, err)
	}
	if n, err := admin.Purge(t.Context(), Query{Pending: true}); n != 1 || err != nil {
		t.Errorf("purged %d: %v", n, err)
	}
	if info, err := os.Stat(filepath.Join(dir, socketName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket's mode: %v %v", info, err)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
