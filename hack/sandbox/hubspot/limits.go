package hubspot

import (
	"net/http"
	"strconv"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const window = 10 * time.Second

// count counts a call, or refuses it for one of the limits.
func (a *account) count() (refused server.VendorAnswer, over bool) {
	now := a.Now()
	for len(a.calls) > 0 && now.Sub(a.calls[0]) >= window {
		a.calls = a.calls[1:]
	}
	if day := now.UTC().Truncate(24 * time.Hour); !day.Equal(a.day) {
		a.day, a.today = day, 0
	}
	switch {
	case a.PerDay > 0 && a.today >= a.PerDay:
		return a.limited("DAILY", "You have reached your daily limit."), true
	case a.PerTenSeconds > 0 && len(a.calls) >= a.PerTenSeconds:
		return a.limited("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit."), true
	}
	a.calls, a.today = append(a.calls, now), a.today+1
	return server.VendorAnswer{}, false
}

// limited is the one error body that has an errorType in the place of a category.
func (a *account) limited(policy, message string) server.VendorAnswer {
	id := a.correlationID()
	return server.VendorAnswer{
		Status: http.StatusTooManyRequests, Header: a.limits(),
		Body: map[string]any{
			"status": "error", "message": message, "errorType": "RATE_LIMIT", "correlationId": id, "policyName": policy, "requestId": id,
		},
	}
}

// limits are the headers that every answer has but those of a search.
func (a *account) limits() http.Header {
	h := http.Header{}
	if a.PerTenSeconds > 0 {
		h.Set("X-HubSpot-RateLimit-Max", strconv.Itoa(a.PerTenSeconds))
		h.Set("X-HubSpot-RateLimit-Remaining", strconv.Itoa(a.PerTenSeconds-len(a.calls)))
		h.Set("X-HubSpot-RateLimit-Interval-Milliseconds", strconv.Itoa(int(window/time.Millisecond)))
	}
	if a.PerDay > 0 {
		h.Set("X-HubSpot-RateLimit-Daily", strconv.Itoa(a.PerDay))
		h.Set("X-HubSpot-RateLimit-Daily-Remaining", strconv.Itoa(a.PerDay-a.today))
	}
	return h
}
