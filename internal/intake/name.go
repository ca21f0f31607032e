package intake

import (
	"encoding/json"
	"fmt"

	"github.com/contact-operator/contact-operator/internal/contact"
)

// intakeDoor is the part of the name that keeps submissions of the form and JSON contract apart from those of other doors.
const intakeDoor = "intake"

// nameFor computes the name of a submission that came with an idempotency key: the same key with the same content in the
// same pipeline always gives the same name, so that a replay meets its own object; anything else gives another name.
//
// It covers what was sent, not what is observed or defaulted (time, address, browser, the pipeline's channel): those may
// differ between two tries of one submission.
func nameFor(namespace, pipeline, key string, s *Submission) (string, error) {
	payload, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encode the canonical payload: %w", err)
	}
	return contact.SubmissionName(namespace, pipeline, intakeDoor, key, payload), nil
}

// newKey returns a fresh idempotency key; it serves as a random name, too.
func newKey() string { return contact.RandomName() }

// maxKeyLength is the longest idempotency key, in bytes.
const maxKeyLength = 255

// validKey says whether key has 1 to 255 visible ASCII characters.
func validKey(key string) bool {
	if key == "" || len(key) > maxKeyLength {
		return false
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}
