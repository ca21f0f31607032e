package profiling

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
)

func TestAddress(t *testing.T) {
	tests := map[string]struct {
		reason  string
		addr    string
		want    string
		wantErr bool
	}{
		"blank":          {reason: "off by default", addr: "", want: ""},
		"zero":           {reason: "off, as with the metrics", addr: "0", want: ""},
		"a port alone":   {reason: "nobody asked to be seen from outside", addr: ":6060", want: "127.0.0.1:6060"},
		"a host":         {reason: "somebody asked", addr: "0.0.0.0:6060", want: "0.0.0.0:6060"},
		"IPv6":           {reason: "brackets stay", addr: "[::1]:6060", want: "[::1]:6060"},
		"a bare number":  {reason: "is it a host or a port?", addr: "6060", wantErr: true},
		"a port by name": {reason: "it would be looked up", addr: ":pprof", wantErr: true},
		"a large port":   {reason: "there is none", addr: ":70000", wantErr: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Address(tc.addr)
			if got != tc.want || (err != nil) != tc.wantErr {
				t.Errorf("Address(%q) = %q, %v; want %q, error %t: %s", tc.addr, got, err, tc.want, tc.wantErr, tc.reason)
			}
		})
	}
}

func TestServe(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener) }()

	response, err := http.Get("http://" + listener.Addr().String() + "/debug/pprof/heap?debug=1")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || response.StatusCode != http.StatusOK || len(body) == 0 {
		t.Errorf("the heap profile: %s, %d bytes, %v; want 200 and a profile", response.Status, len(body), err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("serve returned %v after its context ended, want nil", err)
	}
}

func TestServeNothing(t *testing.T) {
	if err := Serve(t.Context(), ""); err != nil {
		t.Errorf("Serve without an address returned %v, want nil at once", err)
	}
	if err := Serve(t.Context(), "6060"); err == nil {
		t.Error("Serve took an address that is none")
	}
}
