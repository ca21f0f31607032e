package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority is the certificate authority of one state folder. It is kept between runs, so that kubeconfigs stay valid.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
)

// openAuthority loads the authority in dir, or makes one when there is none or it would end before its certificates.
func openAuthority(dir string) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	a := &authority{dir: dir}
	pair, err := tls.LoadX509KeyPair(a.certFile("ca"), a.keyFile("ca"))
	switch {
	case err == nil:
		signer, ok := pair.PrivateKey.(crypto.Signer)
		if ok && time.Until(pair.Leaf.NotAfter) > leafLife {
			a.cert, a.key = pair.Leaf, signer
			return a, nil
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the certificate authority in %s can't be read: %w; remove the folder to get a new one", dir, err)
	}
	key, err := newKey(a.keyFile("ca"))
	if err != nil {
		return nil, err
	}
	template, err := newTemplate("contact-operator local", authorityLife)
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	a.cert, a.key = template, key // it signs itself
	a.cert, err = a.sign(template, key.Public(), a.certFile("ca"))
	return a, err
}

func (a *authority) certFile(name string) string { return filepath.Join(a.dir, name+".crt") }
func (a *authority) keyFile(name string) string  { return filepath.Join(a.dir, name+".key") }

// issue makes a certificate for loopback that serves and calls: name.crt and name.key.
func (a *authority) issue(name string) error {
	key, err := newKey(a.keyFile(name))
	if err != nil {
		return err
	}
	template, err := newTemplate(name, leafLife)
	if err != nil {
		return err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	template.DNSNames = []string{"localhost"}
	_, err = a.sign(template, key.Public(), a.certFile(name))
	return err
}

// publish puts the authority's certificate, and nothing else, into a folder that a client can be told to trust.
func (a *authority) publish(dir string) error {
	data, err := os.ReadFile(a.certFile("ca"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "ca.pem"), data, 0o600)
}

// trusted are the folders of the authorities that the operator trusts: those that it trusts anyhow, so that real systems can
// be called, too, and the local one, which the sandbox's TLS port is signed by. On macOS it has no effect.
func (s settings) trusted() string {
	folders := "/etc/ssl/certs:/etc/pki/tls/certs" // what Go looks into on Linux when it is told nothing
	if given := os.Getenv("SSL_CERT_DIR"); given != "" {
		folders = given
	}
	return folders + ":" + s.path("pki", "trusted")
}

func (a *authority) sign(template *x509.Certificate, public any, file string) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, public, a.key)
	if err != nil {
		return nil, err
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func newTemplate(name string, life time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Minute),
		NotAfter:     time.Now().Add(life),
	}, nil
}

func newKey(file string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}
