package providertest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/contact-operator/contact-operator/internal/httpx"
)

// status answers with a status and a header, and sends the request back.
func status(code int, header ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		echo(w, r)
	})
}

func echo(w io.Writer, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = io.WriteString(w, `{"error":`+strconv.Quote(remoteMarker+" "+r.URL.String()+" "+string(body))+`}`)
}

// answer sends a text with status 200.
func answer(body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
}

// huge sends more than any client should read, as valid JSON.
func huge() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"marker":"`+remoteMarker)
		chunk := bytes.Repeat([]byte("x"), 64<<10)
		for range 2 * httpx.MaxBody / len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
		_, _ = io.WriteString(w, `"}`)
	})
}

// reset breaks the connection instead of an answer.
func reset() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	})
}

// cut ends the connection within the body.
func cut() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"marker":"`+remoteMarker)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
}

// lostAnswer lets the vendor do its work, and resets the connection instead of handing on what it says.
func lostAnswer(vendor http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		vendor.ServeHTTP(httptest.NewRecorder(), r)
		reset().ServeHTTP(w, r)
	})
}

// hang answers nothing, or only a beginning, until the caller has gone. arrived hears of each call.
func hang(arrived chan<- struct{}, begin bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server notices that the client has gone once the body is read
		if begin {
			_, _ = io.WriteString(w, `{"marker":"`+remoteMarker)
			_ = http.NewResponseController(w).Flush()
		}
		select {
		case arrived <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	})
}

// retyped hands on the vendor's answer under another content type.
func retyped(vendor http.Handler, contentType string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		vendor.ServeHTTP(rec, r)
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}
