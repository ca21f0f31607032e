package httpx

import (
	"net/netip"
	"slices"
	"syscall"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// guard refuses addresses that an Integration's URL could be pointed at to make the operator speak to what only it can reach: its own
// machine, the network it stands in, and the cloud's metadata service, which hands out credentials. It looks at what a host name
// resolved to, at the moment of connecting, so that a name that changes its mind is no way around it.
//
// What an administrator allows at installation is reached all the same, but for link-local and metadata addresses: no outside system
// has one.
type guard struct {
	allow, deny []netip.Prefix
}

// control is a net.Dialer's Control: it sees each address just before it is connected to.
func (g guard) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return provider.Errorf(provider.Config, "the url's host resolves to something that is not an IP address and port")
	}
	return g.check(ap.Addr())
}

func (g guard) check(written netip.Addr) error {
	written = written.WithZone("").Unmap()
	addr := effective(written)
	switch {
	case addr.IsUnspecified(), thisNetwork.Contains(addr):
		return refused("an unspecified address")
	case addr.IsMulticast(), addr == broadcast:
		return refused("a multicast or broadcast address")
	case addr.IsLinkLocalUnicast():
		return refused("a link-local address (where cloud metadata lives)")
	case isMetadata(addr):
		return refused("a cloud metadata address")
	case contains(g.deny, addr), contains(g.deny, written):
		return provider.Errorf(provider.Config, "the url's host is in a network that --deny-networks refuses: give another address, or have that changed")
	case contains(g.allow, addr):
		return nil
	case addr.IsLoopback():
		return provider.Errorf(provider.Config,
			"the url's host is a loopback address, which is refused: give the address of a service, or start the operator with --allow-loopback")
	case isPrivate(addr):
		return provider.Errorf(provider.Config,
			"the url's host is a private address, which is refused unless the operator is started with --allow-networks and the network it is in "+
				"(private allows them all): see docs/security.md")
	}
	return nil
}

func refused(what string) error {
	return provider.Errorf(provider.Config, "the url's host is %s, which is always refused: give the address of a service", what)
}

func contains(list []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// The prefixes are values, not state.
var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	broadcast   = netip.AddrFrom4([4]byte{255, 255, 255, 255})

	loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

	// private are the networks that clusters, companies and carriers use for themselves.
	private = []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), // RFC 1918
		netip.MustParsePrefix("100.64.0.0/10"),  // RFC 6598: carriers, and some clouds' Pods
		netip.MustParsePrefix("192.0.0.0/24"),   // RFC 6890
		netip.MustParsePrefix("198.18.0.0/15"),  // RFC 2544: measurements
		netip.MustParsePrefix("240.0.0.0/4"),    // RFC 1112: for later, and some clouds' Pods
		netip.MustParsePrefix("fc00::/7"),       // RFC 4193
		netip.MustParsePrefix("fec0::/10"),      // RFC 3879: the predecessor
		netip.MustParsePrefix("64:ff9b:1::/48"), // RFC 8215: a network's own way to IPv4
		netip.MustParsePrefix("2001::/32"),      // RFC 4380: tunnels to hosts behind a NAT
	}
)

func isPrivate(addr netip.Addr) bool { return contains(private, addr) }

// embedding are the ways in which an IPv6 address stands for an IPv4 one, with the place of its first byte.
var embedding = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},    // RFC 6052: NAT64
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12}, // RFC 2765
	{netip.MustParsePrefix("::/96"), 12},           // RFC 4291, given up
	{netip.MustParsePrefix("2002::/16"), 2},        // RFC 3056: 6to4
}

// effective is the address that is reached in the end: IPv4 written as IPv6, in whichever way, is IPv4.
func effective(addr netip.Addr) netip.Addr {
	addr = addr.WithZone("").Unmap()
	if addr.Is4() || addr.IsLoopback() || addr.IsUnspecified() {
		return addr
	}
	for _, e := range embedding {
		if e.prefix.Contains(addr) {
			b := addr.As16()
			return netip.AddrFrom4([4]byte(b[e.at : e.at+4]))
		}
	}
	return addr
}

// isMetadata knows the metadata addresses outside the link-local range.
func isMetadata(addr netip.Addr) bool {
	switch addr.String() {
	case "fd00:ec2::254", "fd00:ec2::23", // AWS: instance metadata, EKS Pod Identity
		"fd20:ce::254",    // Google Cloud
		"100.100.100.200", // Alibaba Cloud
		"192.0.0.192",     // Oracle Cloud
		"168.63.129.16":   // Azure's host agent
		return true
	}
	return false
}
