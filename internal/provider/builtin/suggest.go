package builtin

import (
	"strings"
)

// suggester finds the well-known domain that a misspelt one was probably meant to be.
type suggester struct {
	targets []string
	free    domains
}

func newSuggester(free domains) *suggester { return &suggester{targets: oftenMeant(), free: free} }

const (
	// shortTarget is the length below which a target has too many honest neighbours: web.dk is not web.de misspelt.
	shortTarget = len("gmail.com")
	// A typo in a domain that takes no mail may be a worse one.
	maxDistance       = 1
	maxDistanceNoMail = 2
)

// suggest returns the domain that was probably meant, or "". A domain that takes mail gets a suggestion, too, since the
// common misspellings are registered by people who collect what is sent there; but only for a single slip in a long name.
func (s *suggester) suggest(domain string, takesMail bool) string {
	if _, known := s.free[domain]; known {
		return ""
	}
	best, distance := "", maxDistanceNoMail+1
	for _, target := range s.targets {
		limit := maxDistanceNoMail
		switch {
		case takesMail && len(target) < shortTarget:
			continue
		case takesMail, len(target) < shortTarget:
			limit = maxDistance
		}
		if takesMail && otherCountry(domain, target) {
			continue
		}
		// Hardly anybody gets the first letter wrong, and something else besides.
		if domain[0] != target[0] {
			limit = min(limit, 1)
		}
		if d := editDistance(domain, target, limit); d <= limit && d < distance {
			best, distance = target, d
		}
	}
	return best
}

// otherCountry tells whether two domains differ in their top-level domain only, both being those of countries: yahoo.dk is
// not yahoo.de misspelt if it takes mail.
func otherCountry(a, b string) bool {
	nameA, topA, _ := strings.Cut(a, ".")
	nameB, topB, _ := strings.Cut(b, ".")
	return nameA == nameB && topA != topB && len(topA) == 2 && len(topB) == 2
}

// editDistance counts the characters to put in, take out, replace or swap with their neighbour to get from a to b: optimal
// string alignment. Above limit it stops counting and returns limit+1.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if least > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
