// Command sandbox serves stand-ins for an e-mail verifier, a locator, a CRM and a marketing system, for trials and tests.
//
// Beside these plain services it speaks the dialects of real systems, each below a prefix with its name: /hubspot,
// /listmonk, /salesforce and so on.
//
// Each service takes a token, by default sandbox-<service>-token; SANDBOX_<SERVICE>_TOKEN sets another one.
//
// The stand-in of Salesforce takes a JWT where SANDBOX_SALESFORCE_CERTIFICATE names a file with the app's certificate, PEM.
//
// A DNS resolver stands in, too, for whatever asks DNS whether a domain takes mail; package dns says what it answers.
//
// With --tls-addr the same services are there over TLS as well, for the fault "tls".
//
// Records are held in memory. With --state, those of the CRM and the marketing system are kept in a file as well.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/contact-operator/contact-operator/hack/sandbox/brevo"
	"github.com/contact-operator/contact-operator/hack/sandbox/dns"
	"github.com/contact-operator/contact-operator/hack/sandbox/espocrm"
	"github.com/contact-operator/contact-operator/hack/sandbox/hubspot"
	"github.com/contact-operator/contact-operator/hack/sandbox/ipinfo"
	"github.com/contact-operator/contact-operator/hack/sandbox/kickbox"
	"github.com/contact-operator/contact-operator/hack/sandbox/listmonk"
	"github.com/contact-operator/contact-operator/hack/sandbox/mailchimp"
	"github.com/contact-operator/contact-operator/hack/sandbox/maxmind"
	"github.com/contact-operator/contact-operator/hack/sandbox/reacher"
	"github.com/contact-operator/contact-operator/hack/sandbox/salesforce"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/hack/sandbox/zerobounce"
)

// options are where the sandbox listens and what it keeps; "" leaves a part out.
type options struct{ addr, dnsAddr, tlsAddr, tlsCertFile, tlsKeyFile, state string }

func main() {
	var o options
	flag.StringVar(&o.addr, "addr", "127.0.0.1:8090", "address to listen on; anybody who reaches it can read what the sandbox holds")
	flag.StringVar(&o.dnsAddr, "dns-addr", "127.0.0.1:8053", "address to answer DNS on, over UDP and TCP; blank: no DNS")
	flag.StringVar(&o.tlsAddr, "tls-addr", "", "address to listen on with TLS, for the same services; blank: none")
	flag.StringVar(&o.tlsCertFile, "tls-cert-file", "", "file with the certificate of that address, PEM")
	flag.StringVar(&o.tlsKeyFile, "tls-key-file", "", "file with the key of that certificate, PEM")
	flag.StringVar(&o.state, "state", "", "file that keeps the records of the CRM and the marketing system between runs; without it they go with the process")
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, log, o); err != nil {
		log.Error("the sandbox ends", "err", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, log *slog.Logger, o options) (err error) {
	org, err := salesforceOrg(os.Getenv("SANDBOX_SALESFORCE_CERTIFICATE"))
	if err != nil {
		return err
	}
	vendors := map[server.Service]server.NewVendor{
		server.HubSpot:    hubspot.New(hubspot.Free()),
		server.Listmonk:   listmonk.New(listmonk.Options{}),
		server.Salesforce: salesforce.New(org),
		server.EspoCRM:    espocrm.New(espocrm.Options{}),
		server.IPinfo:     ipinfo.New(ipinfo.Options{}),
		server.MaxMind:    maxmind.New(maxmind.Options{Tolerates: 100}),

		server.Reacher:    reacher.New(reacher.Options{PerMinute: 600}),
		server.ZeroBounce: zerobounce.New(zerobounce.Options{}),
		server.Kickbox:    kickbox.New(kickbox.Options{}),
		server.Mailchimp:  mailchimp.New(mailchimp.Real()),
		server.Brevo:      brevo.New(brevo.General()),
	}
	tokens := map[server.Service]string{}
	for _, name := range slices.AppendSeq(server.Services(), maps.Keys(vendors)) {
		if token := os.Getenv("SANDBOX_" + strings.ToUpper(string(name)) + "_TOKEN"); token != "" {
			tokens[name] = token
		}
	}
	// First the addresses: whoever has those in use may have the file in use, too.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // for the ways out before Serve, which closes it
	var secure net.Listener
	var certificates *certificates
	if o.tlsAddr != "" {
		if certificates, err = loadCertificates(o.tlsCertFile, o.tlsKeyFile); err != nil {
			return err
		}
		if secure, err = new(net.ListenConfig).Listen(ctx, "tcp", o.tlsAddr); err != nil {
			return err
		}
		defer func() { _ = secure.Close() }()
	}
	var resolver *dns.Server
	if o.dnsAddr != "" {
		if resolver, err = dns.Listen(ctx, o.dnsAddr); err != nil {
			return err
		}
		defer func() { _ = resolver.Close() }()
	}
	var journal *server.Journal
	if o.state != "" {
		if journal, err = server.OpenJournal(o.state, log); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, journal.Close()) }()
	}
	sandbox := server.New(server.Options{Tokens: tokens, Vendors: vendors, Journal: journal, Log: log})
	serving, ctx := errgroup.WithContext(ctx)
	if resolver != nil {
		log.Info("the sandbox answers DNS", "addr", resolver.Addr())
		serving.Go(func() error { return resolver.Serve(ctx) })
	}
	log.Info("the sandbox listens", "addr", listener.Addr().String())
	serving.Go(func() error { return serveHTTP(ctx, log, listener, sandbox) })
	if secure != nil {
		log.Info("the sandbox listens with TLS", "addr", secure.Addr().String())
		serving.Go(func() error { return serveHTTP(ctx, log, certificates.over(secure, sandbox), sandbox) })
	}
	return serving.Wait()
}

// salesforceOrg is a developer's org, whose app has the certificate in a file; "": it has none.
func salesforceOrg(certificateFile string) (salesforce.Options, error) {
	org := salesforce.Developer()
	if certificateFile == "" {
		return org, nil
	}
	text, err := os.ReadFile(certificateFile)
	if err != nil {
		return org, err
	}
	org.PublicKey, err = salesforce.PublicKey(text)
	return org, err
}

// serveHTTP serves until ctx ends.
func serveHTTP(ctx context.Context, log *slog.Logger, listener net.Listener, sandbox *server.Server) error {
	srv := &http.Server{
		Handler:           sandbox,
		ReadHeaderTimeout: 10 * time.Second,
		// A stand-in that is told to break connections would fill the log with what it was told to do.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	log.Info("the sandbox stops")
	sandbox.Close() // lets go of the calls that a fault holds back
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(deadline); err != nil {
		return errors.Join(err, srv.Close())
	}
	return nil
}
