package intake

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// TrustedProxies are the networks whose X-Forwarded-For header is believed.
type TrustedProxies []netip.Prefix

// parseProxies reads a comma-separated list of CIDRs; a plain address is a network of one.
func parseProxies(list string) (TrustedProxies, error) {
	var proxies TrustedProxies
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(item)
		if err != nil {
			addr, addrErr := netip.ParseAddr(item)
			if addrErr != nil {
				return nil, fmt.Errorf("%q is neither a network such as 10.0.0.0/8 nor an address", item)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		proxies = append(proxies, prefix.Masked())
	}
	return proxies, nil
}

func (p TrustedProxies) contain(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// remoteIP returns the visitor's address. X-Forwarded-For is read from the right, as long as whoever wrote an entry is
// trusted: the first untrusted hop is the visitor. What stands left of it, anyone could have written. An entry that is no
// address ends the search at the last hop that is known. "" when nothing is known.
func (p TrustedProxies) remoteIP(r *http.Request) string {
	client, ok := parseHop(r.RemoteAddr)
	if !ok {
		return ""
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.contain(client); i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		client = hop
	}
	return client.String()
}

// parseHop reads an address with or without a port. An IPv4 address in IPv6 clothing is an IPv4 address; a zone means
// nothing to anyone else.
func parseHop(s string) (netip.Addr, bool) {
	if addrPort, err := netip.ParseAddrPort(s); err == nil {
		return addrPort.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return addr.Unmap().WithZone(""), err == nil
}
