package spool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-logr/logr"
)

const (
	// socketName is the socket's file in the spool's folder. Whoever may use it may read the spool.
	socketName = "spool.sock"
	// maxQuery bounds a query, in bytes.
	maxQuery    = 1 << 20
	adminHeader = 10 * time.Second
	dialTimeout = 2 * time.Second
)

// Serve answers administrators on the socket in a spool's folder, until ctx ends.
func Serve(ctx context.Context, dir string, admin Admin, log logr.Logger) error {
	path := filepath.Join(dir, socketName)
	// What is left of a process that was killed is in the way; one that is alive has the file, and this one has not.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the spool's old socket: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("open the spool's socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return fmt.Errorf("protect the spool's socket: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /stats", answer(func(ctx context.Context, _ Query) (any, error) { return admin.Stats(ctx) }))
	mux.HandleFunc("POST /list", answer(func(ctx context.Context, q Query) (any, error) { return admin.List(ctx, q) }))
	mux.HandleFunc("POST /retry", answer(logged(log, "dead letters of the spool go back into the queue, as an administrator asked", admin.Retry)))
	mux.HandleFunc("POST /purge", answer(logged(log, "entries of the spool were deleted for good, as an administrator asked", admin.Purge)))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: adminHeader}
	stopped := make(chan struct{})
	release := context.AfterFunc(ctx, func() { defer close(stopped); _ = server.Close() })
	err = server.Serve(l)
	if !release() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the spool's socket: %w", err)
}

func answer(f func(context.Context, Query) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q Query
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxQuery)).Decode(&q); err != nil {
			http.Error(w, "this is not a query", http.StatusBadRequest)
			return
		}
		result, err := f(r.Context(), q)
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(result)
	}
}

// logged leaves a trace of what an administrator has changed.
func logged(log logr.Logger, message string, f func(context.Context, Query) (int, error)) func(context.Context, Query) (any, error) {
	return func(ctx context.Context, q Query) (any, error) {
		n, err := f(ctx, q)
		log.Info(message, "count", n)
		return n, err
	}
}

// Dial finds the intake that has a folder's spool open. ErrNoServer: none has.
func Dial(ctx context.Context, dir string) (Admin, error) {
	path := filepath.Join(dir, socketName)
	dialer := &net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoServer, err)
	}
	_ = conn.Close()
	return &client{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer.DialContext(ctx, "unix", path) },
	}}}, nil
}

// ErrNoServer says that no intake answers on the spool's socket.
var ErrNoServer = errors.New("no intake answers on the spool's socket")

// client asks a running intake.
type client struct{ http *http.Client }

func (c *client) call(ctx context.Context, what string, q Query, result any) error {
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://spool/"+what, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("ask the running intake: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10))
		return fmt.Errorf("the running intake says: %s", strings.TrimSpace(string(text)))
	}
	return json.NewDecoder(response.Body).Decode(result)
}

func (c *client) Stats(ctx context.Context) (f Figures, err error) {
	err = c.call(ctx, "stats", Query{}, &f)
	return f, err
}

func (c *client) List(ctx context.Context, q Query) (p Page, err error) {
	err = c.call(ctx, "list", q, &p)
	return p, err
}

func (c *client) Retry(ctx context.Context, q Query) (n int, err error) {
	err = c.call(ctx, "retry", q, &n)
	return n, err
}

func (c *client) Purge(ctx context.Context, q Query) (n int, err error) {
	err = c.call(ctx, "purge", q, &n)
	return n, err
}
