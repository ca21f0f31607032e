package intake

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	readHeaderTimeout = 10 * time.Second
	// readTimeout is for a form from a telephone on a bad line.
	readTimeout = 30 * time.Second
	// idleTimeout is longer than that of common load balancers, so that they, not we, close idle connections.
	idleTimeout    = 120 * time.Second
	maxHeaderBytes = 32 << 10
	// stopTimeout is what requests in flight are given when the process is asked to stop.
	stopTimeout = 20 * time.Second
	userAgent   = "contact-intake"
)

// Run serves until ctx ends, then stops accepting, finishes the requests in flight (at most 20 seconds) and returns. It
// starts, and answers probes, while the API server is away; /readyz tells when the pipelines are known.
func Run(ctx context.Context, cfg *rest.Config, o Options, log logr.Logger) error {
	proxies, err := o.validate()
	if err != nil {
		return err
	}
	// The ports come first: when one is taken, nothing else has begun.
	listener, err := listen(ctx, "--addr", o.Addr)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	var metricsListener net.Listener
	if o.MetricsAddr != "0" {
		if metricsListener, err = listen(ctx, "--metrics-addr", o.MetricsAddr); err != nil {
			return err
		}
		defer func() { _ = metricsListener.Close() }()
	}

	return serveIntake(ctx, cfg, o, proxies, listener, metricsListener, log)
}

// serveIntake wires everything and runs it until ctx ends. Without a metricsListener, no metrics are served.
func serveIntake(ctx context.Context, cfg *rest.Config, o Options, proxies TrustedProxies, listener, metricsListener net.Listener, log logr.Logger) error {
	cfg = rest.CopyConfig(cfg)
	cfg.UserAgent = userAgent
	cfg.QPS = -1 // creates in flight are bounded here, and the API server has fairness of its own
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	pipelines, err := newCachedPipelines(ctx, cfg, scheme, o.Namespace, log)
	if err != nil {
		return err
	}
	api, err := client.New(cfg, client.Options{Scheme: scheme, Mapper: newMapper()})
	if err != nil {
		return fmt.Errorf("prepare the client: %w", err)
	}
	// Strict: a CRD that is older than this program must not drop a field without a word.
	api = client.WithFieldValidation(api, metav1.FieldValidationStrict)

	m := newMetrics()
	m.pipelines = pipelines.List
	keys := newTokenKeys(o.TokenKeyFile, log)
	direct := newAPICommitter(api, o.MaxCreatesInFlight, o.CreateTimeout, m, log)
	direct.tracer = o.Tracer
	contacts := newAPIContacts(api)
	secrets := newAPISecrets(api, pipelines.List, m, log)
	captchas, err := newCaptchas(o, log)
	if err != nil {
		return err
	}
	defer captchas.Wait()
	front := &front{pipelines: pipelines, committer: direct}
	if o.SpoolDir != "" {
		if front, err = newSpoolFront(cfg, o, pipelines, direct, m, log); err != nil {
			return err
		}
		defer front.close()
		alerts, err := newAlerts(o, front, m, log)
		if err != nil {
			return err
		}
		if alerts != nil {
			front.parts = append(front.parts, alerts)
		}
	}
	handler := newHandler(Handler{
		pipelines:     confirm(front.pipelines, api, o.Namespace),
		committer:     front.committer,
		unready:       front.unready,
		contacts:      contacts,
		secrets:       secrets,
		captchas:      captchas,
		keys:          keys,
		tokenLifetime: o.TokenLifetime,
		proxies:       proxies,
		maxBodyBytes:  o.MaxBodyBytes,
		log:           log,
		metrics:       m,
		tracer:        o.Tracer,
	})
	m.watchQueues(front.queues(direct, contacts, handler)...)
	public := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      readTimeout + o.CreateTimeout + 10*time.Second,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          newServerLog(log),
	}
	var certificate *certwatcher.CertWatcher
	if o.TLSCertFile != "" {
		if certificate, public.TLSConfig, err = newTLS("--tls", o.TLSCertFile, o.TLSKeyFile); err != nil {
			return err
		}
	}
	scrape, scrapeCertificate, err := newMetricsServer(cfg, o, m, log)
	if err != nil {
		return err
	}

	// The watch and the metrics outlive the public port, so that the last requests are still served and counted.
	backCtx, stopBack := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBack()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := pipelines.cache.Start(backCtx); err != nil {
			return fmt.Errorf("watch ContactPipelines: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		reportSync(ctx, front.pipelines, cfg.Host, log)
		return nil
	})
	for _, watched := range []*certwatcher.CertWatcher{certificate, scrapeCertificate} {
		if watched == nil {
			continue
		}
		group.Go(func() error {
			if err := watched.Start(backCtx); err != nil {
				return fmt.Errorf("watch the files of a certificate: %w", err)
			}
			return nil
		})
	}
	group.Go(func() error {
		keys.run(ctx)
		return nil
	})
	group.Go(func() error {
		secrets.run(ctx)
		return nil
	})
	for _, part := range front.parts {
		group.Go(func() error { return part(ctx) })
	}
	if metricsListener != nil {
		group.Go(func() error { return serve(backCtx, scrape, metricsListener) })
	}
	group.Go(func() error {
		defer stopBack()
		log.Info("serving", "addr", listener.Addr().String(), "tls", certificate != nil, "metricsAddr", o.MetricsAddr)
		err := serve(ctx, public, listener)
		log.Info("stopped")
		return err
	})
	return group.Wait()
}

// reportSync logs when the pipelines are known, and now and then that they are not: the watch itself says nothing while the
// API server can't be reached.
func reportSync(ctx context.Context, p Pipelines, host string, log logr.Logger) {
	poll := time.NewTicker(time.Second)
	defer poll.Stop()
	for seconds := 1; !p.Synced(); seconds++ {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
		if seconds%30 == 10 && !p.Synced() {
			log.Error(nil, "not ready: the list of ContactPipelines has not arrived; check that the API server can be reached, "+
				"and the lines above for its answers", "server", host, "seconds", seconds)
		}
	}
	log.Info("ready: the pipelines are known")
}

// newHandler completes a handler: routes, limits, clock.
func newHandler(h Handler) *Handler {
	h.limits = newRateLimits()
	h.told = &told{}
	h.sourcePosts = make(chan struct{}, maxSourcePosts)
	h.requests = make(chan struct{}, maxRequests)
	h.now = time.Now
	h.routes()
	return &h
}

// listen opens a port; option is the flag that names it.
func listen(ctx context.Context, option, addr string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s %s: another process has this port; stop it, or choose another port: %w", option, addr, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", option, addr, err)
	}
	return l, nil
}

// serve runs a server, with TLS where it is configured, until ctx ends, then lets it finish what it has begun.
func serve(ctx context.Context, server *http.Server, l net.Listener) error {
	stopped := make(chan error, 1)
	release := context.AfterFunc(ctx, func() {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		err := server.Shutdown(limit)
		if err != nil {
			_ = server.Close()
			err = fmt.Errorf("requests were still in flight %s after the stop; they were cut off: %w", stopTimeout, err)
		}
		stopped <- err
	})
	start := server.Serve
	if server.TLSConfig != nil {
		start = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	if err := start(l); !errors.Is(err, http.ErrServerClosed) {
		release()
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return <-stopped
}
