package builtin

import (
	"fmt"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/contact-operator/contact-operator/internal/provider/verification"
)

// domains is a set of domains, each of which covers those below it.
type domains map[string]struct{}

// covers tells whether a domain, or one above it, is in the set. Top-level domains are not looked at.
func (d domains) covers(domain string) bool { return verification.Covers(d, domain) }

func (d domains) add(domain string) { d[domain] = struct{}{} }

// parseList reads a list: one domain a line; blank lines and what follows a # are left out. A line may begin with "*.",
// "." or "@", as lists made for other programs have it. bad are the numbers of lines that hold no domain, or one that would
// cover half the world: a top-level domain, or a public suffix such as co.uk.
func parseList(text string) (list domains, bad []int) {
	list = domains{}
	number := 0
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		number++
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		domain, ok := parseEntry(line)
		if !ok {
			bad = append(bad, number)
			continue
		}
		list.add(domain)
	}
	return list, bad
}

func parseEntry(line string) (domain string, ok bool) {
	line = strings.TrimSuffix(strings.TrimLeft(line, "*.@"), ".")
	domain, ok = parseDomain(line)
	return domain, ok && strings.Contains(domain, ".") && !isRegistry(domain)
}

// isSuffix tells whether everybody may register names below a domain: co.uk, but also github.io.
func isSuffix(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}

// isRegistry tells whether a domain is a public suffix that a registry runs, such as co.uk. A private one (github.io) may
// well be on a list.
func isRegistry(domain string) bool {
	suffix, icann := publicsuffix.PublicSuffix(domain)
	return icann && suffix == domain
}

// ownList reads a list that belongs to the Integration: every line of it is meant, so a mistake is told.
func ownList(text string) (domains, error) {
	list, bad := parseList(text)
	switch {
	case len(bad) == 1:
		return nil, fmt.Errorf("line %d is not a domain that can be registered", bad[0])
	case len(bad) > 1:
		return nil, fmt.Errorf("line %d and %d more are not domains that can be registered", bad[0], len(bad)-1)
	}
	return list, nil
}

// foreignList reads a list that others keep. They make mistakes, which must not cost the rest of the list; but what is
// mostly mistakes is no list: an error page, say.
func foreignList(text string) (domains, error) {
	list, bad := parseList(text)
	if len(list) == 0 || len(bad) > len(list) {
		return nil, fmt.Errorf("%d lines are domains and %d are not", len(list), len(bad))
	}
	return list, nil
}
