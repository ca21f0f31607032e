// Command contact-operator takes ContactSubmissions through the stages of their pipelines.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/controllers"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/kubeclient"
	"github.com/contact-operator/contact-operator/internal/link"
	"github.com/contact-operator/contact-operator/internal/provider/catalog"
)

type options struct {
	metricsAddr, healthAddr string
	metricsSecure           bool
	leaderElect             bool
	leaderNamespace         string
	allowLoopback           bool
	workers, writes         int
}

func main() {
	var o options
	flag.StringVar(&o.metricsAddr, "metrics-bind-address", "127.0.0.1:8082", "where metrics are served; 0 switches them off")
	flag.BoolVar(&o.metricsSecure, "metrics-secure", true, "serve metrics over TLS, to those who may read them")
	flag.StringVar(&o.healthAddr, "health-probe-bind-address", "127.0.0.1:8083", "where /healthz and /readyz are served")
	flag.BoolVar(&o.leaderElect, "leader-elect", false, "let one of several replicas work at a time")
	flag.StringVar(&o.leaderNamespace, "leader-election-namespace", "", "namespace of the lease; default: the operator's own")
	flag.BoolVar(&o.allowLoopback, "allow-loopback", false, "let Integrations call this machine itself; for local use")
	flag.IntVar(&o.workers, "workers", 0, "submissions processed at a time; 0: the default")
	flag.IntVar(&o.writes, "max-writes-in-flight", 12, "writes to the API server at a time")
	logging := zap.Options{}
	logging.BindFlags(flag.CommandLine)
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logging)))

	if err := run(ctrl.SetupSignalHandler(), o); err != nil {
		ctrl.Log.Error(err, "The operator stops")
		os.Exit(1)
	}
}

// run returns when ctx ends; the lease is released then, so the process must exit at once.
func run(ctx context.Context, o options) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("no way to the API server; set --kubeconfig or KUBECONFIG, or run in a cluster: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, managerOptions(o, scheme))
	if err != nil {
		return fmt.Errorf("the operator can't start: %w", err)
	}
	if err := setUp(mgr, o); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func managerOptions(o options, scheme *runtime.Scheme) ctrl.Options {
	metrics := server.Options{BindAddress: o.metricsAddr, SecureServing: o.metricsSecure}
	if o.metricsSecure {
		metrics.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	return ctrl.Options{
		Scheme:  scheme,
		Metrics: metrics,
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			// What is completed leaves the cache: memory grows with what is unfinished, not with all that was ever received.
			ByObject: map[client.Object]cache.ByObject{&v1alpha1.ContactSubmission{}: {
				Field: fields.OneTermNotEqualSelector("status.state", string(v1alpha1.StateCompleted)),
			}},
		},
		Client: client.Options{Cache: &client.CacheOptions{
			DisableFor: []client.Object{&v1alpha1.Contact{}, &corev1.Secret{}},
		}},
		NewClient: func(config *rest.Config, options client.Options) (client.Client, error) {
			options.HTTPClient = nil // the one given is bound to the configuration without the limit
			return client.New(kubeclient.LimitWrites(config, o.writes), options)
		},
		HealthProbeBindAddress:        o.healthAddr,
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              "contact-operator.contact-operator.io",
		LeaderElectionNamespace:       o.leaderNamespace,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       new(20 * time.Second),
	}
}

func setUp(mgr ctrl.Manager, o options) error {
	links := &controllers.Links{
		Client:    mgr.GetClient(),
		Registry:  link.NewRegistry(time.Now),
		Providers: catalog.Factories(),
		HTTP:      httpx.New(httpx.Options{AllowLoopback: o.allowLoopback}),
	}
	recorder := mgr.GetEventRecorder("contact-operator")
	synced := func(r *http.Request) error {
		if !mgr.GetCache().WaitForCacheSync(r.Context()) {
			return errors.New("the caches have not synced yet")
		}
		return nil
	}
	return errors.Join(
		(&controllers.IntegrationReconciler{Client: mgr.GetClient(), Recorder: recorder, Links: links}).SetupWithManager(mgr),
		(&controllers.PipelineReconciler{Client: mgr.GetClient(), Links: links}).SetupWithManager(mgr),
		(&controllers.SubmissionReconciler{
			Client: mgr.GetClient(), Recorder: recorder, Links: links, Workers: o.workers,
		}).SetupWithManager(mgr),
		mgr.AddHealthzCheck("ping", healthz.Ping),
		mgr.AddReadyzCheck("caches", synced),
	)
}
