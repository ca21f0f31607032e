package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// certificates are what the TLS port shows: the good one, and, while a service has the fault "tls", one that has expired.
type certificates struct{ good, expired tls.Certificate }

func loadCertificates(certFile, keyFile string) (*certificates, error) {
	good, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("--tls-addr needs a certificate and its key, see --tls-cert-file and --tls-key-file: %w", err)
	}
	expired, err := expiredCertificate()
	return &certificates{good, expired}, err
}

// over makes a listener speak TLS. It speaks HTTP/1.1 alone, whose connections a fault can break one by one.
func (c *certificates) over(plain net.Listener, sandbox *server.Server) net.Listener {
	return tls.NewListener(plain, &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if sandbox.TLSFails() {
				return &c.expired, nil
			}
			return &c.good, nil
		},
		// Whoever resumes a session is shown no certificate.
		SessionTicketsDisabled: true,
	})
}

// expiredCertificate makes one that ended yesterday. Clients look at the dates before they look at who signed.
func expiredCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-90 * 24 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
