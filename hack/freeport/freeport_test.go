package freeport

import (
	"net"
	"testing"
)

func TestAddresses(t *testing.T) {
	all, err := Addresses(t.Context(), 20)
	if err != nil || len(all) != 20 {
		t.Fatalf("%d addresses, %v", len(all), err)
	}
	seen := map[string]bool{}
	for _, address := range all {
		if seen[address] {
			t.Errorf("%s comes twice", address)
		}
		seen[address] = true
		tcp, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("%s is not free: %v", address, err)
			continue
		}
		defer func() { _ = tcp.Close() }()
	}
}

func TestNamed(t *testing.T) {
	named, err := Named(t.Context(), "a", "b")
	if err != nil || len(named) != 2 || named["a"] == named["b"] {
		t.Errorf("got %v, %v", named, err)
	}
}
