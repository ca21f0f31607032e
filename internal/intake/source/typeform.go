package source

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"
)

// typeform signs the body: Typeform-Signature is sha256= and the HMAC-SHA256 in base64, keyed with the secret as it was typed.
// There is no time in it: a repetition meets the submission of the same token.
type typeform struct{}

func (typeform) Verify(p Post, secrets []string, _ time.Time) error {
	encoded, prefixed := strings.CutPrefix(p.Header.Get("Typeform-Signature"), "sha256=")
	if !prefixed {
		return unverified("the header Typeform-Signature is missing: was the webhook given a secret?")
	}
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !signed(keysOf(secrets), [][]byte{signature}, p.Body) {
		return unverified("Typeform-Signature is not right")
	}
	return nil
}

// Decode reads a form_response. Questions that were skipped are absent; all may be.
func (typeform) Decode(p Post) (Delivery, error) {
	o, err := object(p.Body)
	if err != nil {
		return Delivery{}, err
	}
	if kind := text(o["event_type"]); kind != "" && kind != "form_response" {
		return Delivery{NoSubmission: true}, nil // an answer that is not finished: it is posted again when it is
	}
	response, ok := o["form_response"].(map[string]any)
	if !ok {
		return unfamiliar(p, o), nil
	}
	d := Delivery{Key: text(response["token"]), SubmittedAt: timeOf(response["submitted_at"])}
	if d.Key == "" {
		d.Key = text(o["event_id"])
	}
	if d.Key == "" {
		d.Key = bodyKey(p.Body)
	}
	titles := typeformTitles(response["definition"])
	given, _ := response["answers"].([]any)
	for _, item := range given {
		if a, ok := item.(map[string]any); ok {
			d.Answers = appendAnswer(d.Answers, typeformAnswer(a, titles))
		}
	}
	hidden, _ := response["hidden"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(hidden)) {
		d.Answers = appendAnswer(d.Answers, Answer{Names: []string{name, "hidden." + name}, Label: name, Values: texts(hidden[name])})
	}
	return d, nil
}

// typeformTitles are the questions, by the id of their field. Blocks that ask several things hold fields of their own.
func typeformTitles(definition any) map[string]string {
	titles := map[string]string{}
	var collect func(v any)
	collect = func(v any) {
		fields, _ := v.([]any)
		for _, item := range fields {
			f, _ := item.(map[string]any)
			titles[text(f["id"])] = text(f["title"])
			if properties, ok := f["properties"].(map[string]any); ok {
				collect(properties["fields"])
			}
		}
	}
	if d, ok := definition.(map[string]any); ok {
		collect(d["fields"])
	}
	return titles
}

// typeformAnswer reads one answer. Its value stands under the key that its type names; that type is not the field's.
func typeformAnswer(a map[string]any, titles map[string]string) Answer {
	field, _ := a["field"].(map[string]any)
	id, ref, kind := text(field["id"]), text(field["ref"]), text(a["type"])
	answer := Answer{Names: []string{ref, id, titles[id]}, Label: firstOf(titles[id], ref, id)}
	switch kind {
	case "email":
		answer.Hint = HintEmail
	case "phone_number":
		answer.Hint = HintPhone
	}
	switch value := a[kind].(type) {
	case map[string]any:
		// choice: {label} or {other}; choices: {labels, other}. Ids and refs of the choices say nothing to people.
		for _, part := range []string{"label", "labels", "other"} {
			answer.Values = append(answer.Values, texts(value[part])...)
		}
		if len(answer.Values) == 0 {
			answer.Values = texts(value)
		}
	default:
		answer.Values = texts(value)
	}
	return answer
}

// appendAnswer leaves out what is no answer, and names that are none.
func appendAnswer(all []Answer, a Answer) []Answer {
	if len(a.Values) == 0 {
		return all
	}
	a.Names = slices.DeleteFunc(a.Names, func(name string) bool { return name == "" })
	return append(all, a)
}

func firstOf(all ...string) string {
	for _, s := range all {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	return ""
}
