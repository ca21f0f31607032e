// Package verification is what the adapters of e-mail verification services have in common.
package verification

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/mail"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// Object reads an answer that has to be one JSON object, and tells whether it is.
func Object(body []byte, into any) bool {
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return false // null and a list would be read into nothing
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if d.Decode(into) != nil {
		return false
	}
	_, err := d.Token()
	return errors.Is(err, io.EOF)
}

// Mailbox says what kind of mail service an address belongs to, where a service tells whether it is a public one.
func Mailbox(free *bool) string {
	switch {
	case free == nil:
		return ""
	case *free:
		return "Free"
	}
	return "Own"
}

// maxSuggestion is the longest suggestion that status takes.
const maxSuggestion = 320

// Suggestion is the address that a service takes for the one that was meant. What is no address, or the one that was asked
// for, is none.
func Suggestion(meant, asked string) string {
	meant = strings.TrimSpace(meant)
	parsed, err := mail.ParseAddress(meant)
	if err != nil || parsed.Address != meant || len(meant) > maxSuggestion || strings.EqualFold(meant, asked) {
		return ""
	}
	return meant
}

// margin is what is left of a deadline for the way to the service and back.
const margin = 2 * time.Second

// Patience is how long a service may try to reach a verdict: a little less than the call has left, within the bounds that
// the service sets. Told so, it answers in time that it does not know; left to itself, it would let the deadline pass, which
// counts as a failure of the service. It is 0 where the call has no deadline.
func Patience(ctx context.Context, least, most time.Duration) time.Duration {
	deadline, found := ctx.Deadline()
	if !found {
		return 0
	}
	return min(max(time.Until(deadline)-margin, least), most)
}

// Unreadable is the failure that an answer can't be understood. vendor is its name for people, field the place of its url.
func Unreadable(vendor, field string) *provider.Error {
	return provider.Errorf(provider.Transient,
		"the answer is not one of %s's API: check that %s leads there, and what stands between", vendor, field)
}

// NoAPI is the failure that there is nothing of the vendor's at the url.
func NoAPI(vendor, field string, res httpx.Response) *provider.Error {
	return provider.Errorf(provider.Config,
		"there is no API of %s at %s (status %d): give the address that the documentation of this provider names", vendor, field, res.Status)
}
