package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func listen(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestReserve(t *testing.T) {
	busy := listen(t)
	free, err := freePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	shared := "127.0.0.1:" + free[0]
	tests := map[string]struct {
		addresses []address
		wantInUse bool
		wantErr   []string // what the message must hold; none: no error
	}{
		"free": {
			addresses: []address{{"the intake", envIntake, shared}},
		},
		"in use": {
			addresses: []address{{"the intake", envIntake, busy}, {"the sandbox", envSandbox, "127.0.0.1:0"}},
			wantInUse: true,
			wantErr:   []string{"the intake", busy, envIntake},
		},
		"every one is named": {
			addresses: []address{{"the intake", envIntake, busy}, {"the sandbox", envSandbox, busy}},
			wantInUse: true,
			wantErr:   []string{envIntake, envSandbox},
		},
		"two parts want one address": {
			addresses: []address{{"the intake", envIntake, shared}, {"the sandbox", envSandbox, shared}},
			wantErr:   []string{"both want " + shared, envIntake, envSandbox},
		},
		"no address": {
			addresses: []address{{"the intake", envIntake, "8080"}},
			wantErr:   []string{"the intake", envIntake, "8080"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			err := tryReserve(t.Context(), tc.addresses)
			if (err != nil) != (len(tc.wantErr) > 0) {
				t.Fatalf("error: %v", err)
			}
			if got := errors.Is(err, syscall.EADDRINUSE); got != tc.wantInUse {
				t.Errorf("in use: %v, want %v (%v)", got, tc.wantInUse, err)
			}
			for _, want := range tc.wantErr {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestReserveFillsInPort0(t *testing.T) {
	addresses := []address{{"the intake", envIntake, "127.0.0.1:0"}}
	if err := reserve(t.Context(), addresses); err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(addresses[0].value, ":0") {
		t.Errorf("the address is still %s", addresses[0].value)
	}
}

func TestKeptPort(t *testing.T) {
	file := filepath.Join(t.TempDir(), "port")
	first, err := keptPort(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := keptPort(t.Context(), file); err != nil || again != first {
		t.Errorf("second run: port %s, error %v; want %s", again, err, first)
	}
	_, busy, err := net.SplitHostPort(listen(t))
	if err != nil {
		t.Fatal(err)
	}
	for reason, noted := range map[string]string{"the port is in use": busy, "no port was noted": "0", "the note is damaged": "x"} {
		if err := os.WriteFile(file, []byte(noted), 0o600); err != nil {
			t.Fatal(err)
		}
		if port, err := keptPort(t.Context(), file); err != nil || port == noted {
			t.Errorf("%s: port %s, error %v; want another one", reason, port, err)
		}
	}
}

func TestReachable(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:8080",
		":8080":          "127.0.0.1:8080",
		"0.0.0.0:8080":   "127.0.0.1:8080",
		"[::]:8080":      "127.0.0.1:8080",
		"[::1]:8080":     "[::1]:8080",
		"localhost:8080": "localhost:8080",
	} {
		if got := reachable(listen); got != want {
			t.Errorf("reachable(%q) = %q, want %q", listen, got, want)
		}
	}
}
