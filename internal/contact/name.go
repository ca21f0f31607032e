package contact

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

var nameEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// nameLength is 26 characters of 5 bits: 130 bits of a hash, far beyond a collision.
const nameLength = 26

// Name is the name of the Contact of a normalised address. It hides the address from a glance, not from somebody who
// guesses it: pseudonymous, not anonymous.
func Name(normalised string) string {
	sum := sha256.Sum256([]byte(normalised))
	return nameEncoding.EncodeToString(sum[:])[:nameLength]
}

// SubmissionName is the name of a submission that is always the same for the same content from the same source, and
// different for anything else. The source keeps apart the doors through which submissions come; the key is what the sender
// tells two submissions with equal content apart by.
func SubmissionName(namespace, pipeline, source, key string, payload []byte) string {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(namespace), []byte(pipeline), []byte(source), []byte(key), payload} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part)))) // keeps ("ab","c") and ("a","bc") apart
		h.Write(part)
	}
	return nameEncoding.EncodeToString(h.Sum(nil))[:nameLength]
}

// RandomName is a name that no other submission has.
func RandomName() string { return strings.ToLower(rand.Text()[:nameLength]) }
