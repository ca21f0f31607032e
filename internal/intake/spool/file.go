package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

const (
	// fileName is the spool's file in its folder.
	fileName = "spool.db"
	// format of the file. A newer program opens older ones.
	format = 1
	// lockPatience is how long another process may take to let go of the file.
	lockPatience = 200 * time.Millisecond
)

var (
	bucketMeta    = []byte("meta")
	bucketPending = []byte("pending")
	bucketDead    = []byte("dead")
	keyFormat     = []byte("format")
	keyProbe      = []byte("probe")
)

// ErrNewerFormat says that the file was made by a newer version of this program.
var ErrNewerFormat = errors.New("the spool was made by a newer version of this program; run that version, or name another folder with --spool-dir")

// ErrLocked says that another process has the file.
var ErrLocked = errors.New("another process has the spool open")

// damaged says that the file itself can't be used.
type damaged struct{ cause error }

func (d *damaged) Error() string { return "the spool's file is damaged: " + d.cause.Error() }
func (d *damaged) Unwrap() error { return d.cause }

// openFile opens the spool's file, and makes it when it is missing. A damaged one is a *damaged error.
//
// bbolt walks the whole file when it opens one for writing, in a goroutine where a damaged page would end the process. So the
// file is first opened for reading and walked here, where a panic is an error.
func openFile(path string, limit int64, open func(string, int, os.FileMode) (*os.File, error)) (*bbolt.DB, error) {
	info, err := os.Stat(path)
	existed := err == nil && info.Size() > 0
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if existed {
		if err := checkFile(path); err != nil {
			return nil, err
		}
	}
	allocate := allocSize(limit)
	var db *bbolt.DB
	err = guarded(func() (err error) {
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{
			Timeout:        lockPatience,
			FreelistType:   bbolt.FreelistMapType,
			NoFreelistSync: true,
			MaxSize:        int(limit),
			OpenFile:       open,
		})
		return err
	})
	if err != nil {
		return nil, openError(err)
	}
	db.AllocSize = int(allocate)
	if err := db.Update(prepare); err != nil {
		_ = db.Close()
		return nil, err
	}
	// Whoever mounts a volume may have opened its files to a group.
	if err := os.Chmod(path, 0o600); err != nil {
		_ = db.Close()
		return nil, err
	}
	// A new file is only there for good when its folder is synced, too.
	if err := syncFolder(filepath.Dir(path)); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// allocSize is by how much the file grows.
func allocSize(limit int64) int64 { return min(max(limit/64, 64<<10), 16<<20) }

// prepare makes the buckets, and checks the format.
func prepare(tx *bbolt.Tx) error {
	for _, name := range [][]byte{bucketMeta, bucketPending, bucketDead} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(bucketMeta)
	if stored := meta.Get(keyFormat); stored != nil {
		n, err := strconv.Atoi(string(stored))
		if err != nil {
			return &damaged{errors.New("its format is not a number")}
		}
		if n > format {
			return ErrNewerFormat
		}
	}
	return meta.Put(keyFormat, strconv.AppendInt(nil, format, 10))
}

// openError sorts out what bbolt says.
func openError(err error) error {
	var broken *damaged
	switch {
	case errors.As(err, &broken):
		return err
	case errors.Is(err, berrors.ErrTimeout):
		return ErrLocked
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrInvalidMapping):
		return &damaged{err}
	}
	return err
}

// guarded turns a panic, a read beyond a file that is too short among them, into a *damaged error.
func guarded(f func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		if cause := recover(); cause != nil {
			err = &damaged{fmt.Errorf("%v", cause)}
		}
	}()
	return f()
}

// checkFile walks through every page that holds entries.
func checkFile(path string) error {
	return readFile(path, func(tx *bbolt.Tx, size int64) error {
		if tx.Size() > size {
			return &damaged{fmt.Errorf("it has %d bytes of %d", size, tx.Size())}
		}
		for _, name := range [][]byte{bucketMeta, bucketPending, bucketDead} {
			bucket := tx.Bucket(name)
			if bucket == nil {
				continue // made anew: a crash may have come between the file and its buckets
			}
			var last []byte
			err := bucket.ForEach(func(k, v []byte) error {
				if last != nil && string(last) >= string(k) {
					return &damaged{errors.New("its entries are out of order")}
				}
				if v == nil {
					return &damaged{errors.New("a bucket is in the place of an entry")}
				}
				last = k
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// readFile opens a file for reading only and calls f within a transaction.
func readFile(path string, f func(tx *bbolt.Tx, size int64) error) error {
	return openError(guarded(func() error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.Size() < 2*int64(os.Getpagesize()) {
			return &damaged{fmt.Errorf("it has only %d bytes", info.Size())}
		}
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockPatience})
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		tx, err := db.Begin(false)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		return f(tx, info.Size())
	}))
}

// salvage hands over every entry of a damaged file that can still be reached: from the first on, and, where that ends
// early, from the last backwards.
func salvage(path string, take func(bucket []byte, key Key, value []byte)) {
	for _, name := range [][]byte{bucketPending, bucketDead} {
		var last Key
		whole := false
		_ = readFile(path, func(tx *bbolt.Tx, _ int64) error {
			bucket := tx.Bucket(name)
			if bucket == nil {
				whole = true
				return nil
			}
			c := bucket.Cursor()
			for k, v := c.First(); k != nil; k, v = c.Next() {
				if key := Key(k); key.valid() && v != nil {
					take(name, key, append([]byte(nil), v...))
					last = key
				}
			}
			whole = true
			return nil
		})
		if whole {
			continue
		}
		_ = readFile(path, func(tx *bbolt.Tx, _ int64) error {
			c := tx.Bucket(name).Cursor()
			for k, v := c.Last(); k != nil && Key(k) > last; k, v = c.Prev() {
				if key := Key(k); key.valid() && v != nil {
					take(name, key, append([]byte(nil), v...))
				}
			}
			return nil
		})
	}
}

// setAside moves a damaged file out of the way and returns its new path.
func setAside(path string, now time.Time) (string, error) {
	aside := path + "." + now.UTC().Format("20060102T150405.000000Z") + ".damaged"
	if err := os.Rename(path, aside); err != nil {
		return "", err
	}
	return aside, syncFolder(filepath.Dir(path))
}

// syncFolder makes what was created, renamed or removed in a folder last.
func syncFolder(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // the administrator names it
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return f.Sync()
}
