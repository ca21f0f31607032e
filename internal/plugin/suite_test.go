package plugin

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// The suite runs the plugin as a shell would, against a real API server. No operator runs: each story writes what the
// operator would have written.
var (
	environment *envtest.Environment
	api         client.Client // an administrator's
	adminConfig string        // path of the administrator's kubeconfig
)

func TestPlugin(t *testing.T) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Skip("KUBEBUILDER_ASSETS names no control-plane binaries; make test sets it")
	}
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	RunSpecs(t, "Plugin")
}

var _ = BeforeSuite(func() {
	environment = &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("..", "..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	config, err := environment.Start()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(environment.Stop)
	config.QPS = -1
	Expect(v1alpha1.AddToScheme(scheme.Scheme)).To(Succeed())
	api, err = client.New(config, client.Options{})
	Expect(err).NotTo(HaveOccurred())
	adminConfig = kubeconfigOf(envtest.User{Name: "admin", Groups: []string{"system:masters"}})
})

// kubeconfigOf writes a kubeconfig for a user and returns its path.
func kubeconfigOf(u envtest.User) string {
	GinkgoHelper()
	user, err := environment.AddUser(u, nil)
	Expect(err).NotTo(HaveOccurred())
	text, err := user.KubeConfig()
	Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(path, text, 0o600)).To(Succeed())
	return path
}

// namespace makes a namespace for one story.
func namespace() string {
	GinkgoHelper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "story-"}}
	Expect(api.Create(context.Background(), ns)).To(Succeed())
	return ns.Name
}

// lockedBuffer can be read while a command writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// call is one run of the plugin.
type call struct {
	config, in string
	out, err   lockedBuffer
	code       int
}

func (c *call) run(ctx context.Context, args ...string) *call {
	config := c.config
	if config == "" {
		config = adminConfig
	}
	streams := genericiooptions.IOStreams{In: strings.NewReader(c.in), Out: &c.out, ErrOut: &c.err}
	c.code = Run(ctx, append([]string{"kubectl-contacts", "--kubeconfig", config}, args...), streams, func(string) string { return "" })
	return c
}

// plugin runs a command that must succeed and returns what it printed.
func plugin(ctx context.Context, args ...string) string {
	GinkgoHelper()
	c := (&call{}).run(ctx, args...)
	Expect(c.code).To(Equal(exitOK), "%v\n%s%s", args, c.out.String(), c.err.String())
	return c.out.String()
}

// refused runs a command that must fail and returns what it said.
func refused(ctx context.Context, args ...string) string {
	GinkgoHelper()
	c := (&call{}).run(ctx, args...)
	Expect(c.code).To(Equal(exitFailed), "%v\n%s", args, c.out.String())
	return c.err.String()
}

func createPipeline(ctx context.Context, ns, name string) {
	GinkgoHelper()
	Expect(api.Create(ctx, &v1alpha1.ContactPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec: v1alpha1.ContactPipelineSpec{
			Validation: &v1alpha1.ValidationStage{IntegrationRef: v1alpha1.LocalReference{Name: "verifier"}},
			Form:       v1alpha1.FormSpec{Channel: "trial-download"},
		},
	})).To(Succeed())
}

func createSubmission(ctx context.Context, ns, name, email string) *v1alpha1.ContactSubmission {
	GinkgoHelper()
	s := &v1alpha1.ContactSubmission{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec: v1alpha1.ContactSubmissionSpec{
			PipelineRef: v1alpha1.LocalReference{Name: "trial"}, Contact: v1alpha1.ContactFields{Email: email},
		},
	}
	Expect(api.Create(ctx, s)).To(Succeed())
	return s
}

func get[T client.Object](ctx context.Context, ns, name string, into T) T {
	GinkgoHelper()
	Expect(api.Get(ctx, client.ObjectKey{Namespace: ns, Name: name}, into)).To(Succeed())
	return into
}
