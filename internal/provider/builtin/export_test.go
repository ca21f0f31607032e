package builtin

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/mmdb"
)

// ContractDNS is the address of a DNS server that knows the domain of an e-mail address.
func ContractDNS(t testing.TB, email string) string {
	t.Helper()
	_, domain, _ := strings.Cut(email, "@")
	return newDNSServer(t, map[string]zone{domain: {mx: []string{"mail.carrier.example."}}}).addr
}

// ContractDatabase is the path of a file in which the documentation's addresses are French.
func ContractDatabase(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "country.mmdb")
	content, err := mmdb.File("GeoLite2-Country", time.Now(), map[string]mmdb.Record{"203.0.113.0/24": mmdb.Country("FR")})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, content)
	return path
}
