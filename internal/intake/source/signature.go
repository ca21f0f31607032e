package source

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"
)

// window is how far a signed time may be from ours, either way. The tools recommend it.
const window = 5 * time.Minute

// unverified makes an error that wraps ErrUnverified.
func unverified(what string) error { return fmt.Errorf("%w: %s", ErrUnverified, what) }

// signed tells whether one of the keys made one of the signatures over the parts. Each comparison takes the same time
// whatever it finds, and all are made.
func signed(keys, signatures [][]byte, parts ...[]byte) bool {
	found := false
	for _, key := range keys {
		h := hmac.New(sha256.New, key)
		for _, part := range parts {
			h.Write(part)
		}
		want := h.Sum(nil)
		for _, signature := range signatures {
			if hmac.Equal(signature, want) {
				found = true
			}
		}
	}
	return found
}

// maxSignatures bounds the signatures of one post that are looked at: senders give one, or two while a secret changes.
const maxSignatures = 8

// keysOf takes secrets as they are.
func keysOf(secrets []string) [][]byte {
	keys := make([][]byte, 0, len(secrets))
	for _, s := range secrets {
		keys = append(keys, []byte(s))
	}
	return keys
}

// inWindow checks a signed time, a whole number of units since 1970.
func inWindow(text string, unit time.Duration, now time.Time) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || n > int64(1<<62)/int64(unit) {
		return unverified("the time of the post is missing or no number")
	}
	at := time.Unix(0, 0).Add(time.Duration(n) * unit)
	switch age := now.Sub(at); {
	case age > window:
		return unverified("the post is older than five minutes: it may be a repetition by somebody else, or a clock is wrong")
	case age < -window:
		return unverified("the post is from the future: a clock is wrong")
	}
	return nil
}
