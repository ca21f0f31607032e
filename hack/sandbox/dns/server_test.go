package dns

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"
)

// serve runs a server until stop is called, which returns what Serve returned.
func serve(t *testing.T) (addr string, stop func() error) {
	t.Helper()
	s, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	stop = func() error {
		cancel()
		return <-served
	}
	t.Cleanup(cancel)
	return s.Addr(), stop
}

// resolver is Go's own, asking one server over one network.
func resolver(network, addr string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
}

func TestMailOfDomains(t *testing.T) {
	addr, stop := serve(t)
	type answer struct {
		Hosts    []string
		NotFound bool
		Fails    bool
	}
	sandbox := answer{Hosts: []string{exchanger}}
	cases := map[string]answer{
		"example.com.":              sandbox,
		"Person.Example.":           sandbox,
		"notundeliverable.example.": sandbox,
		"undeliverable.example.":    {NotFound: true},
		"a.UNDELIVERABLE.example.":  {NotFound: true},
		"nullmx.example.":           {Hosts: []string{"."}},
		"a.nullmx.example.":         {Hosts: []string{"."}},
		"unknown.example.":          {Fails: true},
	}
	for _, network := range []string{"udp", "tcp"} {
		for domain, want := range cases {
			t.Run(network+" "+domain, func(t *testing.T) {
				records, err := resolver(network, addr).LookupMX(t.Context(), domain)
				var got answer
				for _, r := range records {
					got.Hosts = append(got.Hosts, r.Host)
				}
				var failure *net.DNSError
				if errors.As(err, &failure) {
					got.NotFound, got.Fails = failure.IsNotFound, failure.IsTemporary
				} else if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
	if err := stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestAddressesAndNameServers(t *testing.T) {
	addr, _ := serve(t)
	r := resolver("udp", addr)
	hosts, err := r.LookupHost(t.Context(), exchanger)
	if diff := cmp.Diff([]string{"127.0.0.1"}, hosts); err != nil || diff != "" {
		t.Errorf("%v, addresses (-want +got):\n%s", err, diff)
	}
	servers, err := r.LookupNS(t.Context(), "com.")
	if err != nil || len(servers) != 1 || servers[0].Host != nameServer {
		t.Errorf("com: %v, %v", servers, err)
	}
	if servers, err := r.LookupNS(t.Context(), "person.example."); err == nil {
		t.Errorf("person.example: %v", servers)
	}
}

func query(t *testing.T, change func(*dnsmessage.Message)) []byte {
	t.Helper()
	m := dnsmessage.Message{
		Header: dnsmessage.Header{ID: 7, RecursionDesired: true},
		Questions: []dnsmessage.Question{{
			Name: dnsmessage.MustNewName("person.example."), Type: dnsmessage.TypeMX, Class: dnsmessage.ClassINET,
		}},
	}
	change(&m)
	packed, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func TestOddQueries(t *testing.T) {
	cases := map[string]struct {
		query []byte
		want  dnsmessage.RCode
		// wantNone: there is no answer.
		wantNone bool
	}{
		"another class":   {query: query(t, func(m *dnsmessage.Message) { m.Questions[0].Class = dnsmessage.ClassCHAOS }), want: dnsmessage.RCodeRefused},
		"an update":       {query: query(t, func(m *dnsmessage.Message) { m.OpCode = 5 }), want: dnsmessage.RCodeNotImplemented},
		"no question":     {query: query(t, func(m *dnsmessage.Message) { m.Questions = nil }), want: dnsmessage.RCodeFormatError},
		"half a question": {query: query(t, func(*dnsmessage.Message) {})[:20], want: dnsmessage.RCodeFormatError},
		"an answer":       {query: query(t, func(m *dnsmessage.Message) { m.Response = true }), wantNone: true},
		"nonsense":        {query: []byte("nonsense"), wantNone: true},
		"nothing":         {wantNone: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			message := answer(tc.query)
			if tc.wantNone {
				if message != nil {
					t.Errorf("an answer: %x", message)
				}
				return
			}
			var got dnsmessage.Message
			if err := got.Unpack(message); err != nil {
				t.Fatal(err)
			}
			if got.ID != 7 || !got.Response || got.RCode != tc.want {
				t.Errorf("%v, want %v", got.GoString(), tc.want)
			}
		})
	}
}

// The longest name of all, with the longest answer: no client has to ask again over TCP.
func TestAnswersFitAPacket(t *testing.T) {
	label := strings.Repeat("a", 63) + "."
	name := label + label + label + strings.Repeat("b", 61) + "."
	for _, kind := range []dnsmessage.Type{dnsmessage.TypeMX, dnsmessage.TypeA} {
		message := answer(query(t, func(m *dnsmessage.Message) {
			m.Questions[0].Name, m.Questions[0].Type = dnsmessage.MustNewName(name), kind
		}))
		if message == nil || len(message) > 512 {
			t.Errorf("%v: %d bytes", kind, len(message))
		}
	}
}

// A client that keeps its connection open gets several answers, and holds up nobody who wants to stop.
func TestStopWithAClientThere(t *testing.T) {
	addr, stop := serve(t)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	question := query(t, func(*dnsmessage.Message) {})
	want := answer(question)
	for range 2 {
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(question))), question...)); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 2+len(want))
		if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got[2:], want) {
			t.Fatalf("%x, %v; want %x", got, err, want)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
	if again, err := Listen(t.Context(), addr); err != nil {
		t.Errorf("the address is still taken: %v", err)
	} else {
		_ = again.Close()
	}
}

func TestAnAddressInUse(t *testing.T) {
	addr, _ := serve(t)
	if s, err := Listen(t.Context(), addr); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("%v, %v; want an error that names the address", s, err)
	}
}
