package controllers_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/cmd/contact-operator/app"
	"github.com/contact-operator/contact-operator/controllers"
	"github.com/contact-operator/contact-operator/hack/sandbox/mailchimp"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/httpx"
)

func TestControllers(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	SetDefaultConsistentlyDuration(time.Second)
	RunSpecs(t, "Controllers")
}

// One API server and one sandbox for all stories; each story has a namespace of its own, and an operator.
var (
	environment *envtest.Environment
	kube        *rest.Config
	api         client.Client // straight to the API server
	sandbox     *server.Server
	sandboxURL  string
	members     server.Table // of the stand-in of Mailchimp, for what no call does
	writes      = &writeLog{}
)

var _ = BeforeSuite(func() {
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter)))
	environment = &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	var err error
	kube, err = environment.Start()
	Expect(err).NotTo(HaveOccurred(), "is KUBEBUILDER_ASSETS set to the folder that hack/controlplane/assets.sh prints?")
	DeferCleanup(environment.Stop)
	kube.QPS = -1
	scheme := clientgoscheme.Scheme
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	api, err = client.New(kube, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())

	sandbox = server.New(server.Options{Vendors: map[server.Service]server.NewVendor{
		server.Mailchimp: func(t server.Table) server.Vendor {
			members = t
			return mailchimp.New(mailchimp.Options{})(t)
		},
	}})
	listener := httptest.NewServer(sandbox)
	sandboxURL = listener.URL
	DeferCleanup(func() {
		sandbox.Close()
		listener.Close()
	})
})

// operator is one run of the operator.
type operator struct {
	cancel context.CancelFunc
	done   chan error
}

func startOperator() *operator {
	GinkgoHelper()
	counted := rest.CopyConfig(kube)
	counted.Wrap(writes.wrap)
	mgr, err := app.New(counted, app.Options{
		MetricsAddr: "0", HealthAddr: "0", Outbound: httpx.Outbound{AllowLoopback: true}, WritesInFlight: 12, Embedded: true,
		SecretInterval: 200 * time.Millisecond, SweepInterval: 500 * time.Millisecond,
		SuppressionInterval: 200 * time.Millisecond,
	})
	Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(context.Background())
	o := &operator{cancel: cancel, done: make(chan error, 1)}
	go func() { o.done <- mgr.Start(ctx) }()
	DeferCleanup(o.stop)
	return o
}

func (o *operator) stop() {
	o.cancel()
	if o.done != nil {
		Eventually(o.done).Should(Receive(BeNil()))
		o.done = nil
	}
}

// startSweepAt runs the sweep alone, at another time.
func startSweepAt(now time.Time) *operator {
	GinkgoHelper()
	metrics, err := controllers.NewMetrics(prometheus.NewRegistry(), api, time.Now)
	Expect(err).NotTo(HaveOccurred())
	sweep := &controllers.Sweep{
		Client: api, Direct: api, Metrics: metrics, Interval: 200 * time.Millisecond, Now: func() time.Time { return now },
	}
	ctx, cancel := context.WithCancel(context.Background())
	o := &operator{cancel: cancel, done: make(chan error, 1)}
	go func() { o.done <- sweep.Start(ctx) }()
	DeferCleanup(o.stop)
	return o
}

// writeLog counts the requests that change something, by method and resource.
type writeLog struct {
	mu     sync.Mutex
	counts map[string]int
}

func (l *writeLog) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if what, ok := described(r); ok {
			l.mu.Lock()
			if l.counts == nil {
				l.counts = map[string]int{}
			}
			l.counts[what]++
			l.mu.Unlock()
		}
		return next.RoundTrip(r)
	})
}

// described names a request on one of our resources: "PUT contactsubmissions/status", "LIST contacts".
func described(r *http.Request) (string, bool) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	at := 3 // apis, group, version
	if len(parts) > at+2 && parts[at] == "namespaces" {
		at += 2
	}
	if len(parts) <= at || parts[1] != v1alpha1.GroupVersion.Group {
		return "", false
	}
	verb, resource, rest := r.Method, parts[at], parts[at+1:]
	if verb == http.MethodGet && len(rest) == 0 {
		verb = "LIST"
	}
	if len(rest) == 2 {
		resource += "/" + rest[1]
	}
	return verb + " " + resource, true
}

func (l *writeLog) take() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counts
	l.counts = nil
	return c
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// namespaceWithSamples makes a namespace that holds the samples, with the sandbox of this run behind them.
func namespaceWithSamples(ctx context.Context, without ...string) string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "story-"}}
	Expect(api.Create(ctx, namespace)).To(Succeed())
	for _, file := range []string{"credentials.yaml", "integrations.yaml", "pipelines.yaml"} {
		for _, object := range readSamples(file) {
			object.SetNamespace(namespace.Name)
			// An operator asks after the systems of all namespaces, those of earlier stories, too: that would spoil every count.
			unstructured.RemoveNestedField(object.Object, "spec", "http", "health")
			if !slices.Contains(without, object.GetName()) {
				Expect(api.Create(ctx, object)).To(Succeed())
			}
		}
	}
	return namespace.Name
}

func readSamples(file string) []*unstructured.Unstructured {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join("..", "config", "samples", file))
	Expect(err).NotTo(HaveOccurred())
	content = bytes.ReplaceAll(content, []byte("http://127.0.0.1:8090"), []byte(sandboxURL))
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(object); err != nil {
			return objects
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// person makes a submission; change adds to it.
func person(namespace, name, email string, change ...func(*v1alpha1.ContactSubmission)) *v1alpha1.ContactSubmission {
	received := metav1.NowMicro()
	s := &v1alpha1.ContactSubmission{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ContactSubmissionSpec{
			PipelineRef: v1alpha1.LocalReference{Name: "trial"},
			Contact:     v1alpha1.ContactFields{Email: email, Name: "Ada Example", Country: "GB"},
			Source:      v1alpha1.SubmissionSource{Channel: "trial-download", ReceivedAt: &received},
			Consent:     &v1alpha1.SubmissionConsent{Marketing: v1alpha1.ConsentGranted},
		},
	}
	for _, c := range change {
		c(s)
	}
	return s
}

// reasons returns the reasons of the stages and of Ready, in order.
func reasons(ctx context.Context, s *v1alpha1.ContactSubmission) func() string {
	return func() string {
		var current v1alpha1.ContactSubmission
		if err := api.Get(ctx, client.ObjectKeyFromObject(s), &current); err != nil {
			return err.Error()
		}
		var all []string
		for _, name := range []string{"Validated", "Located", "CRMSynced", "MarketingSynced", "Ready"} {
			if c := meta.FindStatusCondition(current.Status.Conditions, name); c != nil {
				all = append(all, c.Reason)
			}
		}
		return strings.Join(all, " ")
	}
}

func current(ctx context.Context, s *v1alpha1.ContactSubmission) *v1alpha1.ContactSubmission {
	GinkgoHelper()
	var now v1alpha1.ContactSubmission
	Expect(api.Get(ctx, client.ObjectKeyFromObject(s), &now)).To(Succeed())
	return &now
}

func contactsIn(ctx context.Context, namespace string) []v1alpha1.Contact {
	GinkgoHelper()
	var list v1alpha1.ContactList
	Expect(api.List(ctx, &list, client.InNamespace(namespace))).To(Succeed())
	return list.Items
}

// readyOf returns the reason of Ready of an Integration or a pipeline.
func readyOf(ctx context.Context, object client.Object) func() string {
	return func() string {
		if err := api.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return err.Error()
		}
		var conditions []metav1.Condition
		switch o := object.(type) {
		case *v1alpha1.Integration:
			conditions = o.Status.Conditions
		case *v1alpha1.ContactPipeline:
			conditions = o.Status.Conditions
		}
		if c := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); c != nil {
			return c.Reason + ": " + c.Message
		}
		return "not set"
	}
}

// observed returns the generation of an Integration that the operator has seen.
func observed(ctx context.Context, i *v1alpha1.Integration) func() int64 {
	return func() int64 {
		if err := api.Get(ctx, client.ObjectKeyFromObject(i), i); err != nil {
			return -1
		}
		return i.Status.ObservedGeneration
	}
}

func integrationIn(namespace, name string) *v1alpha1.Integration {
	return &v1alpha1.Integration{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

func pipelineIn(namespace, name string) *v1alpha1.ContactPipeline {
	return &v1alpha1.ContactPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

// fault breaks a service of the sandbox until the story ends or mend is called.
func fault(service server.Service, f server.Fault) (mend func()) {
	GinkgoHelper()
	Expect(sandbox.SetFault(service, f)).To(Succeed())
	return func() { Expect(sandbox.SetFault(service, server.Fault{Mode: server.ModeOK})).To(Succeed()) }
}

func calls(service server.Service) int { return sandbox.Stats()[service].Calls }

func fields(service server.Service, email string) map[string]any {
	for _, r := range sandbox.Records(service) {
		if r.Email == email {
			return r.Fields
		}
	}
	return nil
}
