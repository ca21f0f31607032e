package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// Decode reads an adapter's member of a spec. What it does not know it refuses: a field that is silently ignored would be a
// setting that does something else than its author reads. Its error is an *Error of class Config.
func Decode(member string, spec json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(spec))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return Errorf(Config, "spec.%s can't be read: %v", member, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Errorf(Config, "spec.%s can't be read: it is more than one JSON value", member)
	}
	return nil
}

// Secret is a credential without the line break that editors and base64 put at its end. Its error is an *Error of class
// Config that names the Secret and its key, never the value.
func (s Settings) Secret(ref Ref) (string, error) {
	value, ok := s.Secrets[ref]
	if !ok {
		return "", Errorf(Config, "Secret %s, key %s: there is no such key: create it", ref.Name, ref.Key)
	}
	value = strings.TrimSuffix(strings.TrimSuffix(value, "\n"), "\r")
	if value == "" {
		return "", Errorf(Config, "Secret %s, key %s: it is empty: fill it in", ref.Name, ref.Key)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", Errorf(Config, "Secret %s, key %s has a blank, a line break or another character that no token has: write it without", ref.Name, ref.Key)
	}
	return value, nil
}
