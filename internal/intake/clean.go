package intake

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean brings every value into the form in which it is stored, and names each that can't be:
//
//   - Values are trimmed; a blank one is absent. Inside, a text is kept as it was typed.
//   - Line breaks and tabs become single blanks, except in attributes and in the consent statement, where only the way a
//     line break is written is made one (\n).
//   - Other control characters, invalid UTF-8 and values over their limit are errors. The value is then still cleaned of
//     what can't be shown, so that a form can show it again and sending it once more succeeds.
//   - A consent statement without an answer is dropped: it is our question, not the person's data.
func (s *Submission) clean(errs *FieldErrors) {
	if s.Consent == nil && !errs.has(fieldConsentMarketing) {
		s.ConsentStatement = ""
	}
	for _, f := range textFields {
		v := f.value(s)
		*v = cleanText(f.name, *v, f.maxRunes, f.lines, errs)
	}
	if s.Email == "" {
		errs.add("email", noAddress)
	}
	s.cleanAttributes(errs)
	errs.sort()
}

// noAddress is what stands at a blank address.
const noAddress = "Enter your e-mail address."

func (s *Submission) cleanAttributes(errs *FieldErrors) {
	kept := make(map[string]string, len(s.Attributes))
	for _, raw := range slices.Sorted(maps.Keys(s.Attributes)) {
		name, flat := trim(raw), attributePrefix+trim(raw)
		value := cleanText(flat, s.Attributes[raw], maxAttributeValue, true, errs)
		switch {
		case value == "":
			continue
		case name == "":
			errs.add(fieldAttributes, "Every attribute needs a name.")
		case !utf8.ValidString(name):
			errs.add(flat, "The attribute's name must be valid UTF-8.")
		case removeControls(name) != name:
			errs.add(flat, "The attribute's name must not hold control characters.")
		case utf8.RuneCountInString(name) > maxAttributeName:
			errs.add(flat, "The attribute's name must have at most %d characters.", maxAttributeName)
		}
		if other, twice := kept[name]; twice && other != value {
			errs.add(flat, "This attribute is given more than once.")
		}
		kept[name] = value
	}
	s.Attributes = nil
	if len(kept) > 0 {
		s.Attributes = kept
	}
	if len(kept) > maxAttributes {
		errs.add(fieldAttributes, "Send at most %d attributes; these are %d.", maxAttributes, len(kept))
	}
}

// cleanText applies the rules of clean to one text.
func cleanText(name, value string, maxRunes int, lines bool, errs *FieldErrors) string {
	if !utf8.ValidString(value) {
		errs.add(name, "This text is not valid UTF-8; send it in that encoding.")
		value = strings.ToValidUTF8(value, "\uFFFD")
	}
	switch {
	case printable(value): // most are, and have no line breaks
	case lines:
		value = unixLines.Replace(value)
	default:
		value = oneLine.Replace(value)
	}
	value = trim(value)
	if plain := removeControls(value); plain != value {
		errs.add(name, "This text holds characters that can't be shown; remove them.")
		value = trim(plain)
	}
	if n := utf8.RuneCountInString(value); n > maxRunes {
		errs.add(name, "Use at most %d characters; these are %d.", maxRunes, n)
	}
	return value
}

var (
	unixLines = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")
	oneLine   = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ", "\v", " ", "\f", " ",
		"\u0085", " ", "\u2028", " ", "\u2029", " ")
)

// printable says that a text has nothing but printable ASCII characters.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// trim removes white space at both ends, and the invisible marks that copying from documents leaves there.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\u200B' || r == '\uFEFF' })
}

// removeControls drops control characters other than line breaks and tabs.
func removeControls(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// truncateRunes cuts s after at most n characters.
func truncateRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// pageAddress returns the address of a web page without what does not belong in a record (credentials, fragment), or ""
// when raw is none. One that is too long loses its query first; if that is not enough it is no use.
func pageAddress(raw string) string {
	u, err := url.Parse(trim(raw))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if len(u.String()) > maxPage {
		u.RawQuery = ""
	}
	page := u.String()
	if len(page) > maxPage || !utf8.ValidString(page) || removeControls(page) != page {
		return ""
	}
	return page
}
