// Package promql finds out which metrics a query is about, so that tests can tell whether they exist. That the query is well-formed
// is promtool's business. Prometheus' own parser is not used: its module would move those of OpenTelemetry and gRPC, which the
// programs are built with, to other versions.
package promql

import (
	"regexp"
	"slices"
	"strings"
)

var (
	// blanked are what holds no names of metrics: strings, comments, selectors of labels, durations, and the lists of labels
	// of operators. Strings come first, as they may hold anything.
	blanked = []*regexp.Regexp{
		regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`[^`]*`"),
		regexp.MustCompile(`#[^\n]*`),
		regexp.MustCompile(`\{[^}]*\}`),
		regexp.MustCompile(`\[[^\]]*\]`),
		regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`),
	}
	// word is a name, and what follows it when it is that of a function.
	word = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*\s*\(?`)
	// number is taken out before words are looked for: 1e3 holds no name.
	number = regexp.MustCompile(`\b[0-9][0-9a-zA-Z.]*`)
)

// keywords are words that are no names. A function is known by its bracket, but an operator may stand before one.
var keywords = []string{
	"and", "or", "unless", "atan2", "bool", "offset", "inf", "nan", "by", "without", "on", "ignoring", "group_left", "group_right", "start", "end",
}

// Names lists the metrics that a query names, sorted.
func Names(expr string) []string {
	for _, pattern := range blanked {
		expr = pattern.ReplaceAllString(expr, " ")
	}
	expr = number.ReplaceAllString(expr, " ")
	var names []string
	for _, found := range word.FindAllString(expr, -1) {
		name := strings.TrimSpace(strings.TrimSuffix(found, "("))
		if strings.HasSuffix(found, "(") || slices.Contains(keywords, strings.ToLower(name)) {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
