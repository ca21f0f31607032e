package httpx

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		value string
		want  time.Duration
	}{
		"none":                  {"", 0},
		"seconds":               {"7", 7 * time.Second},
		"seconds with blanks":   {" 7 ", 7 * time.Second},
		"zero":                  {"0", 0},
		"negative":              {"-5", 0},
		"signed":                {"+5", 0},
		"fraction":              {"1.5", 0},
		"text":                  {"soon", 0},
		"an hour":               {"3600", time.Hour},
		"more than an hour":     {"3601", time.Hour},
		"would overflow":        {"9223372036854775807", time.Hour},
		"no number is that big": {"99999999999999999999999999", time.Hour},
		"date":                  {"Thu, 05 Nov 2026 12:01:30 GMT", 90 * time.Second},
		"date, RFC 850":         {"Thursday, 05-Nov-26 12:01:30 GMT", 90 * time.Second},
		"date, asctime":         {"Thu Nov  5 12:01:30 2026", 90 * time.Second},
		"date in the past":      {"Thu, 05 Nov 2026 11:59:00 GMT", 0},
		"date far ahead":        {"Fri, 05 Nov 2027 12:00:00 GMT", time.Hour},
		"RFC 3339 is no date":   {"2026-11-05T12:01:30Z", 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := RetryAfter(http.Header{"Retry-After": {tc.value}}, now)
			if got != tc.want {
				t.Errorf("RetryAfter(%q) = %v, want %v", tc.value, got, tc.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "7", "-1", "99999999999999999999", "Thu, 05 Nov 2026 12:01:30 GMT", "\x00", "１"} {
		f.Add(seed)
	}
	now := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		if got := RetryAfter(http.Header{"Retry-After": {value}}, now); got < 0 || got > MaxRetryAfter {
			t.Errorf("RetryAfter(%q) = %v, outside 0 to %v", value, got, MaxRetryAfter)
		}
	})
}

func TestClassify(t *testing.T) {
	t.Parallel()
	special := map[int]provider.Class{
		400: provider.Invalid, 413: provider.Invalid, 422: provider.Invalid,
		401: provider.Auth, 403: provider.Auth,
		408: provider.Transient, 425: provider.Transient,
		409: provider.Conflict,
		429: provider.Throttled,
	}
	for status := 100; status < 700; status++ {
		want, wantOK := provider.Config, false
		switch {
		case special[status] != "":
			want = special[status]
		case status >= 200 && status < 300:
			want, wantOK = "", true
		case status >= 500 && status < 600:
			want = provider.Transient
		}
		if class, ok := Classify(status); class != want || ok != wantOK {
			t.Errorf("Classify(%d) = %q, %v; want %q, %v", status, class, ok, want, wantOK)
		}
	}
}

func TestStatusError(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		class    provider.Class
		response Response
		want     provider.Error
	}{
		"throttled": {
			provider.Throttled,
			Response{Status: 429, RetryAfter: time.Minute},
			provider.Error{Class: provider.Throttled, Message: "the service answered with status 429 (Too Many Requests)", RetryAfter: time.Minute},
		},
		"a status without a name": {
			provider.Transient,
			Response{Status: 599},
			provider.Error{Class: provider.Transient, Message: "the service answered with status 599"},
		},
		"credentials": {
			provider.Auth,
			Response{Status: 401},
			provider.Error{Class: provider.Auth, Message: "the service answered with status 401 (Unauthorized): check the credentials and what they allow"},
		},
		"redirect": {
			provider.Config,
			Response{Status: 302, Header: http.Header{"Location": {"https://elsewhere.example/"}}},
			provider.Error{Class: provider.Config, Message: "the service answered with status 302 (Found), a redirect, which is not followed: give the url that it leads to"},
		},
		"wrong path": {
			provider.Config,
			Response{Status: 404},
			provider.Error{Class: provider.Config, Message: "the service answered with status 404 (Not Found): check the Integration's url, method and mapping"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(&tc.want, StatusError(tc.class, tc.response)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
