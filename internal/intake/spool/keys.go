package spool

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

const (
	// minKey is the shortest line of a key file, in characters; maxKeys bounds the keys in it.
	minKey  = 32
	maxKeys = 8

	keyIDBytes   = 8
	sealedHeader = 2 + keyIDBytes
	// Each key of the file gives an AES key and a public id, which tells the keys apart.
	purposeKey = "contact-intake spool AES-256-GCM v1"
	purposeID  = "contact-intake spool key id v1"
)

// Keyring holds the keys of an encrypted spool: the first seals, each opens. The zero value and nil hold none.
type Keyring struct{ keys []sealKey }

type sealKey struct {
	id   []byte
	aead cipher.AEAD
}

// ParseKeys reads one key a line, of 32 characters or more; blank lines and those that begin with # don't count. Its errors
// repeat nothing of the contents.
func ParseKeys(content []byte) (*Keyring, error) {
	ring := &Keyring{}
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case len(line) < minKey:
			return nil, fmt.Errorf("line %d has %d characters; a key has at least %d", number, len(line), minKey)
		case len(ring.keys) == maxKeys:
			return nil, fmt.Errorf("it has more than %d keys", maxKeys)
		}
		key, err := newSealKey(line)
		if err != nil {
			return nil, err
		}
		ring.keys = append(ring.keys, key)
	}
	if len(ring.keys) == 0 {
		return nil, errors.New("it holds no key")
	}
	return ring, nil
}

func newSealKey(secret string) (sealKey, error) {
	derive := func(purpose string, n int) ([]byte, error) {
		return hkdf.Key(sha256.New, []byte(secret), nil, purpose, n)
	}
	id, err := derive(purposeID, keyIDBytes)
	if err != nil {
		return sealKey{}, fmt.Errorf("derive a key's id: %w", err)
	}
	key, err := derive(purposeKey, 32)
	if err != nil {
		return sealKey{}, fmt.Errorf("derive a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealKey{}, fmt.Errorf("prepare a key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return sealKey{}, fmt.Errorf("prepare a key: %w", err)
	}
	return sealKey{id: id, aead: aead}, nil
}

// Len is how many keys there are.
func (r *Keyring) Len() int {
	if r == nil {
		return 0
	}
	return len(r.keys)
}

func (r *Keyring) empty() bool { return r.Len() == 0 }

// seal encrypts an object with the first key. The nonce is random: 2^32 entries under one key are safe, which is a year of
// more than a hundred a second in the spool.
func (r *Keyring) seal(key Key, object []byte) ([]byte, error) {
	k := r.keys[0]
	value := make([]byte, sealedHeader+k.aead.NonceSize(), sealedHeader+k.aead.NonceSize()+len(object)+k.aead.Overhead())
	value[0], value[1] = version1, formSealed
	copy(value[2:], k.id)
	nonce := value[sealedHeader:]
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("make a nonce: %w", err)
	}
	return k.aead.Seal(value, nonce, object, associated(key, value)), nil
}

func (r *Keyring) open(key Key, value []byte) ([]byte, error) {
	if len(value) < sealedHeader {
		return nil, errCorrupt
	}
	if r != nil {
		for _, k := range r.keys {
			if !bytes.Equal(k.id, value[2:sealedHeader]) {
				continue
			}
			rest := value[sealedHeader:]
			if len(rest) < k.aead.NonceSize() {
				return nil, errCorrupt
			}
			object, err := k.aead.Open(nil, rest[:k.aead.NonceSize()], rest[k.aead.NonceSize():], associated(key, value))
			if err != nil {
				return nil, errCorrupt
			}
			return object, nil
		}
	}
	return nil, errNoKey
}

// associated is what is authenticated beside the object: the header and the entry's key, so that no entry can be passed off
// as another.
func associated(key Key, value []byte) []byte {
	return append(bytes.Clone(value[:sealedHeader]), key...)
}
