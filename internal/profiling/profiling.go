// Package profiling serves Go's profiles of the process, for those who look into its speed or its memory. A profile shows
// what the program is doing, and a heap dump what it holds, so nobody is served unless an address is set, and only this
// machine unless the address names another interface.
package profiling

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"
)

// Off is the address that serves nothing; so does a blank one.
const Off = "0"

// Address completes an address: without a host, loopback is meant. It returns "" when nothing is to be served.
func Address(addr string) (string, error) {
	if addr == "" || addr == Off {
		return "", nil
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("%q is no address to serve profiles on: give host:port, or :port for this machine only", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%q is no address to serve profiles on: its port must be a number up to 65535", addr)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// Serve serves /debug/pprof/ until ctx ends; with nothing to serve it returns at once.
func Serve(ctx context.Context, addr string) error {
	addr, err := Address(addr)
	if err != nil || addr == "" {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("profiles can't be served on %s: %w", addr, err)
	}
	return serve(ctx, listener)
}

func serve(ctx context.Context, listener net.Listener) error {
	// No limit on writing: a profile takes as long as was asked for.
	server := &http.Server{Handler: handler(), ReadHeaderTimeout: 10 * time.Second}
	// A profile that is being taken is nobody's loss.
	release := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer release()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve profiles: %w", err)
	}
	return nil
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
