package server

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// Mode is the way in which a service fails.
type Mode string

// The modes.
const (
	// ModeOK answers as it should, after the latency.
	ModeOK Mode = "ok"
	// ModeReset breaks the connection with a TCP reset. Nothing is done.
	ModeReset Mode = "reset"
	// ModeHang takes the request and never answers. Nothing is done.
	ModeHang Mode = "hang"
	// ModeTimeout does what was asked, but keeps the answer back for longer than any client waits: the caller can't know.
	ModeTimeout Mode = "timeout"
	// ModeStatus answers with a status code. Nothing is done.
	ModeStatus Mode = "status"
)

// Fault says how a service treats its calls.
type Fault struct {
	Mode Mode `json:"mode"`
	// Status is the answer of ModeStatus; 503 when left out.
	Status int `json:"status,omitempty"`
	// RetryAfterSeconds is sent as Retry-After by ModeStatus, when it is not 0.
	RetryAfterSeconds int `json:"retryAfterSeconds,omitempty"`
	// Rate is the share of the calls that the fault and its latency hit, 0 to 1. Left out: every call.
	Rate *float64 `json:"rate,omitempty"`
	// LatencyMillis is waited before anything else.
	LatencyMillis int `json:"latencyMillis,omitempty"`
}

var errUnknownService = errors.New("no such service; there are verifier, locator, crm and marketing")

// complete fills in the defaults, or says what is wrong.
func (f Fault) complete() (Fault, error) {
	switch f.Mode {
	case "":
		f.Mode = ModeOK
	case ModeOK, ModeReset, ModeHang, ModeTimeout, ModeStatus:
	default:
		return f, errors.New("mode is none of ok, reset, hang, timeout and status")
	}
	if f.Mode == ModeStatus {
		if f.Status == 0 {
			f.Status = http.StatusServiceUnavailable
		}
		if f.Status < 200 || f.Status > 599 {
			return f, fmt.Errorf("status is %d; it must lie between 200 and 599", f.Status)
		}
	}
	if f.Rate != nil && !(*f.Rate >= 0 && *f.Rate <= 1) {
		return f, errors.New("rate must lie between 0 and 1")
	}
	if f.RetryAfterSeconds < 0 || f.LatencyMillis < 0 {
		return f, errors.New("retryAfterSeconds and latencyMillis can't be negative")
	}
	return f, nil
}

// hits draws whether this call is one of those that the fault applies to.
func (f Fault) hits() bool { return f.Rate == nil || rand.Float64() < *f.Rate }

func (f Fault) latency() time.Duration { return time.Duration(f.LatencyMillis) * time.Millisecond }
