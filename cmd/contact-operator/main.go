// Command contact-operator takes ContactSubmissions through the stages of their pipelines.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	uberzap "go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/contact-operator/contact-operator/cmd/contact-operator/app"
	"github.com/contact-operator/contact-operator/internal/tracing/otlp"
)

// mostVerbose is the most that is ever logged. One step further, the Kubernetes client logs what it sends, which is personal.
const mostVerbose = -7

func main() {
	var o app.Options
	flag.StringVar(&o.MetricsAddr, "metrics-bind-address", "127.0.0.1:8082", "where metrics are served; 0 switches them off")
	flag.BoolVar(&o.MetricsSecure, "metrics-secure", true, "serve metrics over TLS, to those who may read them")
	flag.StringVar(&o.MetricsCertFile, "metrics-tls-cert-file", "", "file with the certificate chain for that, PEM, read again when it changes; default: one that the operator makes itself")
	flag.StringVar(&o.MetricsKeyFile, "metrics-tls-key-file", "", "file with the key of that certificate, PEM")
	flag.StringVar(&o.HealthAddr, "health-probe-bind-address", "127.0.0.1:8083", "where /healthz and /readyz are served")
	flag.StringVar(&o.PprofAddr, "pprof-bind-address", "", "where Go's profiles are served, for example :6060; without a host, to this machine only; default: nowhere")
	flag.BoolVar(&o.LeaderElect, "leader-elect", false, "let one of several replicas work at a time")
	flag.StringVar(&o.LeaderNamespace, "leader-election-namespace", "", "namespace of the lease; default: the operator's own")
	flag.DurationVar(&o.LeaseDuration, "leader-election-lease-duration", 0,
		"how long a lease is good that is not renewed; calls that change something are given no more time than it has left; default: 30s")
	o.Outbound.BindFlags(flag.CommandLine)
	flag.IntVar(&o.Workers, "workers", 0, "submissions processed at a time; 0: the default")
	flag.IntVar(&o.WritesInFlight, "max-writes-in-flight", 12, "writes to the API server at a time")
	flag.StringVar(&o.AlertConfig, "alert-config", "", "file that says which alerts there are, from when on, and which Alertmanagers are told")
	flag.Func("alertmanager-url", "an Alertmanager that is told of alerts, for example http://alertmanager-0.alertmanager:9093; may be given for each peer", func(url string) error {
		o.AlertmanagerURLs = append(o.AlertmanagerURLs, url)
		return nil
	})
	flag.StringVar(&o.IntakeURL, "intake-url", "", "the intake, to which the pipelines' canaries are sent; without it, none is sent")
	// An error line says what to do; a stack under it would hide that.
	logging := zap.Options{StacktraceLevel: zapcore.DPanicLevel}
	logging.BindFlags(flag.CommandLine)
	flag.Parse()
	if level, ok := logging.Level.(uberzap.AtomicLevel); ok && level.Level() < mostVerbose {
		level.SetLevel(mostVerbose)
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logging)))

	if err := run(ctrl.SetupSignalHandler(), o); err != nil {
		ctrl.Log.Error(err, "The operator stops")
		os.Exit(1)
	}
}

func run(ctx context.Context, o app.Options) error {
	kube, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("no way to the API server; set --kubeconfig or KUBECONFIG, or run in a cluster: %w", err)
	}
	tracer, flush := otlp.Start(ctx, "contact-operator", ctrl.Log)
	o.Tracer = tracer
	mgr, err := app.New(kube, o)
	if err != nil {
		return err
	}
	if err := mgr.Start(ctx); err != nil {
		return err // perhaps something still runs, which must end now
	}
	flush() // every call has ended and the lease is given back: nobody waits for this
	return nil
}
