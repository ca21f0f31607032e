package entry

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// The limits of the resource, in characters.
const (
	maxAttributes     = 32
	maxAttributeName  = 63
	maxAttributeValue = 1024
)

// Clean brings the values into the form in which they are stored: trimmed, within their limits, without control
// characters. A blank one is absent. It returns what can't be stored as one error that names every field and no value.
func (e *Entry) Clean() error {
	var problems []string
	text := func(field string, value *string, limit int, lines bool) {
		cleaned, problem := cleanText(*value, limit, lines)
		if problem != "" {
			problems = append(problems, field+" "+problem)
		}
		*value = cleaned
	}
	text("email", &e.Email, 320, false)
	text("name", &e.Name, 256, false)
	text("company", &e.Company, 256, false)
	text("phone", &e.Phone, 64, false)
	text("country", &e.Country, 128, false)
	text("channel", &e.Channel, 63, false)
	text("page", &e.Page, 2048, false)
	text("consent statement", &e.ConsentStatement, 1024, true)
	if e.Email == "" {
		problems = append(problems, "email is missing")
	}
	attributes := map[string]string{}
	for _, raw := range slices.Sorted(maps.Keys(e.Attributes)) {
		name := strings.TrimSpace(raw)
		value := e.Attributes[raw]
		text("attribute "+shown(name), &value, maxAttributeValue, true)
		switch {
		case value == "":
			continue
		case name == "" || strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name):
			problems = append(problems, "an attribute has no proper name")
		case utf8.RuneCountInString(name) > maxAttributeName:
			problems = append(problems, fmt.Sprintf("attribute %s: its name is longer than %d characters", shown(name), maxAttributeName))
		}
		attributes[name] = value
	}
	if len(attributes) > maxAttributes {
		problems = append(problems, fmt.Sprintf("%d attributes are more than %d", len(attributes), maxAttributes))
	}
	e.Attributes = attributes
	if len(attributes) == 0 {
		e.Attributes = nil
	}
	if e.Consent == "" {
		e.ConsentStatement = "" // our own question, not the person's data
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return nil
}

func cleanText(value string, limit int, lines bool) (cleaned, problem string) {
	if !utf8.ValidString(value) {
		return value, "is not valid UTF-8"
	}
	value = unixLines.Replace(value)
	if !lines {
		value = strings.NewReplacer("\n", " ", "\t", " ").Replace(value)
	}
	value = strings.TrimFunc(value, func(r rune) bool { return unicode.IsSpace(r) || r == '\u200B' || r == '\uFEFF' })
	if strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		return value, "holds control characters"
	}
	if n := utf8.RuneCountInString(value); n > limit {
		return value, fmt.Sprintf("has %d characters, more than %d", n, limit)
	}
	return value, ""
}

var unixLines = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// shown bounds a name that came from outside, so that it can be repeated in a message.
func shown(name string) string {
	if runes := []rune(name); len(runes) > maxAttributeName {
		return string(runes[:maxAttributeName]) + "…"
	}
	return name
}

// ParseConsent reads an answer to the marketing question; a blank one is no answer.
func ParseConsent(text string) (v1alpha1.Consent, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "":
		return "", nil
	case "granted", "yes", "y", "true", "1", "on":
		return v1alpha1.ConsentGranted, nil
	case "denied", "no", "n", "false", "0", "off":
		return v1alpha1.ConsentDenied, nil
	}
	return "", errors.New("consent is neither granted, yes, true, 1 or on, nor denied, no, false, 0 or off")
}

// timeForms are the ways to write a moment, besides RFC 3339. One without a zone is in UTC.
var timeForms = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
}

// ParseTime reads a moment that is not in the future; a blank one is none.
func ParseTime(text string, now time.Time) (*time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	for _, form := range timeForms {
		t, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		if t.After(now) {
			return nil, errors.New("the time of receipt is in the future")
		}
		t = t.UTC()
		return &t, nil
	}
	return nil, errors.New("the time of receipt is not written like 2019-03-31, 2019-03-31 14:05 or 2019-03-31T14:05:00Z")
}
