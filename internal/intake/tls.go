package intake

import (
	"crypto/tls"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// newTLS reads a certificate and its key. The files are watched, so that a renewed certificate is used for the next
// connection; while what is in them can't be used, the last good one stays. The caller starts the watch. option is what the flags
// that name them begin with.
func newTLS(option, certFile, keyFile string) (*certwatcher.CertWatcher, *tls.Config, error) {
	watcher, err := certwatcher.New(certFile, keyFile)
	if err != nil {
		return nil, nil, fmt.Errorf("%s-cert-file %s and %s-key-file %s: %w", option, certFile, option, keyFile, err)
	}
	return watcher, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: watcher.GetCertificate,
		NextProtos:     []string{"h2", "http/1.1"},
	}, nil
}
