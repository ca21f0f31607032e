package httpx

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		allowLoopback bool
		wantRefused   string // part of the message
	}{
		"93.184.216.34:443":             {},
		"10.1.2.3:80":                   {},
		"172.16.0.1:80":                 {},
		"192.168.1.1:80":                {},
		"[2001:db8::1]:443":             {},
		"[fd12:3456::1]:443":            {},
		"127.0.0.1:80":                  {wantRefused: "--allow-loopback"},
		"127.9.9.9:80":                  {wantRefused: "--allow-loopback"},
		"[::1]:80":                      {wantRefused: "--allow-loopback"},
		"[::ffff:127.0.0.1]:80":         {wantRefused: "--allow-loopback"},
		"0.0.0.0:80":                    {allowLoopback: true, wantRefused: "unspecified"},
		"0.1.2.3:80":                    {allowLoopback: true, wantRefused: "unspecified"},
		"[::]:80":                       {allowLoopback: true, wantRefused: "unspecified"},
		"169.254.169.254:80":            {allowLoopback: true, wantRefused: "link-local"},
		"[::ffff:169.254.169.254]:80":   {allowLoopback: true, wantRefused: "link-local"},
		"[64:ff9b::a9fe:a9fe]:80":       {allowLoopback: true, wantRefused: "link-local"},
		"[fe80::1%eth0]:80":             {allowLoopback: true, wantRefused: "link-local"},
		"[fd00:ec2::254]:80":            {allowLoopback: true, wantRefused: "metadata"},
		"100.100.100.200:80":            {allowLoopback: true, wantRefused: "metadata"},
		"224.0.0.1:80":                  {allowLoopback: true, wantRefused: "multicast"},
		"[ff02::1]:80":                  {allowLoopback: true, wantRefused: "multicast"},
		"255.255.255.255:80":            {allowLoopback: true, wantRefused: "broadcast"},
		"/run/some.sock":                {allowLoopback: true, wantRefused: "not an IP address"},
		"127.0.0.1:443":                 {wantRefused: "loopback"},
		"[::ffff:10.0.0.1]:443":         {},
		"[64:ff9b::5db8:d822]:443":      {},
		"[0:0:0:0:0:ffff:7f00:0001]:80": {wantRefused: "loopback"},
	}
	for address, tc := range cases {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			err := guard{allowLoopback: tc.allowLoopback}.control("tcp", address, nil)
			if tc.wantRefused == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			var e *provider.Error
			if !errors.As(err, &e) || e.Class != provider.Config || !strings.Contains(e.Message, tc.wantRefused) {
				t.Fatalf("want a Config error with %q, got %v", tc.wantRefused, err)
			}
			if host, _, _ := strings.Cut(address, "]"); strings.Contains(e.Message, strings.Trim(host, "[")) {
				t.Errorf("the message shows the address: %s", e.Message)
			}
		})
	}
	for _, loopback := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1"} {
		if err := (guard{allowLoopback: true}).check(netip.MustParseAddr(loopback)); err != nil {
			t.Errorf("%s: refused although allowed: %v", loopback, err)
		}
	}
}
