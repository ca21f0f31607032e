package intake

import (
	"crypto/tls"
	"fmt"
	"net/http"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// newMetricsServer prepares what serves the metrics: over TLS, to those who may read them, unless the options say otherwise. The
// certificate, nil where the server made its own, has to be watched.
func newMetricsServer(cfg *rest.Config, o Options, m *metrics, log logr.Logger) (*http.Server, *certwatcher.CertWatcher, error) {
	server := &http.Server{Handler: m.handler(), ReadHeaderTimeout: readHeaderTimeout, WriteTimeout: readTimeout, ErrorLog: newServerLog(log)}
	if !o.MetricsSecure {
		return server, nil, nil
	}
	review, err := newReview(cfg)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare the check of who reads the metrics: %w", err)
	}
	server.Handler = newMetricsGuard(review, log).around(server.Handler)
	if o.MetricsCertFile != "" {
		watcher, config, err := newTLS("--metrics-tls", o.MetricsCertFile, o.MetricsKeyFile)
		if err != nil {
			return nil, nil, err
		}
		server.TLSConfig = config
		return server, watcher, nil
	}
	certificate, key, err := cert.GenerateSelfSignedCertKeyWithFixtures("localhost", nil, nil, "")
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate for the metrics: %w", err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate for the metrics: %w", err)
	}
	server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	return server, nil, nil
}
