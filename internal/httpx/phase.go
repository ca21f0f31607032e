package httpx

import (
	"context"
	"net/http/httptrace"
	"sync/atomic"
)

// phase is how far a call has come: what it was waiting for when its time ran out.
type phase int32

const (
	resolving phase = iota + 1
	connecting
	handshaking
	waiting
	reading
)

// ranOut says what there was no time left for.
func (p phase) ranOut() string {
	switch p {
	case resolving:
		return "DNS gave no answer for the url's host name in time"
	case connecting:
		return "no connection to the service could be made in time"
	case handshaking:
		return "the TLS handshake with the service did not end in time"
	case reading:
		return "the service's answer did not end within the deadline"
	}
	return "no answer within the deadline"
}

// follow returns a context in which a call notes how far it has come.
func follow(ctx context.Context) (context.Context, func() phase) {
	var at atomic.Int32 // connections are made by other goroutines
	note := func(p phase) { at.Store(int32(p)) }
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart:             func(httptrace.DNSStartInfo) { note(resolving) },
		ConnectStart:         func(string, string) { note(connecting) },
		TLSHandshakeStart:    func() { note(handshaking) },
		GotConn:              func(httptrace.GotConnInfo) { note(waiting) },
		GotFirstResponseByte: func() { note(reading) },
	}), func() phase { return phase(at.Load()) }
}
