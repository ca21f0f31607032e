// Package contact holds what makes the master record: how an address becomes the de-duplication key, and how a
// submission is merged into a Contact. It is pure: the same submissions give the same Contact, in whatever order they
// are merged and however often.
package contact

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// NormaliseAddress turns an address as typed into the de-duplication key: trimmed, in Unicode normal form C, lower-cased
// whole, its domain in the ASCII form of IDNA. Dots and plus signs in the local part stay: two spellings that a mail
// server may tell apart are two people. An address that is not well-formed is normalised as far as it goes.
func NormaliseAddress(typed string) string {
	address := norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSpace(typed))))
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	local, domain := address[:at], strings.TrimRightFunc(address[at+1:], func(r rune) bool {
		return r == '.' || unicode.IsSpace(r) // fully qualified, or a slip of the finger
	})
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = strings.TrimRight(ascii, ".") // other scripts have full stops of their own
	}
	return local + "@" + domain
}

// MaxAddress is the length, in bytes, that no deliverable address exceeds (RFC 5321, section 4.5.3.1.3, less the angle
// brackets).
const MaxAddress = 254
