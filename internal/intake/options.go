package intake

import (
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/intake/spool"
	"github.com/contact-operator/contact-operator/internal/tracing"
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
	// MetricsSecure serves them over TLS, to those whom the API server lets read them.
	MetricsSecure bool
	// MetricsCertFile and MetricsKeyFile are the certificate for that, read again when they change. Empty: it makes its own.
	MetricsCertFile, MetricsKeyFile string
	// Namespace limits the intake to the pipelines of one namespace; empty means all of them.
	Namespace string
	// TrustedProxies lists the networks, comma-separated, whose X-Forwarded-For header is believed.
	TrustedProxies string
	// MaxCreatesInFlight bounds the creates that wait for the API server at any time.
	MaxCreatesInFlight int
	// CreateTimeout is how long a request may take to commit, waiting for a free place and retries included.
	CreateTimeout time.Duration
	// SpoolDir is the folder of the spool; empty: there is none, and a request waits for the API server.
	SpoolDir string
	// SpoolMaxBytes bounds the spool's file.
	SpoolMaxBytes int64
	// SpoolKeyFile holds the keys that the spool is encrypted with; empty: it is not.
	SpoolKeyFile string
	// CommitPatience is how long the API server may take before the spool is used.
	CommitPatience time.Duration
	// MaxUnfinished is how many submissions may be unfinished before new ones wait in the spool; 0: any number.
	MaxUnfinished int64
	// EtcdQuotaBytes is etcd's quota; 0: how full etcd is, is not looked at.
	EtcdQuotaBytes int64
	// Outbound says where captchas may be checked, and whom the intake trusts.
	Outbound httpx.Outbound
	// AlertConfig is the file that says which alerts there are and who is told; empty: the defaults.
	AlertConfig string
	// AlertmanagerURLs are more of those who are told what is wrong with the spool.
	AlertmanagerURLs []string
	// MaxBodyBytes bounds a request's body.
	MaxBodyBytes int64
	// TokenKeyFile holds the keys of the tokens by which people are known again; empty, or without the file, nobody is.
	TokenKeyFile string
	// TokenLifetime is how long a token is good.
	TokenLifetime time.Duration
	// Tracer follows submissions; nil follows none. It is no flag: the environment says.
	Tracer *tracing.Tracer
}

// DefaultOptions returns the options without any flag.
func DefaultOptions() Options {
	return Options{
		Addr:               "127.0.0.1:8080",
		MetricsAddr:        "127.0.0.1:8081",
		MetricsSecure:      true,
		MaxCreatesInFlight: 12,
		CreateTimeout:      10 * time.Second,
		SpoolMaxBytes:      1 << 30,
		CommitPatience:     50 * time.Millisecond,
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
	fs.BoolVar(&o.MetricsSecure, "metrics-secure", o.MetricsSecure, "Serve metrics over TLS, to those who may read them.")
	fs.StringVar(&o.MetricsCertFile, "metrics-tls-cert-file", o.MetricsCertFile, "File with the certificate chain for that, PEM. Read again when it changes. "+
		"Default: one that the intake makes itself.")
	fs.StringVar(&o.MetricsKeyFile, "metrics-tls-key-file", o.MetricsKeyFile, "File with the key of that certificate, PEM.")
	fs.StringVar(&o.Namespace, "namespace", o.Namespace, "Serve the pipelines of this namespace only. Default: all namespaces.")
	fs.StringVar(&o.TrustedProxies, "trusted-proxies", o.TrustedProxies,
		"Networks (CIDRs, comma-separated) of the proxies in front of the intake. Only their X-Forwarded-For is believed.")
	fs.IntVar(&o.MaxCreatesInFlight, "max-creates-in-flight", o.MaxCreatesInFlight,
		"How many creates may wait for the API server at any time; more than 16 only makes each slower.")
	fs.DurationVar(&o.CreateTimeout, "create-timeout", o.CreateTimeout,
		"How long a create may take. Without a spool: how long a request may take to commit its submission before it is answered with 503.")
	fs.StringVar(&o.SpoolDir, "spool-dir", o.SpoolDir, "Folder, on a disk that lives on, of the spool: what the API server can't take at once is kept there and handed over later. "+
		"Without it, requests wait for the API server.")
	fs.Int64Var(&o.SpoolMaxBytes, "spool-max-bytes", o.SpoolMaxBytes, "Largest size of the spool's file, in bytes.")
	fs.StringVar(&o.SpoolKeyFile, "spool-key-file", o.SpoolKeyFile, "File with the keys that the spool is encrypted with, one of 32 characters or more a line: "+
		"the first encrypts, all of them decrypt. Read again when it changes. Without it the spool is not encrypted.")
	fs.DurationVar(&o.CommitPatience, "commit-patience", o.CommitPatience, "How long the API server may take to commit a submission before the spool takes it. The create goes on behind it.")
	fs.Int64Var(&o.MaxUnfinished, "max-unfinished", o.MaxUnfinished, "While this many submissions are unfinished, new ones wait in the spool. 0: any number.")
	fs.Int64Var(&o.EtcdQuotaBytes, "etcd-quota-bytes", o.EtcdQuotaBytes, "etcd's --quota-backend-bytes. From 80 % of it on, submissions wait in the spool. "+
		"Needs the right to get /metrics of the API server. 0: how full etcd is, is not looked at.")
	o.Outbound.BindFlags(fs)
	fs.StringVar(&o.AlertConfig, "alert-config", o.AlertConfig, "File that says which alerts there are, from when on, and which Alertmanagers are told.")
	fs.Func("alertmanager-url", "An Alertmanager that is told what is wrong with the spool, for example http://alertmanager-0.alertmanager:9093. "+
		"May be given for each peer.", func(url string) error {
		o.AlertmanagerURLs = append(o.AlertmanagerURLs, url)
		return nil
	})
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
	errs = append(errs, o.validateSpool()...)
	if o.MaxBodyBytes < 1 {
		errs = append(errs, fmt.Errorf("--max-body-bytes is %d; it must be at least 1", o.MaxBodyBytes))
	}
	if (o.TLSCertFile == "") != (o.TLSKeyFile == "") {
		errs = append(errs, errors.New("--tls-cert-file and --tls-key-file belong together: give both or none"))
	}
	if (o.MetricsCertFile == "") != (o.MetricsKeyFile == "") {
		errs = append(errs, errors.New("--metrics-tls-cert-file and --metrics-tls-key-file belong together: give both or none"))
	}
	if o.TokenLifetime < time.Minute {
		errs = append(errs, fmt.Errorf("--token-lifetime is %s; it must be at least 1m", o.TokenLifetime))
	}
	return proxies, errors.Join(errs...)
}

func (o *Options) validateSpool() []error {
	var errs []error
	if o.SpoolMaxBytes < spool.MinLimit {
		errs = append(errs, fmt.Errorf("--spool-max-bytes is %d; it must be at least %d", o.SpoolMaxBytes, spool.MinLimit))
	}
	if o.CommitPatience <= 0 {
		errs = append(errs, fmt.Errorf("--commit-patience is %s; it must be positive", o.CommitPatience))
	}
	if o.MaxUnfinished < 0 {
		errs = append(errs, fmt.Errorf("--max-unfinished is %d; it must be 0 or more", o.MaxUnfinished))
	}
	if o.EtcdQuotaBytes < 0 {
		errs = append(errs, fmt.Errorf("--etcd-quota-bytes is %d; it must be 0 or more", o.EtcdQuotaBytes))
	}
	if o.SpoolDir == "" && (o.SpoolKeyFile != "" || o.MaxUnfinished > 0 || o.EtcdQuotaBytes > 0) {
		errs = append(errs, errors.New("--spool-key-file, --max-unfinished and --etcd-quota-bytes need a spool: give --spool-dir, too"))
	}
	if o.SpoolDir == "" && (o.AlertConfig != "" || len(o.AlertmanagerURLs) > 0) {
		errs = append(errs, errors.New("--alert-config and --alertmanager-url tell of the spool: give --spool-dir, too"))
	}
	return errs
}
