package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// jsonRecords reads one JSON object a line. Nested objects become names with a dot, as in attributes.plan.
type jsonRecords struct{ lines *lines }

func (r *jsonRecords) next() (record, error) {
	l, err := r.lines.next()
	if err != nil {
		return record{}, err
	}
	rec := record{line: l.number, raw: string(l.text)}
	switch {
	case l.tooLong:
		rec.raw, rec.problem = rec.raw[:maxRaw], fmt.Sprintf("the line is longer than %d KiB", maxLine>>10)
		return rec, nil
	case len(bytes.TrimSpace(l.text)) == 0:
		rec.blank = true
		return rec, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(l.text))
	decoder.UseNumber()
	object := map[string]any{}
	if err := decoder.Decode(&object); err != nil {
		rec.problem = "it is no JSON object"
		return rec, nil
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		rec.problem = "there is more than one JSON object in it"
		return rec, nil
	}
	flat := map[string]string{}
	if err := flatten("", object, flat); err != nil {
		rec.problem = err.Error()
		return rec, nil
	}
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		rec.names, rec.values = append(rec.names, name), append(rec.values, flat[name])
	}
	rec.blank = strings.TrimSpace(strings.Join(rec.values, "")) == ""
	return rec, nil
}

// flatten writes the values of an object, and of those in it, as texts.
func flatten(prefix string, object map[string]any, into map[string]string) error {
	for key, value := range object {
		name := prefix + key
		switch v := value.(type) {
		case nil:
		case string:
			into[name] = v
		case json.Number:
			into[name] = v.String()
		case bool:
			into[name] = fmt.Sprint(v)
		case map[string]any:
			if strings.Count(name, ".") > 2 {
				return errors.New("its objects are nested too deeply")
			}
			if err := flatten(name+".", v, into); err != nil {
				return err
			}
		case []any:
			var texts []string
			for _, item := range v {
				text, ok := item.(string)
				if !ok {
					return fmt.Errorf("the list %q holds something else than texts", name)
				}
				texts = append(texts, text)
			}
			into[name] = strings.Join(texts, ", ")
		}
	}
	return nil
}
