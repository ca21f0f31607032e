package mapping

import (
	"math"
	"strconv"
	"time"
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
)

// Typed gives a rendered value as a field takes it: a string, bool, int64, float64 or time.Time (in UTC). ok is false when it
// can't be that: an attribute is always a text, whatever is written in it.
func Typed(kind Kind, v any) (typed any, ok bool) {
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
