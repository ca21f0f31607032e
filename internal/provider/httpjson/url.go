package httpjson

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/contact-operator/contact-operator/internal/provider"
)

const (
	placeholder = "{key}"
	maxKey      = 1024 // bytes: far more than an address, and short enough for any server's limit on a URL
)

// urlTemplate is a URL in which {key} is replaced. It never occurs before the path: a person's data does not choose where
// a call goes.
type urlTemplate struct {
	field string // for messages: spec.http.upsert.url
	path  string // the URL up to its query, scheme and host included
	query string // with its question mark, or empty
}

func parseURL(field, raw string) (urlTemplate, error) {
	wrong := func(message string) (urlTemplate, error) {
		return urlTemplate{}, provider.Errorf(provider.Config, "%s: %s", field, message)
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return wrong("it has a blank or a control character: write them escaped, as %20")
	}
	if strings.ContainsAny(strings.ReplaceAll(raw, placeholder, ""), "{}") {
		return wrong("only {key} is replaced in it; write any other brace as %7B and %7D")
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	if strings.Contains(scheme+authority, placeholder) {
		return wrong("{key} can stand in the path and the query only")
	}
	u, err := url.Parse(strings.ReplaceAll(raw, placeholder, "key"))
	switch {
	case err != nil:
		return wrong("it is not a valid URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return wrong("its scheme has to be http or https")
	case u.Hostname() == "":
		return wrong("it names no host")
	case u.User != nil:
		return wrong("it holds credentials: give them in a header with secretKeyRef")
	case strings.Contains(raw, "#"):
		return wrong("it has a fragment, which is never sent: write # as %23")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return wrong("its port has to be between 1 and 65535")
		}
	}
	t := urlTemplate{field: field, path: raw}
	if i := strings.IndexByte(raw, '?'); i >= 0 {
		t.path, t.query = raw[:i], raw[i:]
	}
	return t, nil
}

// hasKey tells whether the URL depends on the key.
func (t urlTemplate) hasKey() bool {
	return strings.Contains(t.path, placeholder) || strings.Contains(t.query, placeholder)
}

// expand puts the key in its place. A key that would make it another resource is refused with class Invalid: nothing, and
// a segment of dots, which servers and proxies take for the folder above.
func (t urlTemplate) expand(key string) (string, error) {
	if !t.hasKey() {
		return t.path + t.query, nil
	}
	if key == "" || len(key) > maxKey {
		return "", provider.Errorf(provider.Invalid, "%s: the key of this record is empty or longer than %d bytes", t.field, maxKey)
	}
	// PathEscape leaves + as it is, which is right, but which some servers read as a blank.
	path := strings.ReplaceAll(t.path, placeholder, strings.ReplaceAll(url.PathEscape(key), "+", "%2B"))
	if strings.Trim(key, ".") == "" {
		for segment := range strings.SplitSeq(path, "/") {
			if segment == "." || segment == ".." {
				return "", provider.Errorf(provider.Invalid, "%s: the key of this record is . or .., which is no name in a URL", t.field)
			}
		}
	}
	return path + strings.ReplaceAll(t.query, placeholder, url.QueryEscape(key)), nil
}
