package server

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"
)

// spoilBefore meets a call with a fault before anything is done, and says whether it has ended the call.
func (s *Server) spoilBefore(w http.ResponseWriter, r *http.Request, f Fault) bool {
	switch f.Mode {
	case ModeReset:
		hangUp(w, true)
	case ModeTLS:
		hangUp(w, false) // whoever goes on has to connect anew
	case ModeHang:
		select {
		case <-r.Context().Done():
		case <-s.closed:
		}
		panic(http.ErrAbortHandler)
	case ModeStatus:
		if after := f.retryAfter(time.Now()); after != "" {
			w.Header().Set("Retry-After", after)
		}
		write(w, refusal(f.Status, "injected", "the sandbox was told to answer this"))
	case ModeGarbage:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{\"id\": \x00\xff\xfe<<garbage>> ]}"))
	case ModeHTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>Welcome</title><p>This network wants you to log in first.</p>\n")
	case ModeHuge:
		writeHuge(w)
	default:
		return false
	}
	return true
}

// spoilAfter meets a call whose work is done, and whose answer is a, and says whether it has ended the call.
func (s *Server) spoilAfter(w http.ResponseWriter, r *http.Request, f Fault, a answer) bool {
	switch f.Mode {
	case ModeTimeout:
		if !s.sleep(r.Context(), s.patience) {
			panic(http.ErrAbortHandler)
		}
		return false
	case ModeCut:
		body := encoded(a)
		maps.Copy(w.Header(), a.header)
		w.Header().Set("Content-Type", contentType(a))
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(a.status)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // the server closes the connection
	case ModeTrickle:
		body := encoded(a)
		maps.Copy(w.Header(), a.header)
		w.Header().Set("Content-Type", contentType(a))
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(a.status)
		for i := range body {
			if _, err := w.Write(body[i : i+1]); err != nil || !s.sleep(r.Context(), f.latency()) {
				panic(http.ErrAbortHandler)
			}
			_ = http.NewResponseController(w).Flush()
		}
		return true
	default:
		return false
	}
}

// writeHuge sends a JSON object of hugeBytes, or as much of it as the client reads.
func writeHuge(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	_, err := io.WriteString(w, `{"padding":"`)
	for sent := 0; sent < hugeBytes && err == nil; sent += len(chunk) {
		_, err = w.Write(chunk)
	}
	_, _ = io.WriteString(w, `"}`)
}

// hangUp ends the connection without an answer: with a reset, or in order.
func hangUp(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // no connection to break, so break the answer
	}
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = over.NetConn() // beneath TLS: without its farewell
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0) // closing now discards and sends RST
	}
	_ = conn.Close()
}
