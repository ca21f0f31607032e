package source

import (
	"encoding/base64"
	"strings"
	"time"
)

// hubspot is the action of a HubSpot workflow that sends a contact to an address, for example one that begins with the
// submission of a form. X-HubSpot-Signature-v3 is the HMAC-SHA256 in base64, keyed with the app's client secret, over method,
// address, body and X-HubSpot-Request-Timestamp (milliseconds). The address is the one that was entered at HubSpot: behind a
// proxy, the one that arrives here is another.
type hubspot struct{}

// hubspotDecoded are the characters that HubSpot signs as themselves where the address has them escaped.
var hubspotDecoded = strings.NewReplacer(
	"%3A", ":", "%2F", "/", "%3F", "?", "%40", "@", "%21", "!", "%24", "$", "%27", "'", "%28", "(", "%29", ")", "%2A", "*", "%2C", ",", "%3B", ";",
	"%3a", ":", "%2f", "/", "%3f", "?", "%2a", "*", "%2c", ",", "%3b", ";",
)

func (hubspot) Verify(p Post, secrets []string, now time.Time) error {
	if p.URL == "" {
		return &UnusableSecret{"url is not set: HubSpot signs the address that it calls"}
	}
	encoded, at := p.Header.Get("X-HubSpot-Signature-v3"), p.Header.Get("X-HubSpot-Request-Timestamp")
	if encoded == "" {
		return unverified("the header X-HubSpot-Signature-v3 is missing: does the action send a request signature?")
	}
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !signed(keysOf(secrets), [][]byte{signature}, []byte("POST"+hubspotDecoded.Replace(p.URL)), p.Body, []byte(at)) {
		return unverified("X-HubSpot-Signature-v3 is not right; it covers the address, too: is url the one that was entered at HubSpot?")
	}
	return inWindow(at, time.Millisecond, now)
}

// Decode reads a contact: its properties, each a value or an object with one, or the flat body of an action that sends chosen
// properties. There is no name of the submission in it: the body stands for one.
//
// The events of a webhook subscription are a list without any contact in it. They are refused, so that whoever set this up
// sees it at HubSpot.
func (hubspot) Decode(p Post) (Delivery, error) {
	var whole any
	if err := decodeJSON(p.Body, &whole); err != nil {
		return Delivery{}, err
	}
	o, ok := whole.(map[string]any)
	if !ok {
		return Delivery{}, &Unreadable{"These are events of a webhook subscription, which hold no contact. Send the contact from a workflow instead."}
	}
	d := Delivery{Key: bodyKey(p.Body)}
	properties, nested := o["properties"].(map[string]any)
	if !nested {
		d.Answers = spread("", o)
	} else {
		flat := make(map[string]any, len(properties))
		for name, v := range properties {
			if property, ok := v.(map[string]any); ok {
				v = property["value"] // beside it are its earlier versions
			}
			flat[name] = v
		}
		d.Answers = spread("", flat)
	}
	first, last := "", ""
	for i := range d.Answers {
		a := &d.Answers[i]
		switch a.Label {
		case "email":
			a.Hint = HintEmail
		case "phone", "mobilephone":
			a.Hint = HintPhone
		case "firstname":
			first, a.Secondary = a.Values[0], true
		case "lastname":
			last, a.Secondary = a.Values[0], true
		default:
			a.Secondary = nested && strings.HasPrefix(a.Label, "hs_") // HubSpot's own, by the hundred
		}
	}
	if name := strings.TrimSpace(first + " " + last); name != "" {
		d.Answers = append(d.Answers, Answer{Label: "name", Values: []string{name}, Hint: HintName, Secondary: true})
	}
	return d, nil
}
