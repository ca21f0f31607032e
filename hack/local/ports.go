package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/contact-operator/contact-operator/hack/freeport"
)

// reserve checks that every address can be listened on, and names each one that can't. A port 0 becomes a free port.
//
// The parts of a launcher that was killed take a moment to go; so addresses in use are asked for again, for a second.
func reserve(ctx context.Context, addresses []address) error {
	deadline := time.Now().Add(time.Second)
	for {
		err := tryReserve(ctx, addresses)
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// tryReserve holds all listeners until the last one is open, so that two parts with one address are noticed, too.
func tryReserve(ctx context.Context, addresses []address) error {
	var errs []error
	taken := map[string]address{}
	for i, a := range addresses {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", a.value)
		if err != nil {
			errs = append(errs, unusable(a, taken, err))
			continue
		}
		defer func() { _ = listener.Close() }()
		if a.udp {
			packets, err := new(net.ListenConfig).ListenPacket(ctx, "udp", listener.Addr().String())
			if err != nil {
				errs = append(errs, unusable(a, taken, err))
				continue
			}
			defer func() { _ = packets.Close() }()
		}
		if _, port, err := net.SplitHostPort(a.value); err == nil && port == "0" {
			addresses[i].value = listener.Addr().String()
		}
		taken[listener.Addr().String()] = a
	}
	return errors.Join(errs...)
}

func unusable(a address, taken map[string]address, err error) error {
	if other, ours := taken[a.value]; ours {
		return fmt.Errorf("%s and %s both want %s: set %s or %s to another address",
			other.part, a.part, a.value, other.env, a.env)
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("the address of %s, %s, is in use by another program: stop that one, or choose another with %s, for example %s=127.0.0.1:0 for any free port (%w)",
			a.part, a.value, a.env, a.env, syscall.EADDRINUSE)
	}
	return fmt.Errorf("%s can't listen on %s; %s takes a host and a port, for example 127.0.0.1:9090: %w", a.part, a.value, a.env, err)
}

// freePorts returns n different loopback ports that are free now.
func freePorts(ctx context.Context, n int) ([]string, error) {
	addresses, err := freeport.Addresses(ctx, n)
	if err != nil {
		return nil, err
	}
	ports := make([]string, 0, n)
	for _, address := range addresses {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	return ports, nil
}

// keptPort returns the port noted in file if it is free, else another one, which it notes there: what was told to a
// terminal or a browser yesterday still works today.
func keptPort(ctx context.Context, file string) (string, error) {
	if noted, err := os.ReadFile(file); err == nil {
		port := strings.TrimSpace(string(noted))
		if listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", port)); err == nil && port != "0" {
			return port, listener.Close()
		}
	}
	ports, err := freePorts(ctx, 1)
	if err != nil {
		return "", err
	}
	return ports[0], os.WriteFile(file, []byte(ports[0]+"\n"), 0o600)
}

// reachable is how an address that is listened on is called from this machine: a blank or unspecified host means all of
// its interfaces, loopback among them.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
