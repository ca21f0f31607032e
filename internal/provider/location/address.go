package location

import (
	"net/netip"
	"strings"
)

// publicAddress reads an IP address, with or without port and zone. ok is false for what is none, and for one that many networks
// use for themselves: it tells nothing, and nobody needs to be asked.
func publicAddress(typed string) (addr netip.Addr, ok bool) {
	addr, ok = parseAddress(typed)
	if !ok || addr.IsPrivate() || !addr.IsGlobalUnicast() || sharedAddresses.Contains(addr) {
		return netip.Addr{}, false
	}
	return addr, true
}

// sharedAddresses are those that a carrier puts many customers behind (RFC 6598).
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

func parseAddress(typed string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(typed), "[]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(strings.TrimSpace(typed))
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.WithZone("").Unmap(), true
}
