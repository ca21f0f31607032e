package mapping

import (
	"math"
	"strconv"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// Kind is what a field of a system takes, for systems that refuse a value of another kind. Its text is for messages.
type Kind string

// The kinds.
const (
	AsText   Kind = "text"
	AsBool   Kind = "true or false"
	AsWhole  Kind = "whole number"
	AsNumber Kind = "number"
	AsTime   Kind = "date or time" // of a date: its midnight in UTC
	AsList   Kind = "list"
)

// TypedAll gives rendered values as the fields take them. kindOf tells of each field what that is, and the layout of a time there.
// path is the mapping's place in the Integration, for the error, which is an *Error of class Invalid.
func TypedAll(path string, values map[string]any, kindOf func(field string) (kind Kind, layout string)) (map[string]any, error) {
	out := make(map[string]any, len(values)+1) // and what the adapter adds
	for name, v := range values {
		kind, layout := kindOf(name)
		typed, ok := Typed(kind, v)
		if !ok {
			return nil, provider.Errorf(provider.Invalid, "%s[%s] gives a value for this record that is no %s, which the field takes", path, name, kind)
		}
		if t, isTime := typed.(time.Time); isTime {
			typed = t.Format(layout)
		}
		out[name] = typed
	}
	return out, nil
}

// Typed gives a rendered value as a field takes it: a string, bool, int64, float64, time.Time (in UTC) or []any. ok is false when it
// can't be that: an attribute is always a text, whatever is written in it.
func Typed(kind Kind, v any) (typed any, ok bool) {
	if kind == AsList {
		if list, ok := v.([]any); ok {
			return list, true
		}
		return []any{v}, true
	}
	text, err := Text(v)
	if err != nil {
		return nil, false
	}
	switch kind {
	case AsBool:
		typed, err = strconv.ParseBool(text)
	case AsWhole:
		typed, err = strconv.ParseInt(text, 10, 64)
	case AsNumber:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		if math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, false
		}
		typed = f
	case AsTime:
		return parseTime(text)
	default:
		typed = text
	}
	return typed, err == nil
}

func parseTime(text string) (any, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return nil, false
}
