package source

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// jotform signs nothing. What stands for a signature is a token in the address, ?token=, that nobody can guess.
type jotform struct{}

const (
	// minToken is the least length of such a token.
	minToken = 24
	// maxParts bounds the parts of a post.
	maxParts = 256
)

func (jotform) Verify(p Post, secrets []string, _ time.Time) error {
	given := sha256.Sum256([]byte(p.Query.Get("token")))
	found := 0
	for _, s := range secrets {
		if len(s) < minToken {
			return &UnusableSecret{"the token of a Jotform source has 24 characters or more: make one with openssl rand -hex 24"}
		}
		want := sha256.Sum256([]byte(s))
		found |= subtle.ConstantTimeCompare(given[:], want[:])
	}
	if found == 0 {
		return unverified("the token in the address is missing or not right")
	}
	return nil
}

// Decode reads the answers out of rawRequest, a JSON document in a field of the form.
func (jotform) Decode(p Post) (Delivery, error) {
	form, err := jotformParts(p)
	if err != nil {
		return Delivery{}, err
	}
	d := Delivery{Key: firstOf(form.Get("submissionID"), form.Get("submissionId")), RemoteIP: form.Get("ip")}
	if d.Key == "" {
		d.Key = bodyKey(p.Body)
	}
	raw := form.Get("rawRequest")
	if raw == "" {
		return Delivery{}, &Unreadable{"There is no rawRequest in the post."}
	}
	o, err := object([]byte(raw))
	if err != nil {
		return Delivery{}, &Unreadable{"rawRequest is not a JSON object."}
	}
	names := slices.SortedFunc(maps.Keys(o), func(a, b string) int {
		if n := questionNumber(a) - questionNumber(b); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		if questionNumber(name) == 0 {
			continue // the tool's own: slug, path, event_id, and the address with the token in it
		}
		d.Answers = appendAnswer(d.Answers, jotformAnswer(name, o[name]))
	}
	return d, nil
}

// jotformParts reads the fields of a multipart or url-encoded form, in memory. Files are not sent by webhooks; parts that
// claim to be some are passed over.
func jotformParts(p Post) (url.Values, error) {
	broken := &Unreadable{"The post is no form, or a part of it is broken."}
	mediaType, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
	if err == nil && mediaType == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(p.Body))
		if err != nil {
			return nil, broken
		}
		return form, nil
	}
	if err != nil || mediaType != "multipart/form-data" || params["boundary"] == "" {
		return nil, broken
	}
	form, reader := url.Values{}, multipart.NewReader(bytes.NewReader(p.Body), params["boundary"])
	for range maxParts {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return form, nil
		}
		if err != nil {
			return nil, broken
		}
		content, err := io.ReadAll(part) // of a body that is bounded and in memory
		if err != nil {
			return nil, broken
		}
		if part.FileName() == "" {
			form.Add(part.FormName(), string(content))
		}
	}
	return nil, &Unreadable{"The post has too many parts."}
}

// questionNumber is that of a key like q3_name; 0 for other keys.
func questionNumber(key string) int {
	digits, _, found := strings.Cut(strings.TrimPrefix(key, "q"), "_")
	n, err := strconv.Atoi(digits)
	if !found || !strings.HasPrefix(key, "q") || err != nil || n < 0 {
		return 0
	}
	return n
}

// jotformAnswer reads one answer, q<number>_<name>. A name has parts that belong together; so have a phone number and a date.
func jotformAnswer(key string, v any) Answer {
	_, name, _ := strings.Cut(key, "_")
	answer := Answer{Names: []string{key, name}, Label: name, Values: texts(v)}
	parts, isObject := v.(map[string]any)
	if !isObject {
		return answer
	}
	if full := text(parts["full"]); full != "" {
		answer.Values, answer.Hint = []string{full}, HintPhone
		return answer
	}
	if parts["first"] != nil || parts["last"] != nil {
		var whole []string
		for _, part := range []string{"prefix", "first", "middle", "last", "suffix"} {
			whole = append(whole, texts(parts[part])...)
		}
		answer.Values, answer.Hint = nil, HintName
		if len(whole) > 0 {
			answer.Values = []string{strings.Join(whole, " ")}
		}
		return answer
	}
	if area, phone := text(parts["area"]), text(parts["phone"]); phone != "" {
		answer.Values, answer.Hint = []string{strings.TrimSpace(area + " " + phone)}, HintPhone
	}
	return answer
}
