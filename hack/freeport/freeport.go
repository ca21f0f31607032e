// Package freeport chooses loopback addresses for programs that are started later.
package freeport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
)

// Ports below those from which the kernel takes one for each outgoing connection: a port of that range that is free now
// may be the end of somebody's connection by the time a program listens on it.
const (
	first = 20000
	past  = 32000
)

// Addresses returns n different loopback addresses that are free now, over TCP and UDP.
func Addresses(ctx context.Context, n int) ([]string, error) {
	all := make([]string, 0, n)
	var held []io.Closer
	defer func() {
		for _, h := range held { // all at the end, so that they differ
			_ = h.Close()
		}
	}()
	for tries := 0; len(all) < n; tries++ {
		if tries > 100+n {
			return nil, errors.New("no free port was found on the loopback interface")
		}
		address := fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(past-first)) //nolint:gosec // to avoid collisions, not people
		tcp, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			continue
		}
		held = append(held, tcp)
		udp, err := new(net.ListenConfig).ListenPacket(ctx, "udp", address)
		if err != nil {
			continue
		}
		held = append(held, udp)
		all = append(all, address)
	}
	return all, ctx.Err()
}

// Named returns such an address for each name.
func Named(ctx context.Context, names ...string) (map[string]string, error) {
	all, err := Addresses(ctx, len(names))
	if err != nil {
		return nil, err
	}
	chosen := make(map[string]string, len(names))
	for i, name := range names {
		chosen[name] = all[i]
	}
	return chosen, nil
}
