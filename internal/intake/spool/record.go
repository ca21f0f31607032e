package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"
)

// Key orders the entries: by the time of receipt, then by namespace and name.
type Key string

// keyTime is the length of a key's first part: microseconds since 1970, big-endian.
const keyTime = 8

// NewKey makes the key of an entry. Times before 1970 count as 1970.
func NewKey(receivedAt time.Time, namespace, name string) Key {
	b := make([]byte, keyTime, keyTime+len(namespace)+1+len(name))
	binary.BigEndian.PutUint64(b, uint64(max(receivedAt.UnixMicro(), 0))) //nolint:gosec // not negative
	b = append(b, namespace...)
	b = append(b, '/')
	return Key(append(b, name...))
}

// valid says whether this is a key that NewKey makes.
func (k Key) valid() bool { return len(k) > keyTime && strings.IndexByte(string(k[keyTime:]), '/') > 0 }

// ReceivedAt is when the entry was received.
func (k Key) ReceivedAt() time.Time {
	if len(k) < keyTime {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64([]byte(k[:keyTime])))).UTC() //nolint:gosec // made by NewKey
}

// Namespace of the object.
func (k Key) Namespace() string { namespace, _ := k.split(); return namespace }

// Name of the object.
func (k Key) Name() string { _, name := k.split(); return name }

func (k Key) split() (namespace, name string) {
	if len(k) < keyTime {
		return "", ""
	}
	namespace, name, _ = strings.Cut(string(k[keyTime:]), "/")
	return namespace, name
}

// A value is a version, a form, and what the form says:
//
//	1 0 <CRC-32C of key and object, 4 bytes> <object>
//	1 1 <id of the encryption key, 8 bytes> <nonce, 12 bytes> <object, sealed with AES-256-GCM; the entry's key is authenticated>
//
// A dead letter is a version, the length of the reason, the reason, the time of death in microseconds, and the value.
const (
	version1    = 1
	formPlain   = 0
	formSealed  = 1
	plainHeader = 2 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// What can be wrong with a single record. Each is a reason of a dead letter, too.
var (
	errCorrupt = errors.New("the record is damaged")
	errVersion = errors.New("the record was written by a newer version")
	errNoKey   = errors.New("the record is encrypted with a key that is not in the key file")
)

func sum(key Key, object []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, object)
}

// encode writes an entry's value, sealed where there is a key.
func encode(ring *Keyring, key Key, object []byte) ([]byte, error) {
	if ring.empty() {
		value := make([]byte, plainHeader, plainHeader+len(object))
		value[0], value[1] = version1, formPlain
		binary.BigEndian.PutUint32(value[2:], sum(key, object))
		return append(value, object...), nil
	}
	return ring.seal(key, object)
}

// decode reads an entry's value. The object is a part of value, or a new slice.
func decode(ring *Keyring, key Key, value []byte) ([]byte, error) {
	switch {
	case len(value) < 2 || !key.valid():
		return nil, errCorrupt
	case value[0] > version1:
		return nil, errVersion
	case value[0] == version1 && value[1] == formPlain && len(value) >= plainHeader:
		object := value[plainHeader:]
		if binary.BigEndian.Uint32(value[2:]) != sum(key, object) {
			return nil, errCorrupt
		}
		return object, nil
	case value[0] == version1 && value[1] == formSealed:
		return ring.open(key, value)
	}
	return nil, errCorrupt
}

// dead is a dead letter, taken apart.
type dead struct {
	reason string
	at     time.Time
	value  []byte
}

func (d dead) encode() []byte {
	b := make([]byte, 0, 2+len(d.reason)+8+len(d.value))
	b = append(b, version1, byte(len(d.reason)))
	b = append(b, d.reason...)
	b = binary.BigEndian.AppendUint64(b, uint64(max(d.at.UnixMicro(), 0))) //nolint:gosec // not negative
	return append(b, d.value...)
}

// decodeDead never fails: of what can't be read, the whole is the value.
func decodeDead(b []byte) dead {
	if len(b) < 2 || b[0] != version1 || len(b) < 2+int(b[1])+8 {
		return dead{reason: ReasonCorrupt, value: b}
	}
	n := 2 + int(b[1])
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(b[n:]))).UTC() //nolint:gosec // made by encode
	return dead{reason: string(b[2:n]), at: at, value: b[n+8:]}
}

// Why an entry became a dead letter.
const (
	// ReasonInvalid: the API server calls it invalid.
	ReasonInvalid = "invalid"
	// ReasonTooLarge: the API server calls it too large.
	ReasonTooLarge = "too_large"
	// ReasonCorrupt: the record can't be read.
	ReasonCorrupt = "corrupt"
	// ReasonVersion: the record was written by a newer version of this program.
	ReasonVersion = "newer_version"
	// ReasonNoKey: the record is encrypted with a key that is not there.
	ReasonNoKey = "no_key"
)

// Reasons lists them all.
var Reasons = []string{ReasonInvalid, ReasonTooLarge, ReasonCorrupt, ReasonVersion, ReasonNoKey}

// reasonOf turns what is wrong with a record into the reason of its dead letter.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, errVersion):
		return ReasonVersion
	case errors.Is(err, errNoKey):
		return ReasonNoKey
	}
	return ReasonCorrupt
}

// checkReason keeps reasons short and fixed.
func checkReason(reason string) error {
	for _, known := range Reasons {
		if reason == known {
			return nil
		}
	}
	return fmt.Errorf("%q is no reason for a dead letter", reason)
}
