package expression

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// errNoJSON says that a value has no form in JSON. It never tells which value.
var errNoJSON = errors.New("a value has no form in JSON")

// Render writes a value as canonical JSON: equal values give equal bytes.
func Render(v ref.Val) ([]byte, error) {
	plain, present, err := toPlain(v)
	if err != nil {
		return nil, err
	}
	if !present {
		plain = nil
	}
	return Marshal(plain)
}

// Plain turns a value into what encoding/json writes in one way only; an empty optional is nil.
func Plain(v ref.Val) (any, error) {
	plain, _, err := toPlain(v)
	return plain, err
}

// Marshal is json.Marshal without its escaping for HTML.
func Marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, errNoJSON
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// Body is what an adapter sends of one record: Marshal of it, and nothing for nil. Its error is a *provider.Error of class
// Invalid, which does not tell the value.
func Body(v any) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	text, err := Marshal(v)
	if err != nil {
		return nil, provider.Errorf(provider.Invalid, "a value of this record has no form in JSON")
	}
	return text, nil
}

// toPlain turns a value into what encoding/json writes in one way only. present is false for an empty optional.
func toPlain(v ref.Val) (plain any, present bool, err error) {
	switch v := v.(type) {
	case *types.Optional:
		if !v.HasValue() {
			return nil, false, nil
		}
		return toPlain(v.GetValue())
	case types.Null:
		return nil, true, nil
	case types.Bool, types.Int, types.Uint, types.String, types.Bytes:
		return v.Value(), true, nil
	case types.Double:
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, false, errNoJSON
		}
		return float64(v), true, nil
	case types.Timestamp:
		return v.UTC().Format(time.RFC3339Nano), true, nil
	case types.Duration:
		return strconv.FormatFloat(v.Seconds(), 'f', -1, 64) + "s", true, nil
	case traits.Mapper:
		plain, err = mapToPlain(v)
		return plain, err == nil, err
	case traits.Lister:
		plain, err = listToPlain(v)
		return plain, err == nil, err
	}
	return objectToPlain(v)
}

func mapToPlain(m traits.Mapper) (map[string]any, error) {
	out := map[string]any{}
	for it := m.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		name, err := keyName(k)
		if err != nil {
			return nil, err
		}
		if _, twice := out[name]; twice { // 1 and "1": which one wins would be left to chance
			return nil, errNoJSON
		}
		plain, present, err := toPlain(m.Get(k))
		if err != nil {
			return nil, err
		}
		if present {
			out[name] = plain
		}
	}
	return out, nil
}

func keyName(k ref.Val) (string, error) {
	switch k := k.(type) {
	case types.String:
		return string(k), nil
	case types.Int:
		return strconv.FormatInt(int64(k), 10), nil
	case types.Uint:
		return strconv.FormatUint(uint64(k), 10), nil
	case types.Bool:
		return strconv.FormatBool(bool(k)), nil
	}
	return "", errNoJSON
}

func listToPlain(l traits.Lister) ([]any, error) {
	out := []any{}
	for it := l.Iterator(); it.HasNext() == types.True; {
		plain, present, err := toPlain(it.Next())
		if err != nil {
			return nil, err
		}
		if present {
			out = append(out, plain)
		}
	}
	return out, nil
}

// objectToPlain takes one of our own structures apart: contact, contact.consent, submission, and the elements of records. Read back as a map, its keys
// are sorted like all others.
func objectToPlain(v ref.Val) (any, bool, error) {
	if r, ok := v.Value().(*Record); ok && r != nil {
		return map[string]any{"key": r.Key, "body": r.Body}, true, nil
	}
	if v.Type().TypeName() != submissionType && v.Type().TypeName() != contactType && v.Type().TypeName() != consentType {
		return nil, false, errNoJSON
	}
	b, err := Marshal(v.Value())
	if err != nil {
		return nil, false, err
	}
	var plain any
	if err := json.Unmarshal(b, &plain); err != nil {
		return nil, false, errNoJSON
	}
	return plain, true, nil
}

// errNotJSON says that an answer is not one JSON value.
var errNotJSON = errors.New("not JSON")

// Parse reads an answer. Whole numbers become int64, or uint64 where they are larger: an id must not turn into 1.2e+10 on its way through an expression.
// Nothing, and white space, is null.
func Parse(body []byte) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, errNotJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	return numbers(v)
}

func numbers(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			if i, err := v.Int64(); err == nil {
				return i, nil
			}
			if u, err := strconv.ParseUint(v.String(), 10, 64); err == nil {
				return u, nil
			}
		}
		f, err := v.Float64()
		if err != nil {
			return nil, errNotJSON
		}
		return f, nil
	case []any:
		for i := range v {
			if v[i], err = numbers(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = numbers(v[k]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
