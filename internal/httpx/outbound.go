package httpx

import (
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

// Outbound is what an administrator says at installation about calls to outside systems.
type Outbound struct {
	// AllowLoopback lets calls reach this machine itself: for local use.
	AllowLoopback bool
	// Allow are private networks in which there are systems to call.
	Allow []netip.Prefix
	// Deny are networks that are never called, whatever Allow says.
	Deny []netip.Prefix
	// TrustedCAFile has certificates of authorities that are trusted beside the system's, PEM; "": there are none.
	TrustedCAFile string
}

// BindFlags makes the options flags of fs.
func (o *Outbound) BindFlags(fs *flag.FlagSet) {
	fs.BoolVar(&o.AllowLoopback, "allow-loopback", o.AllowLoopback, "let outside systems be stand-ins on this machine itself; for local use")
	fs.Func("allow-networks", "private networks that may be called, as CIDRs with commas between them, for example 10.96.0.0/12 for the cluster's Services; "+
		"private stands for all private networks; link-local and metadata addresses stay refused; may be given more than once", networks(&o.Allow))
	fs.Func("deny-networks", "networks that are never called, as CIDRs with commas between them; may be given more than once", networks(&o.Deny))
	fs.StringVar(&o.TrustedCAFile, "trusted-ca-file", o.TrustedCAFile,
		"file with the certificates of authorities, PEM, that outside systems' certificates may be signed by beside those that the system trusts")
}

// networks adds what a flag lists.
func networks(into *[]netip.Prefix) func(string) error {
	return func(list string) error {
		for text := range strings.SplitSeq(list, ",") {
			switch text = strings.TrimSpace(text); text {
			case "":
				continue
			case "private":
				*into = append(*into, private...)
				continue
			}
			p, err := netip.ParsePrefix(text)
			if err != nil {
				return fmt.Errorf("%q is neither a network such as 10.96.0.0/12 nor private", text)
			}
			if p != p.Masked() {
				return fmt.Errorf("%q has bits beyond its length: is %s meant?", text, p.Masked())
			}
			*into = append(*into, p)
		}
		return nil
	}
}

// Client makes the client of all calls.
func (o Outbound) Client() (*http.Client, error) {
	options := Options{AllowLoopback: o.AllowLoopback, Allow: o.Allow, Deny: o.Deny}
	if o.TrustedCAFile != "" {
		var err error
		if options.RootCAs, err = trusted(o.TrustedCAFile); err != nil {
			return nil, fmt.Errorf("--trusted-ca-file: %w", err)
		}
	}
	return New(options), nil
}

var errNoCertificate = errors.New("there is no certificate in it: it has to be PEM")

// trusted are the system's authorities and those of a file.
func trusted(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s: %w", file, errNoCertificate)
	}
	return pool, nil
}
