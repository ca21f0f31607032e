package source

import (
	"encoding/base64"
	"strings"
	"time"
)

// tally signs the body: Tally-Signature is the HMAC-SHA256 in base64, without a prefix. There is no time in it: a repetition
// meets the submission of the same id.
type tally struct{}

func (tally) Verify(p Post, secrets []string, _ time.Time) error {
	encoded := p.Header.Get("Tally-Signature")
	if encoded == "" {
		return unverified("the header Tally-Signature is missing: was the webhook given a signing secret?")
	}
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !signed(keysOf(secrets), [][]byte{signature}, p.Body) {
		return unverified("Tally-Signature is not right")
	}
	return nil
}

// Decode reads a FORM_RESPONSE.
func (tally) Decode(p Post) (Delivery, error) {
	o, err := object(p.Body)
	if err != nil {
		return Delivery{}, err
	}
	if kind := text(o["eventType"]); kind != "" && kind != "FORM_RESPONSE" {
		return Delivery{NoSubmission: true}, nil
	}
	data, ok := o["data"].(map[string]any)
	if !ok {
		return unfamiliar(p, o), nil
	}
	d := Delivery{Key: firstOf(text(data["submissionId"]), text(data["responseId"]), text(o["eventId"]))}
	if d.Key == "" {
		d.Key = bodyKey(p.Body)
	}
	if d.SubmittedAt = timeOf(data["createdAt"]); d.SubmittedAt.IsZero() {
		d.SubmittedAt = timeOf(o["createdAt"])
	}
	fields, _ := data["fields"].([]any)
	for i, item := range fields {
		f, ok := item.(map[string]any)
		if !ok {
			continue
		}
		answer := tallyAnswer(f)
		answer.Secondary = tallyRepeats(fields[:i], f)
		d.Answers = appendAnswer(d.Answers, answer)
	}
	return d, nil
}

func tallyAnswer(f map[string]any) Answer {
	key, label := text(f["key"]), text(f["label"])
	answer := Answer{Names: []string{key, label}, Label: firstOf(label, key)}
	switch text(f["type"]) {
	case "INPUT_EMAIL":
		answer.Hint = HintEmail
	case "INPUT_PHONE_NUMBER":
		answer.Hint = HintPhone
	case "CHECKBOXES":
		// A box that is not ticked is no answer: above all no refusal.
		if ticked, isBox := f["value"].(bool); isBox && !ticked {
			return answer
		}
	}
	answer.Values = chosen(f["value"], f["options"])
	return answer
}

// chosen turns the ids of chosen options into what the person read. Uploads are told by their address.
func chosen(value, options any) []string {
	names := map[string]string{}
	list, _ := options.([]any)
	for _, item := range list {
		if o, ok := item.(map[string]any); ok {
			names[text(o["id"])] = text(o["text"])
		}
	}
	values := texts(value)
	if items, isList := value.([]any); isList {
		values = nil
		for _, item := range items {
			if upload, ok := item.(map[string]any); ok && text(upload["url"]) != "" {
				values = append(values, text(upload["url"]))
				continue
			}
			values = append(values, texts(item)...)
		}
	}
	for i, v := range values {
		if name := names[v]; name != "" {
			values[i] = name
		}
	}
	return values
}

// tallyRepeats tells whether a field says again, for one box of several, what the field of all boxes has said: its key is that
// one's with the option's id behind it.
func tallyRepeats(before []any, f map[string]any) bool {
	if _, isBox := f["value"].(bool); !isBox || text(f["type"]) != "CHECKBOXES" {
		return false
	}
	for _, item := range before {
		whole, _ := item.(map[string]any)
		key := text(whole["key"])
		if _, isList := whole["value"].([]any); !isList || key == "" {
			continue
		}
		options, _ := whole["options"].([]any)
		for _, option := range options {
			o, _ := option.(map[string]any)
			if id := text(o["id"]); id != "" && strings.EqualFold(text(f["key"]), key+"_"+id) {
				return true
			}
		}
	}
	return false
}
