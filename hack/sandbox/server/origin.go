package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// own serves a path of the sandbox itself. Those need no token, so a browser is a danger: it reaches loopback addresses for
// any page that asks it to.
func (s *Server) own(pattern string, serve http.HandlerFunc) {
	protection := http.NewCrossOriginProtection()
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if !hostFits(r) {
			write(w, refusal(http.StatusMisdirectedRequest, "refused",
				"the sandbox listens on loopback here: call it by an IP address or as localhost"))
			return
		}
		if err := protection.Check(r); err != nil {
			write(w, refusal(http.StatusForbidden, "refused", "the request comes from the page of another site"))
			return
		}
		serve(w, r)
	})
}

// hostFits refuses other names for a loopback address. A page elsewhere can give such an address a name of its own site,
// and would be taken for a page of ours then.
func hostFits(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !local.IP.IsLoopback() {
		return true
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
