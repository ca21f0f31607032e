package intake

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// The suite runs the whole intake against a real API server, with the rights that are shipped and no others.
var (
	api     client.Client // an administrator's
	baseURL string
	// intakeUser is how the intake reaches the API server.
	intakeUser *rest.Config
)

func TestIntake(t *testing.T) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Skip("KUBEBUILDER_ASSETS names no control-plane binaries; make test sets it")
	}
	RegisterFailHandler(Fail)
	RunSpecs(t, "Intake")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	environment := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("..", "..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	cfg, err := environment.Start()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(environment.Stop)
	Expect(v1alpha1.AddToScheme(scheme.Scheme)).To(Succeed())
	api, err = client.New(cfg, client.Options{})
	Expect(err).NotTo(HaveOccurred())

	user, err := environment.AddUser(envtest.User{Name: "intake"}, nil)
	Expect(err).NotTo(HaveOccurred())
	intakeUser = user.Config()
	shipped, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", "intake", "role.yaml"))
	Expect(err).NotTo(HaveOccurred())
	role := &rbacv1.ClusterRole{}
	Expect(yaml.UnmarshalStrict(shipped, role)).To(Succeed())
	Expect(api.Create(ctx, role)).To(Succeed())
	Expect(api.Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "intake"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "intake"}},
	})).To(Succeed())

	listener, err := listen(ctx, "--addr", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	baseURL = "http://" + listener.Addr().String()
	proxies, err := parseProxies("127.0.0.0/8")
	Expect(err).NotTo(HaveOccurred())
	options := DefaultOptions()
	options.TokenKeyFile = filepath.Join(GinkgoT().TempDir(), "key")
	Expect(os.WriteFile(options.TokenKeyFile, []byte(strings.Repeat("k", minKey)), 0o600)).To(Succeed())
	runCtx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() {
		stopped <- serveIntake(runCtx, user.Config(), options, proxies, listener, nil, GinkgoLogr)
	}()
	DeferCleanup(func(ctx SpecContext) {
		stop()
		Eventually(ctx, stopped).Should(Receive(BeNil()))
	}, NodeTimeout(30*time.Second))
	Eventually(ctx, func() (int, error) {
		answer, err := http.Get(baseURL + "/readyz")
		if err != nil {
			return 0, err
		}
		return answer.StatusCode, answer.Body.Close()
	}).Should(Equal(http.StatusOK))
}, NodeTimeout(2*time.Minute))
