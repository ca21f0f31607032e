// Package app wires the operator together: what its command line says, on one manager.
package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/controllers"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/kubeclient"
	"github.com/contact-operator/contact-operator/internal/link"
	"github.com/contact-operator/contact-operator/internal/profiling"
	"github.com/contact-operator/contact-operator/internal/provider/catalog"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// Options are what the command line says.
type Options struct {
	// MetricsAddr is where metrics are served; "0" switches them off.
	MetricsAddr string
	// MetricsSecure serves them over TLS, to those whom the API server lets read them.
	MetricsSecure bool
	// MetricsCertFile and MetricsKeyFile are the certificate for that, read again when they change; "": it makes its own.
	MetricsCertFile, MetricsKeyFile string
	// HealthAddr is where /healthz and /readyz are served; "0" switches them off.
	HealthAddr string
	// PprofAddr is where Go's profiles are served; "" and "0" switch them off, and without a host it is loopback.
	PprofAddr string
	// LeaderElect lets one of several replicas work at a time.
	LeaderElect bool
	// LeaderNamespace is the namespace of the lease; "" is the operator's own.
	LeaderNamespace string
	// LeaseDuration is how long the lease is good that is not renewed; 0 is the default, 30 seconds. A call that changes
	// something is given no more time than the lease has left.
	LeaseDuration time.Duration
	// Outbound says where Integrations may call, and whom they trust.
	Outbound httpx.Outbound
	// Workers is how many submissions are processed at a time; 0 is the default.
	Workers int
	// WritesInFlight is how many writes to the API server are made at a time.
	WritesInFlight int
	// SecretInterval is the time between two looks at an Integration's Secrets; 0 is the default.
	SecretInterval time.Duration
	// SweepInterval is the time between two sweeps of what has expired; 0 is the default.
	SweepInterval time.Duration
	// SuppressionInterval is the time between two looks at which marketing systems are to be asked who has left; 0 is the default.
	SuppressionInterval time.Duration
	// AlertConfig is the file that says which alerts there are and who is told; "" is the default.
	AlertConfig string
	// AlertmanagerURLs are more of those who are told.
	AlertmanagerURLs []string
	// IntakeURL is where the pipelines' canaries are handed in; "": none is sent.
	IntakeURL string
	// CanaryInterval is the time between two looks at the canaries; 0 is the default.
	CanaryInterval time.Duration
	// Tracer follows submissions; nil follows none.
	Tracer *tracing.Tracer
	// Embedded: the operator is one of several in this process, one after the other, as in tests.
	Embedded bool
}

// New makes a manager with all controllers. When the context of its Start ends, the lease is released, so the process
// must exit at once.
func New(kube *rest.Config, o Options) (ctrl.Manager, error) {
	registry := prometheus.Registerer(crmetrics.Registry)
	if o.Embedded {
		registry = prometheus.NewRegistry()
	}
	return newManager(kube, o, registry)
}

func newManager(kube *rest.Config, o Options, registry prometheus.Registerer) (ctrl.Manager, error) {
	if o.WritesInFlight < 1 {
		return nil, fmt.Errorf("at least one write must be in flight at a time, not %d: see --max-writes-in-flight", o.WritesInFlight)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	writes, err := kubeclient.NewWrites(o.WritesInFlight, registry)
	if err != nil {
		return nil, err
	}
	if o.PprofAddr, err = profiling.Address(o.PprofAddr); err != nil {
		return nil, fmt.Errorf("--pprof-bind-address: %w", err)
	}
	options := managerOptions(o, scheme, writes)
	var certificate *certwatcher.CertWatcher
	if options.Metrics, certificate, err = metricsOptions(o); err != nil {
		return nil, err
	}
	var gate link.Gate
	if o.LeaderElect {
		lock, err := newLock(kube, &o)
		if err != nil {
			return nil, err
		}
		gate = lock.Gate
		options.LeaderElectionResourceLockInterface = lock
		options.LeaseDuration = &o.LeaseDuration
		options.RenewDeadline, options.RetryPeriod = new(o.LeaseDuration*2/3), new(o.LeaseDuration/8)
	}
	mgr, err := ctrl.NewManager(kube, options)
	if err != nil {
		return nil, fmt.Errorf("the operator can't start: %w", err)
	}
	if certificate != nil {
		if err := mgr.Add(certificate); err != nil {
			return nil, err
		}
	}
	return mgr, setUp(mgr, o, registry, gate)
}

func managerOptions(o Options, scheme *runtime.Scheme, writes *kubeclient.Writes) ctrl.Options {
	return ctrl.Options{
		Scheme: scheme,
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			// What is completed leaves the cache: memory grows with what is unfinished, not with all that was ever received.
			// Of Contacts, which are watched for their deletion only, next to nothing is kept.
			ByObject: map[client.Object]cache.ByObject{
				&v1alpha1.ContactSubmission{}: {
					Field: fields.OneTermNotEqualSelector("status.state", string(v1alpha1.StateCompleted)),
				},
				&v1alpha1.Contact{}: {Transform: cutDown},
			},
		},
		Client: client.Options{Cache: &client.CacheOptions{
			DisableFor: []client.Object{&v1alpha1.Contact{}, &corev1.Secret{}, &corev1.ConfigMap{}},
		}},
		NewClient: func(kube *rest.Config, options client.Options) (client.Client, error) {
			options.HTTPClient = nil // the one given is bound to the configuration without the limit
			return client.New(writes.Limit(kube), options)
		},
		HealthProbeBindAddress:        o.HealthAddr,
		PprofBindAddress:              o.PprofAddr,
		LeaderElection:                o.LeaderElect,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       new(20 * time.Second),
		Controller:                    config.Controller{SkipNameValidation: &o.Embedded},
	}
}

// cutDown leaves of a Contact's metadata what its deletion needs.
func cutDown(object any) (any, error) {
	if o, ok := object.(metav1.Object); ok {
		o.SetManagedFields(nil)
		o.SetAnnotations(nil)
		o.SetLabels(nil)
	}
	return object, nil
}

func setUp(mgr ctrl.Manager, o Options, registry prometheus.Registerer, gate link.Gate) error {
	metrics, err := controllers.NewMetrics(registry, mgr.GetCache(), time.Now)
	if err != nil {
		return err
	}
	calls, err := o.Outbound.Client()
	if err != nil {
		return err
	}
	links := &controllers.Links{
		Client:    mgr.GetClient(),
		Registry:  link.NewRegistry(time.Now, gate),
		Providers: catalog.Factories(),
		HTTP:      o.Tracer.Client(calls),
		Metrics:   metrics,
		Tracer:    o.Tracer,
	}
	if err := registry.Register(controllers.NewLinkGauges(links.Registry, time.Now)); err != nil {
		return err
	}
	people := &controllers.People{Client: mgr.GetClient()}
	recorder := mgr.GetEventRecorder("contact-operator")
	synced := func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if !mgr.GetCache().WaitForCacheSync(ctx) {
			return errors.New("the caches have not synced yet")
		}
		return nil
	}
	return errors.Join(
		(&controllers.IntegrationReconciler{
			Client: mgr.GetClient(), Recorder: recorder, Links: links, SecretInterval: o.SecretInterval,
		}).SetupWithManager(mgr),
		(&controllers.PipelineReconciler{Client: mgr.GetClient(), Links: links}).SetupWithManager(mgr),
		(&controllers.SubmissionReconciler{
			Client: mgr.GetClient(), Recorder: recorder, Links: links, People: people, Metrics: metrics,
			Workers: o.Workers, Tracer: o.Tracer,
		}).SetupWithManager(mgr),
		(&controllers.ContactReconciler{
			Client: mgr.GetClient(), Direct: mgr.GetAPIReader(), Recorder: recorder, Links: links, People: people,
			Metrics: metrics,
		}).SetupWithManager(mgr),
		mgr.Add(&controllers.Sweep{
			Client: mgr.GetClient(), Direct: mgr.GetAPIReader(), Metrics: metrics, Interval: o.SweepInterval, Now: time.Now,
		}),
		mgr.Add(&controllers.SuppressionSweep{
			Client: mgr.GetClient(), Direct: mgr.GetAPIReader(), Recorder: recorder, Links: links, Metrics: metrics,
			Interval: o.SuppressionInterval, Now: time.Now,
		}),
		addAlerts(mgr, o, registry, recorder),
		addCanaries(mgr, o),
		mgr.AddHealthzCheck("ping", healthz.Ping),
		mgr.AddReadyzCheck("caches", synced),
	)
}
