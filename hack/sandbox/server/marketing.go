package server

import (
	"encoding/json"
	"maps"
	"net/http"
)

// The states of a subscriber, and the field that remembers who ended the subscription.
const (
	subscribed     = "subscribed"
	unsubscribed   = "unsubscribed"
	statusField    = "status"
	personOptedOut = "unsubscribedByPerson"
)

// marketingUpsert makes the marketing system hold exactly the fields that are sent, under the address in the path. The
// field status may say subscribed (which is also the default) or unsubscribed; once the person has unsubscribed, it is
// not listened to.
func marketingUpsert(c call) answer {
	var fields map[string]any
	if err := json.Unmarshal(c.body, &fields); err != nil || fields == nil {
		return refusal(http.StatusBadRequest, "malformed", "send a JSON object")
	}
	a := marketingWrite(c.records, c.email, fields)
	a.records = 1
	return a
}

func marketingWrite(t *table, email string, fields map[string]any) answer {
	wanted := fields[statusField]
	if wanted == nil {
		wanted = subscribed
	}
	switch {
	case !validAddress(email):
		return refusal(http.StatusUnprocessableEntity, "invalid_email", "the address in the path is not valid")
	case fields["email"] != nil && !sameAddress(fields["email"], email):
		return refusal(http.StatusUnprocessableEntity, "email_mismatch", "the address in the body is not the one in the path")
	case wanted != subscribed && wanted != unsubscribed:
		return refusal(http.StatusUnprocessableEntity, "invalid_status", "status is neither subscribed nor unsubscribed")
	}
	r, created, err := t.put(email, func(current map[string]any) map[string]any {
		next := maps.Clone(fields)
		delete(next, personOptedOut)
		next[statusField] = wanted
		if current[personOptedOut] == true {
			next[statusField], next[personOptedOut] = unsubscribed, true
		}
		return next
	})
	if err != nil {
		return unsaved()
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return answer{status: status, body: map[string]any{"id": r.ID, "status": r.Fields[statusField]}}
}

// marketingUnsubscribe is what the link at the foot of a newsletter calls: the person's own word, which lasts.
func marketingUnsubscribe(c call) answer {
	r, found, err := c.records.update(c.email, func(current map[string]any) map[string]any {
		next := maps.Clone(current)
		next[statusField], next[personOptedOut] = unsubscribed, true
		return next
	})
	switch {
	case err != nil:
		return unsaved()
	case !found:
		return refusal(http.StatusNotFound, "not_found", "there is no record of this address")
	}
	return answer{status: http.StatusOK, body: map[string]any{"id": r.ID, "status": unsubscribed}, records: 1}
}

func marketingBatch(c call) answer { return batch(c, marketingWrite) }
