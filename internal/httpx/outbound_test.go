package httpx

import (
	"encoding/pem"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestOutboundFlags(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		args    []string
		want    Outbound
		wantErr string // part of it
	}{
		"none":           {want: Outbound{}},
		"loopback":       {args: []string{"--allow-loopback"}, want: Outbound{AllowLoopback: true}},
		"networks":       {args: []string{"--allow-networks=10.96.0.0/12, fd00::/8,"}, want: Outbound{Allow: prefixes("10.96.0.0/12", "fd00::/8")}},
		"more than once": {args: []string{"--allow-networks=10.0.0.0/8", "--allow-networks=172.16.0.0/12"}, want: Outbound{Allow: prefixes("10.0.0.0/8", "172.16.0.0/12")}},
		"all private":    {args: []string{"--allow-networks=private"}, want: Outbound{Allow: private}},
		"denied":         {args: []string{"--deny-networks=10.0.0.1/32"}, want: Outbound{Deny: prefixes("10.0.0.1/32")}},
		"an address":     {args: []string{"--allow-networks=10.0.0.1"}, wantErr: `"10.0.0.1" is neither a network such as 10.96.0.0/12 nor private`},
		"a host's bits":  {args: []string{"--allow-networks=10.1.2.3/8"}, wantErr: `"10.1.2.3/8" has bits beyond its length: is 10.0.0.0/8 meant?`},
		"a name":         {args: []string{"--deny-networks=crm.example"}, wantErr: "neither a network"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got Outbound
			fs := flag.NewFlagSet("test", flag.ContinueOnError)
			fs.SetOutput(io.Discard)
			got.BindFlags(fs)
			err := fs.Parse(tc.args)
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("%v, want %s", err, tc.wantErr)
				}
				return
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestOutboundTrustsItsFile(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(srv.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	write := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}))
	client, err := Outbound{AllowLoopback: true, TrustedCAFile: file}.Client()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := get(t.Context(), t, client, srv.URL); err != nil {
		t.Error(err)
	}
	client, err = Outbound{AllowLoopback: true}.Client()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := get(t.Context(), t, client, srv.URL); err == nil || provider.AsError(err).Class != provider.Config {
		t.Errorf("without it: %v", err)
	}
	write([]byte("not PEM"))
	for name, path := range map[string]string{"no certificate": file, "no file": file + ".none"} {
		if _, err := (Outbound{TrustedCAFile: path}).Client(); err == nil || !strings.HasPrefix(err.Error(), "--trusted-ca-file: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
