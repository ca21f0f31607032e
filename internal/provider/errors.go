package provider

import (
	"errors"
	"fmt"
	"time"
)

// Class says what a failure means, and so what is done about it. An adapter classifies; nothing else does.
type Class string

const (
	// Transient passes by itself: retried with backoff, never given up. Also the class of everything unknown.
	Transient Class = "Transient"
	// Throttled: the system asks for less. Retried no earlier than RetryAfter.
	Throttled Class = "Throttled"
	// Auth: the credentials are refused. The Integration's fault: the link stops, its submissions wait.
	Auth Class = "Auth"
	// Config: the request is wrong whatever the record. The Integration's fault, like Auth.
	Config Class = "Config"
	// Invalid: the system will never take this record as it is. A person is told.
	Invalid Class = "Invalid"
	// Conflict: another record stands in the way, for example a deleted one. A person is told.
	Conflict Class = "Conflict"
)

// Error is a classified failure.
type Error struct {
	Class Class
	// Message says in our own words what happened. It is stable (the same failure gives the same text), holds nothing
	// personal, no secret and nothing that the remote system sent, and is shown in status.
	Message string
	// RetryAfter is the least time to wait, where the system named one. It holds for every call to the system, unless
	// RecordOnly.
	RetryAfter time.Duration
	// RecordOnly: a Throttled or RetryAfter that concerns this record alone, for example a lock on its row.
	RecordOnly bool
	// Err is the cause, for errors.Is. It is never shown: it may hold a URL.
	Err error
	// Unexpected: the adapter did not classify it, or panicked. The operator's log has the type of the cause.
	Unexpected bool
}

func (e *Error) Error() string { return string(e.Class) + ": " + e.Message }

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error with a formatted message.
func Errorf(class Class, format string, args ...any) *Error {
	return &Error{Class: class, Message: fmt.Sprintf(format, args...)}
}

// AsError returns the classified failure in err. An error that nobody classified is Transient: it is retried, and its
// Unexpected says that an adapter has a fault.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return unexpected(err)
}

// Panicked makes an Error of what an adapter panicked with. The value itself is not kept: it may hold what the adapter was
// working on.
func Panicked(value any, stack []byte) *Error {
	return unexpected(&Panic{Type: fmt.Sprintf("%T", value), Stack: stack})
}

func unexpected(err error) *Error {
	return &Error{Class: Transient, Message: "a fault inside the operator; its log says where", Err: err, Unexpected: true}
}

// Panic is the cause of an Error that was a panic.
type Panic struct {
	Type  string // of the value
	Stack []byte
}

func (p *Panic) Error() string { return "panic with a " + p.Type }

// Wait says why a link made no call. No attempt is spent, and the link wakes the submission when that has changed.
type Wait struct {
	// Misconfigured: the Integration is missing or wrong. Otherwise the submission is parked.
	Misconfigured bool
	// Busy: the link wakes the submission, in its turn, as soon as it can take the call. Otherwise the submission is woken
	// when the Integration changes.
	Busy bool
	// Brief: the system is well; only a slot or its rate is waited for.
	Brief bool
	// Message is stable and names the Integration.
	Message string
}

func (w *Wait) Error() string { return w.Message }
