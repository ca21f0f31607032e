package source

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"
)

// webflow signs time and body: x-webflow-signature is the HMAC-SHA256, in hex, over x-webflow-timestamp (milliseconds), a
// colon and the body. Webhooks that were made in the dashboard may carry no signature; those are refused.
type webflow struct{}

func (webflow) Verify(p Post, secrets []string, now time.Time) error {
	encoded, at := p.Header.Get("X-Webflow-Signature"), p.Header.Get("X-Webflow-Timestamp")
	if encoded == "" {
		return unverified("the header x-webflow-signature is missing: webhooks that are made in the dashboard may have none; make it through the API")
	}
	signature, err := hex.DecodeString(encoded)
	if err != nil || !signed(keysOf(secrets), [][]byte{signature}, []byte(at+":"), p.Body) {
		return unverified("x-webflow-signature is not right")
	}
	return inWindow(at, time.Millisecond, now)
}

// Decode reads a form_submission. Its fields are named by their labels.
func (webflow) Decode(p Post) (Delivery, error) {
	o, err := object(p.Body)
	if err != nil {
		return Delivery{}, err
	}
	if kind := text(o["triggerType"]); kind != "" && kind != "form_submission" {
		return Delivery{NoSubmission: true}, nil
	}
	payload, ok := o["payload"].(map[string]any)
	if !ok {
		return unfamiliar(p, o), nil
	}
	data, ok := payload["data"].(map[string]any)
	if !ok {
		return unfamiliar(p, o), nil
	}
	d := Delivery{Key: text(payload["id"]), SubmittedAt: timeOf(payload["submittedAt"])}
	if d.Key == "" {
		d.Key = bodyKey(p.Body)
	}
	for _, label := range slices.Sorted(maps.Keys(data)) {
		d.Answers = appendAnswer(d.Answers, Answer{Names: []string{strings.TrimSpace(label)}, Label: label, Values: texts(data[label])})
	}
	return d, nil
}
