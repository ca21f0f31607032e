package httpx

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// MaxRetryAfter is the longest wait that is taken from an answer. A service that asks for more is asked again after it.
const MaxRetryAfter = time.Hour

// RetryAfter reads the header Retry-After: whole seconds or an HTTP date. It is 0 when there is none, when it can't be read
// or lies in the past, and MaxRetryAfter at most.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	if strings.Trim(v, "0123456789") == "" {
		seconds, err := strconv.ParseInt(v, 10, 64)
		if err != nil || seconds > int64(MaxRetryAfter/time.Second) { // only too large a number can fail here
			return MaxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	t, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return min(max(t.Sub(now), 0), MaxRetryAfter)
}

// Classify says what a status code means where nothing else is known of the service. ok is true for success, which has no
// class.
func Classify(status int) (class provider.Class, ok bool) {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return provider.Auth, false
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return provider.Invalid, false
	case http.StatusConflict:
		return provider.Conflict, false
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return provider.Transient, false
	case http.StatusTooManyRequests:
		return provider.Throttled, false
	}
	switch status / 100 {
	case 2:
		return "", true
	case 5:
		return provider.Transient, false
	}
	return provider.Config, false
}

// StatusError is the failure that an answer's status stands for, with the wait that the answer asks for.
func StatusError(class provider.Class, r Response) *provider.Error {
	message := "the service answered with status " + strconv.Itoa(r.Status)
	if text := http.StatusText(r.Status); text != "" {
		message += " (" + text + ")"
	}
	switch {
	case class == provider.Auth:
		message += ": check the credentials and what they allow"
	case r.Status/100 == 3:
		message += ", a redirect, which is not followed: give the url that it leads to"
	case class == provider.Config:
		message += ": check the Integration's url, method and mapping"
	}
	return &provider.Error{Class: class, Message: message, RetryAfter: r.RetryAfter}
}
