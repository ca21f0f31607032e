package spool

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

var golden = flag.Bool("write-golden", false, "Write the golden file of the present format, once, when there is a new one.")

// The file that version 1 wrote opens in every later version. It was made by this test with -write-golden.
func TestOpensVersion1(t *testing.T) {
	kept := filepath.Join("testdata", "version1.db")
	ring := testRing(t, 'g')
	if *golden {
		dir := t.TempDir()
		s := open(t, Options{Dir: dir, Limit: MinLimit})
		put(t, s, NewKey(noon, "ns", "plain"), "one")
		put(t, s, NewKey(noon.Add(time.Second), "ns", "refused"), "two")
		if err := <-s.Bury(NewKey(noon.Add(time.Second), "ns", "refused"), ReasonInvalid); err != nil {
			t.Fatal(err)
		}
		s.Close()
		s = open(t, Options{Dir: dir, Limit: MinLimit, Keys: func() *Keyring { return ring }})
		put(t, s, NewKey(noon.Add(2*time.Second), "ns", "sealed"), "three")
		s.Close()
		copyFile(t, filepath.Join(dir, fileName), kept)
	}
	dir := t.TempDir()
	copyFile(t, kept, filepath.Join(dir, fileName))
	s := open(t, Options{Dir: dir, Limit: MinLimit, Keys: func() *Keyring { return ring }})
	if diff := cmp.Diff([]string{"plain=one", "sealed=three"}, waiting(t, s)); diff != "" {
		t.Error(diff)
	}
	page, err := s.List(t.Context(), Query{})
	if err != nil || len(page.Items) != 1 || page.Items[0].Name != "refused" || page.Items[0].Reason != ReasonInvalid {
		t.Errorf("dead letters: %+v %v", page, err)
	}
	put(t, s, NewKey(noon, "ns", "new"), "four")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// filled makes a spool of n entries and returns its folder and file.
func filled(t *testing.T, n int) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	s := open(t, Options{Dir: dir})
	answers := make([]<-chan error, n)
	for i := range n {
		answers[i] = s.Put(NewKey(noon.Add(time.Duration(i)*time.Second), "ns", fmt.Sprint(i)), bytes.Repeat([]byte("x"), 500))
	}
	for _, answer := range answers {
		if err := <-answer; err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	return dir, filepath.Join(dir, fileName)
}

func TestDamagedFileIsSetAside(t *testing.T) {
	const entries = 2000
	cases := map[string]struct {
		reason string
		damage func(t *testing.T, path string)
		// wantAtLeast of the entries are taken over.
		wantAtLeast int
	}{
		"garbage": {reason: "nothing can be read", damage: func(t *testing.T, path string) {
			write(t, path, 0, bytes.Repeat([]byte("garbage "), 4096))
		}},
		"a few bytes": {reason: "it is no file of ours", damage: func(t *testing.T, path string) { truncate(t, path, 100) }},
		"both heads":  {reason: "nothing says where the entries are", damage: func(t *testing.T, path string) { write(t, path, 0, make([]byte, 8192)) }},
		"cut off in the middle": {reason: "reading beyond the end would end the process", damage: func(t *testing.T, path string) {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			truncate(t, path, info.Size()/4)
		}},
		"a torn page in the middle": {reason: "what is before it and behind it can still be read", damage: func(t *testing.T, path string) {
			write(t, path, leafInTheMiddle(t, path), bytes.Repeat([]byte{0xff}, 4096))
		}, wantAtLeast: entries - 30},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir, path := filled(t, entries)
			tc.damage(t, path)
			if _, err := Open(Options{Dir: dir, Limit: 64 << 20, KeepDamaged: true, Log: logr.Discard()}); err == nil {
				t.Fatalf("whoever only looks at it takes it for well: %s", tc.reason)
			}
			var log strings.Builder
			s := open(t, Options{Dir: dir, Log: funcr.New(func(_, args string) { fmt.Fprintln(&log, args) }, funcr.Options{})})
			if err := s.Unwell(); err != nil {
				t.Fatalf("%v: %s", err, tc.reason)
			}
			put(t, s, NewKey(noon, "ns", "new"), "y")
			f := s.Figures()
			if f.SetAside != 1 || f.Pending < int64(tc.wantAtLeast)+1 {
				t.Errorf("set aside %d, %d entries taken over, want at least %d: %s", f.SetAside, f.Pending-1, tc.wantAtLeast, tc.reason)
			}
			aside, _ := filepath.Glob(filepath.Join(dir, fileName+".*.damaged"))
			if len(aside) != 1 || !strings.Contains(log.String(), filepath.Base(aside[0])) {
				t.Errorf("set aside as %v, logged %s", aside, log.String())
			}
			s.Close()
			s = open(t, Options{Dir: dir, KeepDamaged: true})
			if got := s.Figures(); got.Pending != f.Pending {
				t.Errorf("after a restart %d entries, want %d", got.Pending, f.Pending)
			}
		})
	}
}

// leafInTheMiddle finds a page with entries of the middle of the spool.
func leafInTheMiddle(t *testing.T, path string) int64 {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key := []byte(NewKey(noon.Add(1000*time.Second), "ns", "1000"))
	at := bytes.LastIndex(content, append(key, version1, formPlain))
	if at < 0 {
		t.Fatal("the entry is not in the file")
	}
	return int64(at) / 4096 * 4096
}

func write(t *testing.T, path string, at int64, content []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(content, at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	dir, path := filled(t, 1)
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(keyFormat, []byte("2")) }); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	if _, err := Open(Options{Dir: dir, Limit: 64 << 20, Log: logr.Discard()}); !errors.Is(err, ErrNewerFormat) {
		t.Errorf("error %v, want ErrNewerFormat", err)
	}
	if aside, _ := filepath.Glob(filepath.Join(dir, "*.damaged")); len(aside) > 0 {
		t.Error("a file of a newer version was set aside as damaged")
	}
}

// A file that another process has is waited for, and an administrator is told.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	first := open(t, Options{Dir: dir})
	if _, err := Open(Options{Dir: dir, Limit: 64 << 20, KeepDamaged: true, Log: logr.Discard()}); !errors.Is(err, ErrLocked) {
		t.Errorf("error %v, want ErrLocked", err)
	}
	second := open(t, Options{Dir: dir})
	if err := <-second.Put(NewKey(noon, "ns", "x"), nil); !errors.Is(err, ErrLocked) {
		t.Errorf("error %v, want ErrLocked", err)
	}
	first.Close()
	for second.Unwell() != nil {
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // the lock is real, and so is the time after which it is tried again
	}
	put(t, second, NewKey(noon, "ns", "x"), "y")
}

// A commit that fails, fails for everyone in it; entries are refused at once until the disk is well again; nothing that was
// kept before is lost.
func TestDeadDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Pointer[error]
		var file atomic.Pointer[os.File]
		s := open(t, Options{
			Dir: t.TempDir(), beforeCommit: func() error {
				if err := broken.Load(); err != nil {
					return *err
				}
				return nil
			},
			openFile: func(name string, flags int, mode os.FileMode) (*os.File, error) {
				f, err := os.OpenFile(name, flags, mode)
				file.Store(f)
				return f, err
			},
		})
		defer s.Close()
		put(t, s, NewKey(noon, "ns", "before"), "1")
		for name, breakIt := range map[string]func(){
			"the sync fails":         func() { err := fmt.Errorf("sync: %w", syscall.EIO); broken.Store(&err) },
			"the descriptor is gone": func() { _ = file.Load().Close() },
		} {
			breakIt()
			if err := <-s.Put(NewKey(noon, "ns", "lost"), []byte("2")); err == nil {
				t.Fatalf("%s: an entry was accepted", name)
			}
			if s.Writable() == nil || s.Figures().Problem == "" {
				t.Errorf("%s: the spool seems well", name)
			}
			broken.Store(nil)
			if err := <-s.Put(NewKey(noon, "ns", "lost"), []byte("2")); err == nil {
				t.Errorf("%s: an entry was accepted before the disk was tried again", name)
			}
			time.Sleep(2 * firstPause) //nolint:forbidigo // a fake clock
			synctest.Wait()
			if err := s.Writable(); err != nil {
				t.Fatalf("%s: not well again: %v", name, err)
			}
			put(t, s, NewKey(noon, "ns", "before"), "1")
		}
		if diff := cmp.Diff([]string{"before=1"}, waiting(t, s)); diff != "" {
			t.Error(diff)
		}
	})
}

// On a disk that is really full nothing is accepted that is not kept, what is kept can be taken out, and then there is room.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{Dir: filepath.Join(dir, "spool"), Limit: 64 << 20}
	s := open(t, o)
	var keys []Key
	for i := 0; ; i++ {
		key := NewKey(noon.Add(time.Duration(i)*time.Second), "ns", "n")
		if err := <-s.Put(key, bytes.Repeat([]byte("x"), 3000)); err != nil {
			if !diskFull(err) {
				t.Fatal(err)
			}
			break
		}
		keys = append(keys, key)
	}
	t.Logf("%d entries until the disk was full", len(keys))
	if len(keys) == 0 || s.Writable() == nil {
		t.Fatalf("full after %d entries; writable: %v", len(keys), s.Writable())
	}
	s.Close()
	s = open(t, o) // a start with a full disk
	if f := s.Figures(); f.Pending != int64(len(keys)) {
		t.Fatalf("%d entries are kept, want %d", f.Pending, len(keys))
	}
	for _, key := range keys[:len(keys)/2] {
		if err := <-s.Remove(key); err != nil {
			t.Fatalf("what is kept can't be taken out of a full disk: %v", err)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for s.Writable() != nil {
		time.Sleep(20 * time.Millisecond) //nolint:forbidigo // a real disk, tried again in real time
	}
	put(t, s, keys[0], "y")
}

// smallDisk mounts a file system of 4 MiB; where that is not allowed, the test is skipped.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := mountSmall(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount a small file system: %v", err)
		}
		t.Skipf("this user can't mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
