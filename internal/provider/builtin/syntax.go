package builtin

import (
	"net/mail"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	// RFC 5321, section 4.5.3.1, in bytes. 254 is the path of 256 less its angle brackets.
	maxAddress = 254
	maxLocal   = 64
	// RFC 1035, section 2.3.4, in bytes. 253 is the name of 255 less the first length and the root.
	maxDomain = 253
	maxLabel  = 63
)

// address is one whose syntax is sound.
type address struct {
	local string
	// domain is in its ASCII form, in lower case.
	domain string
}

// parseAddress reads an address. ok is false for what no mail could be sent to. Local parts beyond ASCII are allowed
// (RFC 6531). Quoted ones are not: RFC 5321 has them, nobody does, and what looks like one is a slip.
func parseAddress(typed string) (a address, ok bool) {
	typed = strings.TrimSpace(typed)
	parsed, err := mail.ParseAddress(typed)
	// ParseAddress takes names, comments and quotes as well; what it made of them is no longer what was typed.
	if err != nil || parsed.Address != typed || len(typed) > maxAddress {
		return address{}, false
	}
	at := strings.LastIndexByte(typed, '@')
	a.local = typed[:at]
	if len(a.local) > maxLocal || !visible(a.local) {
		return address{}, false
	}
	if a.domain, ok = parseDomain(typed[at+1:]); !ok || !strings.Contains(a.domain, ".") {
		return address{}, false
	}
	// With a domain beyond ASCII, the form that DNS sees is the longer one.
	return a, len(a.local)+1+len(a.domain) <= maxAddress
}

// visible is false for a text with characters that nobody sees: what a copy from a web page brings along.
func visible(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == utf8.RuneError }) < 0
}

// parseDomain returns a host name in ASCII and lower case. ok is false for what can't be one, IP addresses included.
func parseDomain(typed string) (domain string, ok bool) {
	domain, err := idna.Lookup.ToASCII(typed)
	if err != nil || domain == "" || len(domain) > maxDomain {
		return "", false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > maxLabel {
			return "", false
		}
	}
	// A top-level domain is never a number (RFC 3696, section 2), which rules out IPv4 addresses and their misspellings.
	top := domain[strings.LastIndexByte(domain, '.')+1:]
	if strings.Trim(top, "0123456789") == "" {
		return "", false
	}
	if _, err := netip.ParseAddr(domain); err == nil {
		return "", false
	}
	return domain, true
}
