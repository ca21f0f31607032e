package intake

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestRemoteIP(t *testing.T) {
	cases := map[string]struct {
		trusted, peer string
		forwarded     []string
		want          string
	}{
		"no proxy":                          {peer: "203.0.113.7:1234", want: "203.0.113.7"},
		"a header from anyone is ignored":   {peer: "203.0.113.7:1234", forwarded: []string{"198.51.100.1"}, want: "203.0.113.7"},
		"one proxy":                         {trusted: "10.0.0.0/8", peer: "10.1.2.3:1", forwarded: []string{"198.51.100.1"}, want: "198.51.100.1"},
		"what stands left of it is hearsay": {trusted: "10.0.0.0/8", peer: "10.1.2.3:1", forwarded: []string{"1.1.1.1, 198.51.100.1"}, want: "198.51.100.1"},
		"two proxies, two headers":          {trusted: "10.0.0.0/8,192.0.2.1", peer: "10.1.2.3:1", forwarded: []string{"1.1.1.1, 198.51.100.1", "192.0.2.1"}, want: "198.51.100.1"},
		"all hops are proxies":              {trusted: "10.0.0.0/8", peer: "10.1.2.3:1", forwarded: []string{"10.9.9.9, 10.8.8.8"}, want: "10.9.9.9"},
		"an entry that is no address":       {trusted: "10.0.0.0/8", peer: "10.1.2.3:1", forwarded: []string{"198.51.100.1, unknown, 10.4.4.4"}, want: "10.4.4.4"},
		"an empty header":                   {trusted: "10.0.0.0/8", peer: "10.1.2.3:1", forwarded: []string{""}, want: "10.1.2.3"},
		"a port":                            {trusted: "10.0.0.0/8", peer: "10.1.2.3:1", forwarded: []string{"198.51.100.1:5555"}, want: "198.51.100.1"},
		"IPv6 in brackets, with a port":     {trusted: "fd00::/8", peer: "[fd00::1]:1", forwarded: []string{"[2001:db8::1]:5555"}, want: "2001:db8::1"},
		"IPv6 with a zone":                  {peer: "[fe80::1%eth0]:1", want: "fe80::1"},
		"IPv4 in IPv6":                      {trusted: "10.0.0.0/8", peer: "[::ffff:10.0.0.1]:1", forwarded: []string{"::ffff:198.51.100.1"}, want: "198.51.100.1"},
		"a peer without an address":         {peer: "@", want: ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			proxies, err := parseProxies(tc.trusted)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.RemoteAddr = tc.peer
			r.Header["X-Forwarded-For"] = tc.forwarded
			if got := proxies.remoteIP(r); got != tc.want {
				t.Errorf("remoteIP = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestParseProxies(t *testing.T) {
	for _, list := range []string{"10.0.0.0/33", "proxy.example.com", "10.0.0.0/8;10.1.0.0/16"} {
		if _, err := parseProxies(list); err == nil {
			t.Errorf("%q was accepted", list)
		}
	}
	if got, err := parseProxies(" 10.1.2.3/8, ,2001:db8::1 "); err != nil || len(got) != 2 || got[0].String() != "10.0.0.0/8" || got[1].Bits() != 128 {
		t.Errorf("got %v, %v", got, err)
	}
}
