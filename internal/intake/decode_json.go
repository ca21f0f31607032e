package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// malformed says that a body can't be read at all, and where. The detail repeats nothing of the body.
type malformed struct{ detail string }

func (m *malformed) Error() string { return m.detail }

// decodeJSON reads a body of the JSON contract. It returns a *malformed error when the body is no JSON object; what is
// wrong with single fields is in the FieldErrors, all of it at once.
//
// Unknown and repeated fields are errors, because keeping one and dropping another would lose data without a word; a
// program learns it with its first request. null means absent. Field names are case-sensitive.
func decodeJSON(body []byte) (*Submission, FieldErrors, error) {
	body = bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF")) // some clients begin with a byte order mark; RFC 8259 lets us skip it
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil, &malformed{"The body is empty; send a JSON object."}
	}
	// This checks the syntax of the whole, its depth and what follows it, so nothing below can fail on syntax.
	var whole json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		return nil, nil, &malformed{"The body is not valid JSON" + place(body, err) + "."}
	}
	if whole[0] != '{' {
		return nil, nil, &malformed{"The body must be a JSON object."}
	}

	s, errs := &Submission{}, FieldErrors{}
	members(whole, "", &errs, func(name string, raw json.RawMessage) {
		switch f := textField(name); {
		case name == fieldAttributes:
			decodeAttributes(s, raw, &errs)
		case name == fieldConsent:
			decodeConsent(s, raw, &errs)
		case f != nil && name != fieldConsentStatement:
			*f.value(s) = text(name, raw, &errs)
		default:
			errs.add(name, "Unknown field.")
		}
	})
	s.clean(&errs)
	return s, errs, nil
}

func decodeAttributes(s *Submission, raw json.RawMessage, errs *FieldErrors) {
	if raw[0] != '{' {
		errs.add(fieldAttributes, "This must be an object of strings.")
		return
	}
	s.Attributes = map[string]string{}
	members(raw, attributePrefix, errs, func(name string, raw json.RawMessage) {
		s.Attributes[name] = text(attributePrefix+name, raw, errs)
	})
}

func decodeConsent(s *Submission, raw json.RawMessage, errs *FieldErrors) {
	if raw[0] != '{' {
		errs.add(fieldConsent, `This must be an object such as {"marketing": true}.`)
		return
	}
	members(raw, fieldConsent+".", errs, func(name string, raw json.RawMessage) {
		switch flat := fieldConsent + "." + name; flat {
		case fieldConsentMarketing:
			var answer bool
			if json.Unmarshal(raw, &answer) != nil {
				errs.add(flat, "This must be true, false or null.")
				return
			}
			s.Consent = &answer
		case fieldConsentStatement:
			s.ConsentStatement = text(flat, raw, errs)
		default:
			errs.add(flat, "Unknown field.")
		}
	})
}

// members calls visit for every member of a JSON object that is not null; prefix is put before names in errors. The
// object's syntax has been checked, so finding where each name and value ends is all there is to do.
func members(object json.RawMessage, prefix string, errs *FieldErrors, visit func(name string, raw json.RawMessage)) {
	seen := make(map[string]bool, len(textFields))
	for rest := object[1:]; ; {
		rest = bytes.TrimLeft(rest, ", \t\r\n")
		if len(rest) == 0 || rest[0] != '"' {
			return // }
		}
		end := stringEnd(rest)
		name, _ := unquote(rest[:end])
		rest = bytes.TrimLeft(rest[end:], ": \t\r\n")
		end = valueEnd(rest)
		raw := rest[:end]
		rest = rest[end:]
		if seen[name] {
			errs.add(prefix+name, "This field is given more than once.")
			continue
		}
		seen[name] = true
		if !bytes.Equal(raw, []byte("null")) {
			visit(name, raw)
		}
	}
}

// stringEnd is the length of the string that b begins with, quotes included.
func stringEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// valueEnd is the length of the value that b begins with.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i += stringEnd(b[i:]) - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return i // of what holds the value
			}
			depth--
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1 // a string, an object or a list has ended
		}
	}
	return len(b)
}

// unquote reads a JSON string whose syntax has been checked. Most need no decoding.
func unquote(raw []byte) (string, error) {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner), nil
	}
	var value string
	err := json.Unmarshal(raw, &value)
	return value, err
}

// text reads a JSON string. An escape that stands for half a character (a lone surrogate) becomes U+FFFD.
func text(name string, raw json.RawMessage, errs *FieldErrors) string {
	if raw[0] != '"' {
		errs.add(name, "This must be a string.")
		return ""
	}
	value, err := unquote(raw)
	if err != nil {
		errs.add(name, "This must be a string.")
		return ""
	}
	// The decoder replaces broken UTF-8 without a word; look at what was sent.
	if !utf8.Valid(raw) {
		errs.add(name, "This text is not valid UTF-8; send it in that encoding.")
	}
	return value
}

// place tells where in the body a syntax error is.
func place(body []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return ""
	}
	// Offset counts the bytes read, the wrong one included; at the end of the body there is no wrong one.
	before := body[:min(max(int(syntax.Offset)-1, 0), len(body))]
	if int(syntax.Offset) >= len(body) && syntax.Error() == "unexpected end of JSON input" {
		return fmt.Sprintf(": it ends too early, after byte %d", len(body))
	}
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return fmt.Sprintf(" at byte %d (line %d, column %d)", len(before)+1, line, column)
}
