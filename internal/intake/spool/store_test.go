package spool

import (
	"bytes"
	"testing"

	"github.com/go-logr/logr"
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
