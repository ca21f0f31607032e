package e2e

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// election is an API server on which operators compete for the lease, and a CRM behind them.
type election struct {
	environment *envtest.Environment
	api         client.Client
	sandbox     *server.Server
}

func newElection() *election {
	GinkgoHelper()
	e := &election{
		environment: &envtest.Environment{
			BinaryAssetsDirectory: assets(),
			CRDDirectoryPaths:     []string{filepath.Join("..", "..", "config", "crd", "bases")}, ErrorIfCRDPathMissing: true,
		},
		sandbox: server.New(server.Options{}),
	}
	kube, err := e.environment.Start()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(e.environment.Stop)
	scheme := runtime.NewScheme()
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	e.api, err = client.New(kube, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	listener := httptest.NewServer(e.sandbox)
	DeferCleanup(func() {
		e.sandbox.Close()
		listener.Close()
	})
	integration := &v1alpha1.Integration{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "crm"},
		Spec: v1alpha1.IntegrationSpec{Provider: v1alpha1.ProviderHTTP, HTTP: &v1alpha1.HTTPProvider{
			Headers: []v1alpha1.HTTPHeader{{Name: "Authorization", Value: "Bearer " + server.DefaultToken(server.CRM)}},
			Upsert: &v1alpha1.HTTPUpsert{
				URL: listener.URL + "/crm/v1/contacts/{key}", Body: `{"email": contact.email, "name": contact.name}`,
			},
		}},
	}
	pipeline := &v1alpha1.ContactPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "trial"},
		Spec:       v1alpha1.ContactPipelineSpec{CRM: &v1alpha1.IntegrationStage{IntegrationRef: v1alpha1.LocalReference{Name: "crm"}}},
	}
	for _, o := range []client.Object{integration, pipeline} {
		Expect(e.api.Create(GinkgoT().Context(), o)).To(Succeed())
	}
	return e
}

// operator starts an operator that competes for the lease.
func (e *election) operator() *gexec.Session {
	GinkgoHelper()
	kubeconfig := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(kubeconfig, e.environment.KubeConfig, 0o600)).To(Succeed())
	session, err := gexec.Start(exec.Command(binary("contact-operator"), "--kubeconfig="+kubeconfig, "--allow-loopback",
		"--metrics-bind-address=0", "--health-probe-bind-address=0",
		"--leader-elect", "--leader-election-namespace=default", "--leader-election-lease-duration=6s"), GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		_ = session.Command.Process.Signal(syscall.SIGCONT)
		session.Terminate()
		Eventually(session).Should(gexec.Exit())
	})
	return session
}

func (e *election) submit(ctx context.Context, name, person string) *v1alpha1.ContactSubmission {
	GinkgoHelper()
	received := metav1.NowMicro()
	s := &v1alpha1.ContactSubmission{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec: v1alpha1.ContactSubmissionSpec{
			PipelineRef: v1alpha1.LocalReference{Name: "trial"},
			Contact:     v1alpha1.ContactFields{Email: "ada@example.com", Name: person},
			Source:      v1alpha1.SubmissionSource{ReceivedAt: &received},
		},
	}
	Expect(e.api.Create(ctx, s)).To(Succeed())
	return s
}

func (e *election) awaitCompleted(ctx context.Context, all ...*v1alpha1.ContactSubmission) {
	GinkgoHelper()
	for _, s := range all {
		Eventually(func(g Gomega) {
			g.Expect(e.api.Get(ctx, client.ObjectKeyFromObject(s), s)).To(Succeed())
			g.Expect(s.Status.State).To(Equal(v1alpha1.StateCompleted))
		}).Should(Succeed())
	}
}

var _ = Describe("Across a change of leader, with a slow call in flight", func() {
	var e *election
	BeforeEach(func() { e = newElection() })

	// slowCall has one operator lead, and a call of it in flight.
	slowCall := func(ctx context.Context) (leader *gexec.Session, old *v1alpha1.ContactSubmission) {
		GinkgoHelper()
		leader = e.operator()
		e.awaitCompleted(ctx, e.submit(ctx, "first", "Ada"))
		Expect(e.sandbox.SetFault(server.CRM, server.Fault{Mode: server.ModeOK, LatencyMillis: 3000})).To(Succeed())
		old = e.submit(ctx, "old", "Ada Old")
		Eventually(func() int { return e.sandbox.Stats()[server.CRM].InFlight }).Should(Equal(1))
		return leader, old
	}
	expectNewest := func() {
		GinkgoHelper()
		records := e.sandbox.Records(server.CRM)
		Expect(records).To(HaveLen(1))
		Expect(records[0].Fields).To(HaveKeyWithValue("name", "Ada New"))
		Expect(e.sandbox.Stats()[server.CRM].MaxInFlight).To(Equal(1), "two operators wrote one record at once")
	}

	It("hands over at once when it is asked to stop", func(ctx context.Context) {
		leader, old := slowCall(ctx)
		e.operator()
		latest := e.submit(ctx, "new", "Ada New")
		leader.Terminate()
		Eventually(leader).Should(gexec.Exit(0))
		e.awaitCompleted(ctx, old, latest)
		expectNewest()
	})

	It("writes nothing more after a pause in which another took over", func(ctx context.Context) {
		leader, old := slowCall(ctx)
		e.operator()
		Expect(leader.Command.Process.Signal(syscall.SIGSTOP)).To(Succeed())
		latest := e.submit(ctx, "new", "Ada New")
		e.awaitCompleted(ctx, old, latest)
		expectNewest()
		calls := e.sandbox.Stats()[server.CRM].Calls
		Expect(leader.Command.Process.Signal(syscall.SIGCONT)).To(Succeed())
		Eventually(leader).Should(gexec.Exit(1))
		Consistently(func() int { return e.sandbox.Stats()[server.CRM].Calls }).WithTimeout(2 * time.Second).Should(Equal(calls))
		expectNewest()
	})
})
