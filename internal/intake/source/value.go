package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// decodeJSON reads a body in which numbers keep every digit.
func decodeJSON(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return &Unreadable{"The body is not the JSON that is expected here."}
	}
	if d.More() {
		return &Unreadable{"Something follows the JSON document in the body."}
	}
	return nil
}

// object reads a body that is a JSON object.
func object(body []byte) (map[string]any, error) {
	var whole any
	if err := decodeJSON(body, &whole); err != nil {
		return nil, err
	}
	o, ok := whole.(map[string]any)
	if !ok {
		return nil, &Unreadable{"The body has to be a JSON object."}
	}
	return o, nil
}

// texts turns a JSON value into the texts of one answer. Nested objects are spelled "name: value".
func texts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		if strings.TrimSpace(v) == "" {
			return nil
		}
		return []string{v}
	case bool:
		return []string{strconv.FormatBool(v)}
	case json.Number:
		return []string{v.String()}
	case []any:
		var all []string
		for _, item := range v {
			if nested, isObject := item.(map[string]any); isObject {
				if text := strings.Join(texts(nested), ", "); text != "" {
					all = append(all, text)
				}
				continue
			}
			all = append(all, texts(item)...)
		}
		return all
	case map[string]any:
		var all []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if text := strings.Join(texts(v[name]), ", "); text != "" {
				all = append(all, name+": "+text)
			}
		}
		return all
	}
	return nil
}

// text is the first text of a value.
func text(v any) string {
	if all := texts(v); len(all) > 0 {
		return all[0]
	}
	return ""
}

// spread turns an object into answers, nested ones with a dot between the names. The order is that of the names.
func spread(prefix string, o map[string]any) []Answer {
	var answers []Answer
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if nested, isObject := o[name].(map[string]any); isObject {
			answers = append(answers, spread(prefix+name+".", nested)...)
			continue
		}
		if values := texts(o[name]); len(values) > 0 {
			answers = append(answers, Answer{Names: []string{prefix + name}, Label: prefix + name, Values: values})
		}
	}
	return answers
}

// unfamiliar keeps a signed post whose shape is not the one that is known: every value of it becomes an answer.
func unfamiliar(p Post, o map[string]any) Delivery {
	return Delivery{Key: bodyKey(p.Body), Answers: spread("", o)}
}

// bodyKey stands for the name of a submission where the tool gives none: what is delivered twice has the same body.
func bodyKey(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// timeOf reads a time after RFC 3339; zero when it is none.
func timeOf(v any) time.Time {
	s, _ := v.(string)
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
