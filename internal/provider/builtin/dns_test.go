package builtin

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// zone is what a test's DNS server does with a domain.
type zone struct {
	mx      []string // hosts; "." is the null MX
	ns      []string
	a, aaaa string
	cname   string
	// rcode of the answers, when it is not success.
	rcode dnsmessage.RCode
	// addressRCode is that of answers about addresses.
	addressRCode dnsmessage.RCode
	// silent: there is no answer. lame: it leads elsewhere. forged: a wrong one comes first. garbage: it is none.
	silent, lame, forged, garbage bool
}

// dnsServer is a DNS server on this machine, over UDP and TCP, that knows some domains.
type dnsServer struct {
	addr  string
	zones map[string]zone

	mu      sync.Mutex
	asked   map[string]int // "mx person.example", with how often
	overTCP int
	// held, when not nil, keeps answers back until it is closed.
	held <-chan struct{}
}

// hold keeps answers back until release is called.
func (s *dnsServer) hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := make(chan struct{})
	s.held = held
	return sync.OnceFunc(func() { close(held) })
}

// newDNSServer starts one that knows the Internet, and answers "no such domain" for what else it does not know.
func newDNSServer(t testing.TB, zones map[string]zone) *dnsServer {
	t.Helper()
	if _, given := zones[everybodyKnows]; !given {
		zones[everybodyKnows] = zone{ns: []string{"ns.registry.example."}}
	}
	s := &dnsServer{zones: zones, asked: map[string]int{}}
	udp, tcp := listenBoth(t)
	s.addr = udp.LocalAddr().String()
	var serving sync.WaitGroup
	serving.Go(func() { s.serveUDP(udp, &serving) })
	serving.Go(func() { s.serveTCP(tcp, &serving) })
	t.Cleanup(func() {
		_ = udp.Close()
		_ = tcp.Close()
		serving.Wait()
	})
	return s
}

// listenBoth finds a port that is free for UDP and TCP.
func listenBoth(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	var failed error
	for range 20 {
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		tcp, err := net.Listen("tcp", udp.LocalAddr().String())
		if err == nil {
			return udp, tcp
		}
		failed = err
		_ = udp.Close()
	}
	t.Fatal(failed)
	return nil, nil
}

func (s *dnsServer) serveUDP(conn net.PacketConn, serving *sync.WaitGroup) {
	for {
		buf := make([]byte, udpSize)
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		serving.Go(func() {
			for _, message := range s.answer(buf[:n], "udp") {
				_, _ = conn.WriteTo(message, from)
			}
		})
	}
}

func (s *dnsServer) serveTCP(l net.Listener, serving *sync.WaitGroup) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		serving.Go(func() {
			defer func() { _ = conn.Close() }()
			var length [2]byte
			if _, err := io.ReadFull(conn, length[:]); err != nil {
				return
			}
			query := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(conn, query); err != nil {
				return
			}
			for _, message := range s.answer(query, "tcp") {
				_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...))
			}
		})
	}
}

// answer returns the messages that a query leads to.
func (s *dnsServer) answer(query []byte, network string) [][]byte {
	var asked dnsmessage.Message
	if err := asked.Unpack(query); err != nil || len(asked.Questions) != 1 {
		return nil
	}
	q := asked.Questions[0]
	domain := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
	s.mu.Lock()
	s.asked[strings.ToLower(strings.TrimPrefix(q.Type.String(), "Type"))+" "+domain]++
	if network == "tcp" {
		s.overTCP++
	}
	held := s.held
	s.mu.Unlock()
	if held != nil {
		<-held
	}

	z, known := s.zones[domain]
	if z.silent {
		return nil
	}
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: asked.ID, Response: true, RecursionDesired: true, RecursionAvailable: !z.lame, RCode: z.rcode},
		Questions: asked.Questions,
	}
	address := q.Type == dnsmessage.TypeA || q.Type == dnsmessage.TypeAAAA
	switch {
	case !known:
		reply.RCode = dnsmessage.RCodeNameError
	case address && z.addressRCode != 0:
		reply.RCode = z.addressRCode
	case z.lame || z.rcode != 0:
	default:
		reply.Answers = z.records(q)
	}
	message, err := reply.Pack()
	if err != nil {
		panic(err)
	}
	if network == "udp" && len(message) > udpSize {
		reply.Truncated, reply.Answers = true, nil
		message, _ = reply.Pack()
	}
	if z.garbage {
		message = append(message[:12:12], 0xff, 0xff, 0xff)
	}
	if z.forged {
		wrongID, wrongName := reply, reply
		wrongID.ID++
		wrongID.RCode = dnsmessage.RCodeNameError
		wrongName.Questions = []dnsmessage.Question{{Name: dnsmessage.MustNewName("other.example."), Type: q.Type, Class: q.Class}}
		wrongName.RCode = dnsmessage.RCodeNameError
		first, _ := wrongID.Pack()
		second, _ := wrongName.Pack()
		return [][]byte{first, second, {1, 2, 3}, message}
	}
	return [][]byte{message}
}

func (z zone) records(q dnsmessage.Question) []dnsmessage.Resource {
	header := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60}
	var list []dnsmessage.Resource
	add := func(body dnsmessage.ResourceBody) {
		list = append(list, dnsmessage.Resource{Header: header, Body: body})
	}
	if z.cname != "" {
		add(&dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(z.cname)})
		header.Name = dnsmessage.MustNewName(z.cname)
	}
	switch q.Type {
	case dnsmessage.TypeMX:
		for i, host := range z.mx {
			add(&dnsmessage.MXResource{Pref: uint16(i), MX: dnsmessage.MustNewName(host)})
		}
	case dnsmessage.TypeNS:
		for _, host := range z.ns {
			add(&dnsmessage.NSResource{NS: dnsmessage.MustNewName(host)})
		}
	case dnsmessage.TypeA:
		if z.a != "" {
			add(&dnsmessage.AResource{A: netip.MustParseAddr(z.a).As4()})
		}
	case dnsmessage.TypeAAAA:
		if z.aaaa != "" {
			add(&dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(z.aaaa).As16()})
		}
	}
	return list
}

// questions returns how often the server was asked about a domain, by type.
func (s *dnsServer) questions(domain string) map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[string]int{}
	for question, n := range s.asked {
		kind, name, _ := strings.Cut(question, " ")
		if name == domain {
			counts[kind] = n
		}
	}
	return counts
}

// closedPort is an address where nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := conn.LocalAddr().String()
	_ = conn.Close()
	return addr
}

// quietPort is an address where somebody listens who never answers.
func quietPort(t testing.TB) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}
