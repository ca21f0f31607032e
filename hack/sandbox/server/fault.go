package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
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
	// ModeGarbage answers 200 and calls JSON what is none. Nothing is done.
	ModeGarbage Mode = "garbage"
	// ModeHTML answers 200 with the page of a proxy, as text/html. Nothing is done.
	ModeHTML Mode = "html"
	// ModeHuge answers 200 with hugeBytes of JSON, without a Content-Length. Nothing is done.
	ModeHuge Mode = "huge"
	// ModeCut does what was asked, sends the headers and a part of the answer, and closes the connection.
	ModeCut Mode = "cut"
	// ModeTrickle does what was asked, and sends the answer byte by byte.
	ModeTrickle Mode = "trickle"
	// ModeTLS ends the connection of a call unanswered, and shows an expired certificate to whoever connects to the TLS port.
	// That port can't know which service a connection will be for, so it shows the certificate as long as any service has
	// this mode. Nothing is done.
	ModeTLS Mode = "tls"
)

// Modes lists every mode.
func Modes() []Mode {
	return []Mode{
		ModeOK, ModeStatus, ModeReset, ModeHang, ModeTimeout, ModeTrickle, ModeCut, ModeGarbage, ModeHTML, ModeHuge, ModeTLS,
	}
}

// hugeBytes is far more than any caller should read of an answer to a small question.
const hugeBytes = 8 << 20

// Fault says how a service treats its calls.
type Fault struct {
	Mode Mode `json:"mode"`
	// Status is the answer of ModeStatus; 503 when left out.
	Status int `json:"status,omitempty"`
	// RetryAfterSeconds is sent as Retry-After by ModeStatus, when it is not 0.
	RetryAfterSeconds int `json:"retryAfterSeconds,omitempty"`
	// RetryAfterDate sends it as an HTTP date.
	RetryAfterDate bool `json:"retryAfterDate,omitempty"`
	// Rate is the share of the calls that the fault and its latency hit, 0 to 1. Left out: every call, or all that the other
	// faults leave.
	Rate *float64 `json:"rate,omitempty"`
	// LatencyMillis is waited before anything else; by ModeTrickle, for which 100 is the default, before every byte, too.
	LatencyMillis int `json:"latencyMillis,omitempty"`
}

var errUnknownService = errors.New("no such service; GET /_stats lists them")

// complete fills in the defaults, or says what is wrong.
func (f Fault) complete() (Fault, error) {
	if f.Mode == "" {
		f.Mode = ModeOK
	}
	if !slices.Contains(Modes(), f.Mode) {
		return f, fmt.Errorf("mode is none of %s", listed(Modes()))
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
	if f.RetryAfterDate && f.RetryAfterSeconds == 0 {
		return f, errors.New("retryAfterDate needs retryAfterSeconds")
	}
	if f.Mode == ModeTrickle && f.LatencyMillis == 0 {
		f.LatencyMillis = 100
	}
	return f, nil
}

func (f Fault) latency() time.Duration { return time.Duration(f.LatencyMillis) * time.Millisecond }

// retryAfter is the value of the header, "" for none.
func (f Fault) retryAfter(now time.Time) string {
	switch {
	case f.RetryAfterSeconds == 0:
		return ""
	case f.RetryAfterDate:
		return now.Add(time.Duration(f.RetryAfterSeconds) * time.Second).UTC().Format(http.TimeFormat)
	default:
		return fmt.Sprint(f.RetryAfterSeconds)
	}
}

// faults are those that a service has at one time. A call meets one of them at most.
type faults []Fault

// complete fills in the defaults, or says what is wrong.
func (fs faults) complete() (faults, error) {
	if len(fs) == 0 {
		return faults{{Mode: ModeOK}}, nil
	}
	done := make(faults, 0, len(fs))
	sum, rest := 0.0, 0
	for i, f := range fs {
		f, err := f.complete()
		if err != nil {
			if len(fs) > 1 {
				err = fmt.Errorf("fault %d: %w", i+1, err)
			}
			return nil, err
		}
		if f.Rate == nil {
			rest++
		} else {
			sum += *f.Rate
		}
		done = append(done, f)
	}
	switch {
	case sum > 1+1e-9:
		return nil, errors.New("the rates come to more than 1")
	case rest > 1:
		return nil, errors.New("one fault at most can do without a rate: it gets the calls that the others leave")
	}
	return done, nil
}

// draw chooses the fault that one call meets. With none it is ModeOK.
func (fs faults) draw() Fault {
	dice, rest := rand.Float64(), Fault{Mode: ModeOK}
	for _, f := range fs {
		if f.Rate == nil {
			rest = f
			continue
		}
		if dice < *f.Rate {
			return f
		}
		dice -= *f.Rate
	}
	return rest
}

// has says whether a call may meet a mode.
func (fs faults) has(mode Mode) bool {
	return slices.ContainsFunc(fs, func(f Fault) bool { return f.Mode == mode })
}

// UnmarshalJSON takes one fault or a list of them.
func (fs *faults) UnmarshalJSON(data []byte) error {
	var one Fault
	var err error
	if many := []Fault(nil); bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		err = strict(data, &many)
		*fs = many
	} else {
		err = strict(data, &one)
		*fs = faults{one}
	}
	return err
}

func strict(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields() // a decoder passes that on to no UnmarshalJSON
	return dec.Decode(into)
}

func listed(modes []Mode) string {
	text := ""
	for i, m := range modes {
		switch {
		case i == 0:
		case i == len(modes)-1:
			text += " and "
		default:
			text += ", "
		}
		text += string(m)
	}
	return text
}
