package server

import (
	"strings"
	"unicode"
)

// validAddress says whether an address is well-formed: something before the last @ that is neither blank nor odd, and a
// domain of at least two labels. Letters of any script are welcome in both.
func validAddress(address string) bool {
	local, domain, found := cutAddress(address)
	if !found || local == "" || len(local) > 64 || len(domain) > 255 {
		return false
	}
	for _, part := range strings.Split(local, ".") {
		if part == "" || strings.ContainsFunc(part, notAtom) {
			return false
		}
	}
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, notHost) {
			return false
		}
	}
	return true
}

// cutAddress cuts an address at its last @.
func cutAddress(address string) (local, domain string, found bool) {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return address, "", false
	}
	return address[:i], address[i+1:], true
}

func notAtom(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

func notHost(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '-'
}
