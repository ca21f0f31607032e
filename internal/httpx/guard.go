package httpx

import (
	"net/netip"
	"syscall"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// guard refuses addresses that no outside system has, but that an Integration's URL could be pointed at to make the
// operator speak to its own machine or to the cloud's metadata service, which hands out credentials. It looks at what a
// host name resolved to, at the moment of connecting, so that a name that changes its mind is no way around it.
//
// Private ranges are allowed: services in the same cluster have such addresses.
type guard struct {
	allowLoopback bool
}

// control is a net.Dialer's Control: it sees each address just before it is connected to.
func (g guard) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return provider.Errorf(provider.Config, "the url's host resolves to something that is not an IP address and port")
	}
	return g.check(ap.Addr())
}

func (g guard) check(addr netip.Addr) error {
	addr = effective(addr)
	switch {
	case addr.IsLoopback():
		if g.allowLoopback {
			return nil
		}
		return provider.Errorf(provider.Config,
			"the url's host is a loopback address, which is refused: give the address of a service, or start the operator with --allow-loopback")
	case addr.IsUnspecified(), thisNetwork.Contains(addr):
		return refused("an unspecified address")
	case addr.IsMulticast(), addr == broadcast:
		return refused("a multicast or broadcast address")
	case addr.IsLinkLocalUnicast():
		return refused("a link-local address (where cloud metadata lives)")
	case isMetadata(addr):
		return refused("a cloud metadata address")
	}
	return nil
}

func refused(what string) error {
	return provider.Errorf(provider.Config, "the url's host is %s, which is always refused: give the address of a service", what)
}

// The prefixes are values, not state.
var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	broadcast   = netip.AddrFrom4([4]byte{255, 255, 255, 255})
	nat64       = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
)

// effective is the address that is reached in the end: IPv4 written as IPv6 (mapped, or through NAT64) is IPv4.
func effective(addr netip.Addr) netip.Addr {
	addr = addr.WithZone("").Unmap()
	if nat64.Contains(addr) {
		b := addr.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
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
