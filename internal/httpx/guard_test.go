package httpx

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func prefixes(list ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, p := range list {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}

func TestGuard(t *testing.T) {
	t.Parallel()
	const (
		nothing = iota
		everything
		services
		denied
	)
	guards := map[int]guard{
		nothing:    {},
		everything: {allow: prefixes("0.0.0.0/0", "::/0")},
		services:   {allow: prefixes("10.96.0.0/12", "fd00:10:96::/112")},
		denied:     {allow: prefixes("10.0.0.0/8"), deny: prefixes("10.96.0.0/12", "93.184.216.0/24", "2002::/16")},
	}
	cases := map[string]struct {
		guard       int
		wantRefused string // part of the message
	}{
		"93.184.216.34:443":             {},
		"[2001:db8::1]:443":             {},
		"[2a00:1450:4001::1]:443":       {},
		"[64:ff9b::5db8:d822]:443":      {},
		"10.1.2.3:80":                   {wantRefused: "--allow-networks"},
		"172.16.0.1:80":                 {wantRefused: "--allow-networks"},
		"172.31.255.255:80":             {wantRefused: "--allow-networks"},
		"172.32.0.1:80":                 {},
		"192.168.1.1:80":                {wantRefused: "--allow-networks"},
		"100.64.0.1:80":                 {wantRefused: "--allow-networks"},
		"198.18.0.1:80":                 {wantRefused: "--allow-networks"},
		"240.0.0.1:80":                  {wantRefused: "--allow-networks"},
		"[fd12:3456::1]:443":            {wantRefused: "--allow-networks"},
		"[fec0::1]:443":                 {wantRefused: "--allow-networks"},
		"[::ffff:10.0.0.1]:443":         {wantRefused: "--allow-networks"},
		"[64:ff9b::0a00:1]:443":         {wantRefused: "--allow-networks"},
		"[64:ff9b:1::1]:443":            {wantRefused: "--allow-networks"},
		"[2002:0a00:0001::1]:443":       {wantRefused: "--allow-networks"},
		"[2001::1]:443":                 {wantRefused: "--allow-networks"},
		"[::10.0.0.1]:443":              {wantRefused: "--allow-networks"},
		"127.0.0.1:80":                  {wantRefused: "--allow-loopback"},
		"127.9.9.9:80":                  {wantRefused: "--allow-loopback"},
		"127.0.0.1:443":                 {wantRefused: "loopback"},
		"[::1]:80":                      {wantRefused: "--allow-loopback"},
		"[::ffff:127.0.0.1]:80":         {wantRefused: "--allow-loopback"},
		"[0:0:0:0:0:ffff:7f00:0001]:80": {wantRefused: "--allow-loopback"},
		"[2002:7f00:0001::]:80":         {wantRefused: "--allow-loopback"},
		"[::127.0.0.1]:80":              {wantRefused: "--allow-loopback"},
		"[::ffff:0:127.0.0.1]:80":       {wantRefused: "--allow-loopback"},
		"10.96.0.1:443":                 {guard: services},
		"[fd00:10:96::1]:443":           {guard: services},
		"[::ffff:10.96.0.1]:443":        {guard: services},
		"10.95.255.255:443":             {guard: services, wantRefused: "--allow-networks"},
		"[fd00:10:97::1]:443":           {guard: services, wantRefused: "--allow-networks"},
		"127.0.0.2:443":                 {guard: services, wantRefused: "--allow-loopback"},
		"10.96.0.2:443":                 {guard: denied, wantRefused: "--deny-networks"},
		"10.95.0.2:443":                 {guard: denied},
		"93.184.216.35:443":             {guard: denied, wantRefused: "--deny-networks"},
		"[::ffff:93.184.216.35]:443":    {guard: denied, wantRefused: "--deny-networks"},
		"[64:ff9b::5db8:d823]:443":      {guard: denied, wantRefused: "--deny-networks"},
		"[2002:5db7:d822::]:443":        {guard: denied, wantRefused: "--deny-networks"},
		"127.0.0.3:80":                  {guard: everything},
		"10.1.2.4:80":                   {guard: everything},
		"0.0.0.0:80":                    {guard: everything, wantRefused: "unspecified"},
		"0.1.2.3:80":                    {guard: everything, wantRefused: "unspecified"},
		"[::]:80":                       {guard: everything, wantRefused: "unspecified"},
		"169.254.169.254:80":            {guard: everything, wantRefused: "link-local"},
		"[::ffff:169.254.169.254]:80":   {guard: everything, wantRefused: "link-local"},
		"[64:ff9b::a9fe:a9fe]:80":       {guard: everything, wantRefused: "link-local"},
		"[2002:a9fe:a9fe::]:80":         {guard: everything, wantRefused: "link-local"},
		"[fe80::1%eth0]:80":             {guard: everything, wantRefused: "link-local"},
		"[fd00:ec2::254]:80":            {guard: everything, wantRefused: "metadata"},
		"100.100.100.200:80":            {guard: everything, wantRefused: "metadata"},
		"168.63.129.16:80":              {guard: everything, wantRefused: "metadata"},
		"224.0.0.1:80":                  {guard: everything, wantRefused: "multicast"},
		"[ff02::1]:80":                  {guard: everything, wantRefused: "multicast"},
		"255.255.255.255:80":            {guard: everything, wantRefused: "broadcast"},
		"/run/some.sock":                {guard: everything, wantRefused: "not an IP address"},
	}
	for address, tc := range cases {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			err := guards[tc.guard].control("tcp", address, nil)
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
}
