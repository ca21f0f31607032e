package source

import (
	"encoding/base64"
	"strings"
	"time"
)

// standardWebhooks is the signature of www.standardwebhooks.com, version 1.0.0 of the specification: HMAC-SHA256 over
// id.timestamp.body, with a secret in base64 after "whsec_". Svix's own headers differ in their names alone.
//
// Asymmetric signatures (v1a) are not known: they are passed over like every version that is not v1.
type standardWebhooks struct{}

// The lengths of a secret's key that the specification allows, in bytes.
const (
	minStandardKey = 24
	maxStandardKey = 64
)

// standardHeader returns one of the three headers.
func standardHeader(p Post, name string) string {
	if v := p.Header.Get("webhook-" + name); v != "" {
		return v
	}
	return p.Header.Get("svix-" + name)
}

func (standardWebhooks) Verify(p Post, secrets []string, now time.Time) error {
	keys := make([][]byte, 0, len(secrets))
	for _, s := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "whsec_"))
		if err != nil || len(key) < minStandardKey || len(key) > maxStandardKey {
			return &UnusableSecret{"a secret of Standard Webhooks is 24 to 64 bytes in base64, usually after whsec_; it is not a text of one's own choice"}
		}
		keys = append(keys, key)
	}
	id, at := standardHeader(p, "id"), standardHeader(p, "timestamp")
	if id == "" || strings.Contains(id, ".") {
		return unverified("the header webhook-id is missing, or has a dot")
	}
	var signatures [][]byte
	for entry := range strings.FieldsSeq(standardHeader(p, "signature")) {
		encoded, isV1 := strings.CutPrefix(entry, "v1,")
		if signature, err := base64.StdEncoding.DecodeString(encoded); isV1 && err == nil && len(signatures) < maxSignatures {
			signatures = append(signatures, signature)
		}
	}
	if !signed(keys, signatures, []byte(id+"."+at+"."), p.Body) {
		return unverified("no v1 signature in webhook-signature is right")
	}
	return inWindow(at, time.Second, now)
}

// Decode takes the members of data as answers, under the names that a submission itself has: email, name, attributes.plan,
// consent.marketing. A body without data is taken whole.
func (standardWebhooks) Decode(p Post) (Delivery, error) {
	o, err := object(p.Body)
	if err != nil {
		return Delivery{}, err
	}
	d := Delivery{Key: standardHeader(p, "id"), SubmittedAt: timeOf(o["timestamp"])}
	data, nested := o["data"].(map[string]any)
	if !nested {
		data = o
	}
	d.Answers = spread("", data)
	return d, nil
}
