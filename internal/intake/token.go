package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// claims are what a token says: which pipeline's form this browser has sent, for which Contact, and which fields it
// filled in. It names the Contact by the hash that is its name, and holds nothing that was typed.
type claims struct {
	Namespace string `json:"n"`
	Pipeline  string `json:"p"`
	// Contact is the name of the Contact.
	Contact string `json:"c"`
	// Expires is in seconds since 1970.
	Expires int64 `json:"x"`
	// Sent lists the submissions of this browser, oldest first, each with the fields that it was the last to fill in.
	Sent []sent `json:"s"`
}

// sent is one submission.
type sent struct {
	// ID is the submission's name.
	ID string `json:"i"`
	// At is when it was accepted, in microseconds since 1970.
	At int64 `json:"t"`
	// Fields are the initials of the fields that were filled in.
	Fields string `json:"f"`
}

// tokenFields are the fields that a token speaks of, with the letter that stands for each.
var tokenFields = []struct {
	letter byte
	name   string
}{
	{'n', "name"},
	{'e', "email"},
	{'c', "company"},
	{'p', "phone"},
	{'l', "country"},
	{'m', fieldConsentMarketing},
}

// sentFields returns the letters of the fields that a submission fills in.
func sentFields(s *Submission) string {
	var letters []byte
	for _, f := range tokenFields {
		filled := f.name == fieldConsentMarketing && s.Consent != nil
		if field := textField(f.name); field != nil {
			filled = *field.value(s) != ""
		}
		if filled {
			letters = append(letters, f.letter)
		}
	}
	return string(letters)
}

// add returns the claims with one more submission. The address counts from the first submission that gave it, every
// other field from the last.
func (c claims) add(next sent) claims {
	kept := make([]sent, 0, len(c.Sent)+1)
	for _, s := range c.Sent {
		s.Fields = without(s.Fields, strings.ReplaceAll(next.Fields, "e", ""))
		next.Fields = without(next.Fields, s.Fields)
		if s.Fields != "" {
			kept = append(kept, s)
		}
	}
	if next.Fields != "" {
		kept = append(kept, next)
	}
	c.Sent = kept
	return c
}

// without returns the letters of a that are not in b.
func without(a, b string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(b, r) {
			return -1
		}
		return r
	}, a)
}

// of returns the submission that filled in a field, or nil.
func (c *claims) of(field string) *sent {
	for _, f := range tokenFields {
		if f.name != field {
			continue
		}
		for i := range c.Sent {
			if strings.IndexByte(c.Sent[i].Fields, f.letter) >= 0 {
				return &c.Sent[i]
			}
		}
	}
	return nil
}

const (
	// tokenPrefix says how a token is built, and keeps its signature from serving for anything else.
	tokenPrefix = "v1."
	// maxToken bounds what is decoded, in bytes. Ours have less than 1000.
	maxToken = 2048
)

// keyring holds the keys of tokens: the first signs, each verifies.
type keyring [][]byte

// sign writes claims as a token. "" without a key.
func (k keyring) sign(c claims) string {
	if len(k) == 0 {
		return ""
	}
	payload, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	signed := tokenPrefix + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac(k[0], signed))
}

// verify reads a token that this keyring signed and that has not expired. Nothing of it is looked at before its
// signature has been checked.
func (k keyring) verify(token string, now time.Time) (*claims, bool) {
	if len(token) > maxToken || !strings.HasPrefix(token, tokenPrefix) {
		return nil, false
	}
	dot := strings.LastIndexByte(token, '.')
	signed := token[:dot]
	signature, err := base64.RawURLEncoding.Strict().DecodeString(token[dot+1:])
	if err != nil || !slices.ContainsFunc(k, func(key []byte) bool { return hmac.Equal(signature, mac(key, signed)) }) {
		return nil, false
	}
	payload, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(signed, tokenPrefix))
	if err != nil {
		return nil, false
	}
	c := &claims{}
	if json.Unmarshal(payload, c) != nil || now.Unix() >= c.Expires {
		return nil, false
	}
	return c, true
}

func mac(key []byte, signed string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("contact-intake token\n" + signed))
	return h.Sum(nil)
}
