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
	free, err := freePorts(t.Context(), 2) // over TCP: a port that the kernel gives for UDP may be in use there
	if err != nil {
		t.Fatal(err)
	}
	shared, onlyUDP := "127.0.0.1:"+free[0], "127.0.0.1:"+free[1]
	busyUDP, err := net.ListenPacket("udp", onlyUDP)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busyUDP.Close() }()
	tests := map[string]struct {
		addresses []address
		wantInUse bool
		wantErr   []string // what the message must hold; none: no error
	}{
		"free": {
			addresses: []address{{part: "the intake", env: envIntake, value: shared}},
		},
		"in use": {
			addresses: []address{{part: "the intake", env: envIntake, value: busy}, {part: "the sandbox", env: envSandbox, value: "127.0.0.1:0"}},
			wantInUse: true,
			wantErr:   []string{"the intake", busy, envIntake},
		},
		"in use over UDP": {
			addresses: []address{{part: "the sandbox's DNS", env: envSandboxDNS, value: onlyUDP, udp: true}},
			wantInUse: true,
			wantErr:   []string{"the sandbox's DNS", onlyUDP, envSandboxDNS},
		},
		"in use over UDP, which is not asked for": {
			addresses: []address{{part: "the sandbox", env: envSandbox, value: onlyUDP}},
		},
		"every one is named": {
			addresses: []address{{part: "the intake", env: envIntake, value: busy}, {part: "the sandbox", env: envSandbox, value: busy}},
			wantInUse: true,
			wantErr:   []string{envIntake, envSandbox},
		},
		"two parts want one address": {
			addresses: []address{{part: "the intake", env: envIntake, value: shared}, {part: "the sandbox", env: envSandbox, value: shared}},
			wantErr:   []string{"both want " + shared, envIntake, envSandbox},
		},
		"no address": {
			addresses: []address{{part: "the intake", env: envIntake, value: "8080"}},
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
	addresses := []address{
		{part: "the intake", env: envIntake, value: "127.0.0.1:0"},
		{part: "the sandbox's DNS", env: envSandboxDNS, value: "127.0.0.1:0", udp: true},
	}
	if err := reserve(t.Context(), addresses); err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if strings.HasSuffix(a.value, ":0") {
			t.Errorf("the address of %s is still %s", a.part, a.value)
		}
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
