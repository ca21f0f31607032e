package intake

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
)

// nameLength is how many base32 characters a name has: 130 bits, so that neither hashes nor random names ever collide.
const nameLength = 26

// source is the part of the name that keeps submissions of the form and JSON contract apart from those of other doors.
const source = "intake"

// nameFor computes the name of a submission that came with an idempotency key: the same key with the same content in the
// same pipeline always gives the same name, so that a replay meets its own object; anything else gives another name.
//
// It covers what was sent, not what is observed or defaulted (time, address, browser, the pipeline's channel): those may
// differ between two tries of one submission.
func nameFor(namespace, pipeline, key string, s *Submission) (string, error) {
	payload, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encode the canonical payload: %w", err)
	}
	h := sha256.New()
	for _, part := range [][]byte{[]byte(namespace), []byte(pipeline), []byte(source), []byte(key), payload} {
		// The length before each part keeps ("ab","c") and ("a","bc") apart.
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	name := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil))
	return strings.ToLower(name[:nameLength]), nil
}

// newKey returns a fresh idempotency key; it serves as a random name, too.
func newKey() string {
	return strings.ToLower(rand.Text()[:nameLength])
}

// maxKeyLength is the longest idempotency key, in bytes.
const maxKeyLength = 255

// validKey says whether key has 1 to 255 visible ASCII characters.
func validKey(key string) bool {
	if key == "" || len(key) > maxKeyLength {
		return false
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}
