package intake

import (
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"k8s.io/client-go/rest"
)

func TestServeFinishesWhatItHasBegun(t *testing.T) {
	begun, stopping := make(chan struct{}), make(chan struct{})
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(begun)
			<-stopping
			_, _ = io.WriteString(w, "kept")
		}),
	}
	server.RegisterOnShutdown(func() { close(stopping) })
	l, err := listen(t.Context(), "--addr", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, server, l) }()
	answered := make(chan string, 1)
	go func() {
		answer, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answered <- err.Error()
			return
		}
		defer func() { _ = answer.Body.Close() }()
		body, _ := io.ReadAll(answer.Body)
		answered <- string(body)
	}()
	<-begun
	stop()
	if got := <-answered; got != "kept" {
		t.Errorf("the request in flight was answered with %q", got)
	}
	if err := <-served; err != nil {
		t.Errorf("a stop that was asked for is no error: %v", err)
	}
}

func TestRunRefusesToStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	cases := map[string]struct {
		flags []string
		want  []string
	}{
		"a port that is taken": {
			flags: []string{"--addr", taken.Addr().String()},
			want:  []string{"--addr " + taken.Addr().String(), "another process has this port"},
		},
		"a metrics port that is taken": {
			flags: []string{"--addr", "127.0.0.1:0", "--metrics-addr", taken.Addr().String()},
			want:  []string{"--metrics-addr " + taken.Addr().String(), "another process has this port"},
		},
		"an address that is none": {flags: []string{"--addr", "localhost"}, want: []string{"--addr localhost", "missing port"}},
		"every bad flag": {
			flags: []string{"--trusted-proxies", "x", "--max-creates-in-flight", "0", "--create-timeout", "0s", "--max-body-bytes", "0", "--token-lifetime", "1s", "--tls-key-file", "x", "--metrics-tls-key-file", "x"},
			want:  []string{"--trusted-proxies", "--max-creates-in-flight", "--create-timeout", "--max-body-bytes", "--token-lifetime", "--tls-cert-file", "--metrics-tls-cert-file"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			options := DefaultOptions()
			fs := flag.NewFlagSet("", flag.ContinueOnError)
			options.BindFlags(fs)
			if err := fs.Parse(tc.flags); err != nil {
				t.Fatal(err)
			}
			err := Run(t.Context(), &rest.Config{}, options, logr.Discard())
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want it to hold %q", err, want)
				}
			}
		})
	}
}

func TestServerLogKeepsAddressesOut(t *testing.T) {
	var lines []string
	sink := funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{Verbosity: 1})
	server := newServerLog(sink)
	server.Print("http: TLS handshake error from 192.0.2.1:4711: EOF")
	server.Print("http: panic serving [2001:db8::1]:4711: x")
	if len(lines) != 2 || strings.Contains(lines[0]+lines[1], "192.0.2") || strings.Contains(lines[0]+lines[1], "2001:db8") {
		t.Errorf("logged %q, want two lines without addresses", lines)
	}
}
