package intake

import (
	"errors"
	"flag"
	"fmt"
	"time"
)

// Options of the intake.
type Options struct {
	// Addr is the public address, host:port.
	Addr string
	// TLSCertFile and TLSKeyFile make the public port speak TLS; both are read again when they change. Empty: plain HTTP, for
	// a proxy that ends TLS.
	TLSCertFile, TLSKeyFile string
	// MetricsAddr is where /metrics is served; "0" serves none.
	MetricsAddr string
	// Namespace limits the intake to the pipelines of one namespace; empty means all of them.
	Namespace string
	// TrustedProxies lists the networks, comma-separated, whose X-Forwarded-For header is believed.
	TrustedProxies string
	// MaxCreatesInFlight bounds the creates that wait for the API server at any time.
	MaxCreatesInFlight int
	// CreateTimeout is how long a request may take to commit, waiting for a free place and retries included.
	CreateTimeout time.Duration
	// MaxBodyBytes bounds a request's body.
	MaxBodyBytes int64
	// TokenKeyFile holds the keys of the tokens by which people are known again; empty, or without the file, nobody is.
	TokenKeyFile string
	// TokenLifetime is how long a token is good.
	TokenLifetime time.Duration
}

// DefaultOptions returns the options without any flag.
func DefaultOptions() Options {
	return Options{
		Addr:               "127.0.0.1:8080",
		MetricsAddr:        "127.0.0.1:8081",
		MaxCreatesInFlight: 12,
		CreateTimeout:      10 * time.Second,
		MaxBodyBytes:       64 << 10,
		TokenLifetime:      180 * 24 * time.Hour,
	}
}

// BindFlags makes the options flags of fs; their present values are the defaults.
func (o *Options) BindFlags(fs *flag.FlagSet) {
	fs.StringVar(&o.Addr, "addr", o.Addr, "Address of the public port, host:port.")
	fs.StringVar(&o.TLSCertFile, "tls-cert-file", o.TLSCertFile, "File with the certificate chain of the public port, PEM. Read again when it changes. "+
		"Without it the port speaks plain HTTP.")
	fs.StringVar(&o.TLSKeyFile, "tls-key-file", o.TLSKeyFile, "File with the key of that certificate, PEM.")
	fs.StringVar(&o.MetricsAddr, "metrics-addr", o.MetricsAddr, "Address that serves /metrics, host:port; 0 switches it off.")
	fs.StringVar(&o.Namespace, "namespace", o.Namespace, "Serve the pipelines of this namespace only. Default: all namespaces.")
	fs.StringVar(&o.TrustedProxies, "trusted-proxies", o.TrustedProxies,
		"Networks (CIDRs, comma-separated) of the proxies in front of the intake. Only their X-Forwarded-For is believed.")
	fs.IntVar(&o.MaxCreatesInFlight, "max-creates-in-flight", o.MaxCreatesInFlight,
		"How many creates may wait for the API server at any time; more than 16 only makes each slower.")
	fs.DurationVar(&o.CreateTimeout, "create-timeout", o.CreateTimeout,
		"How long a request may take to commit its submission before it is answered with 503.")
	fs.Int64Var(&o.MaxBodyBytes, "max-body-bytes", o.MaxBodyBytes, "Largest request body, in bytes.")
	fs.StringVar(&o.TokenKeyFile, "token-key-file", o.TokenKeyFile, "File with the keys of the tokens by which people who sent a form before are known, "+
		"one of 32 characters or more a line: the first signs, the others are still believed. Read again when it changes. Without it nobody is known.")
	fs.DurationVar(&o.TokenLifetime, "token-lifetime", o.TokenLifetime, "How long such a token is good.")
}

// validate names every option that is wrong.
func (o *Options) validate() (TrustedProxies, error) {
	var errs []error
	proxies, err := parseProxies(o.TrustedProxies)
	if err != nil {
		errs = append(errs, fmt.Errorf("--trusted-proxies: %w", err))
	}
	if o.MaxCreatesInFlight < 1 {
		errs = append(errs, fmt.Errorf("--max-creates-in-flight is %d; it must be at least 1", o.MaxCreatesInFlight))
	}
	if o.CreateTimeout <= 0 {
		errs = append(errs, fmt.Errorf("--create-timeout is %s; it must be positive", o.CreateTimeout))
	}
	if o.MaxBodyBytes < 1 {
		errs = append(errs, fmt.Errorf("--max-body-bytes is %d; it must be at least 1", o.MaxBodyBytes))
	}
	if (o.TLSCertFile == "") != (o.TLSKeyFile == "") {
		errs = append(errs, errors.New("--tls-cert-file and --tls-key-file belong together: give both or none"))
	}
	if o.TokenLifetime < time.Minute {
		errs = append(errs, fmt.Errorf("--token-lifetime is %s; it must be at least 1m", o.TokenLifetime))
	}
	return proxies, errors.Join(errs...)
}
