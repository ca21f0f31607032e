package app

import (
	"crypto/tls"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// metricsOptions says how metrics are served. The certificate, nil where the server makes its own, has to be watched.
func metricsOptions(o Options) (server.Options, *certwatcher.CertWatcher, error) {
	options := server.Options{BindAddress: o.MetricsAddr, SecureServing: o.MetricsSecure}
	if (o.MetricsCertFile == "") != (o.MetricsKeyFile == "") {
		return options, nil, errors.New("--metrics-tls-cert-file and --metrics-tls-key-file belong together: give both or none")
	}
	if !o.MetricsSecure {
		return options, nil, nil
	}
	options.FilterProvider = filters.WithAuthenticationAndAuthorization
	if o.MetricsCertFile == "" {
		return options, nil, nil
	}
	certificate, err := certwatcher.New(o.MetricsCertFile, o.MetricsKeyFile)
	if err != nil {
		return options, nil, fmt.Errorf("--metrics-tls-cert-file %s and --metrics-tls-key-file %s: %w", o.MetricsCertFile, o.MetricsKeyFile, err)
	}
	options.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.GetCertificate = certificate.GetCertificate }}
	return options, certificate, nil
}
