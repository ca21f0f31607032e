package intake

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// weakLine is a proxy in front of the API server that can be made to cut off everything.
type weakLine struct {
	url string
	cut atomic.Bool
}

func newWeakLine(cfg *rest.Config) *weakLine {
	GinkgoHelper()
	transport, err := rest.TransportFor(cfg)
	Expect(err).NotTo(HaveOccurred())
	host := cfg.Host
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	target, err := url.Parse(host)
	Expect(err).NotTo(HaveOccurred())
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1,
	}
	w := &weakLine{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.cut.Load() {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(rw, r)
	})}
	go func() { _ = server.Serve(l) }()
	DeferCleanup(server.Close)
	w.url = "http://" + l.Addr().String()
	return w
}

// The whole story on a real API server, with the shipped rights: its own intake, with a spool, behind a line that breaks.
var _ = Describe("The spool", Ordered, func() {
	var line *weakLine
	var base string
	var m *http.Client
	BeforeAll(func(ctx SpecContext) {
		m = &http.Client{}
		line = newWeakLine(intakeUser)
		o := DefaultOptions()
		o.SpoolDir = filepath.Join(GinkgoT().TempDir(), "spool")
		o.CommitPatience = time.Second // here it is about being away, not about being slow
		listener, err := listen(ctx, "--addr", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		base = "http://" + listener.Addr().String()
		runCtx, stop := context.WithCancel(context.Background())
		stopped := make(chan error, 1)
		go func() {
			stopped <- serveIntake(runCtx, &rest.Config{Host: line.url}, o, nil, listener, nil, GinkgoLogr)
		}()
		DeferCleanup(func(ctx SpecContext) {
			stop()
			Eventually(ctx, stopped).Should(Receive(BeNil()))
		}, NodeTimeout(30*time.Second))
		newPipeline(ctx, "spooled", v1alpha1.FormSpec{})
		Eventually(ctx, func() (int, error) {
			answer, err := m.Get(base + "/v1/default/spooled/form")
			if err != nil {
				return 0, err
			}
			return answer.StatusCode, answer.Body.Close()
		}).Should(Equal(http.StatusOK))
	})

	send := func(ctx SpecContext, body string, headers ...string) (int, string) {
		GinkgoHelper()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/default/spooled/submissions", strings.NewReader(body))
		Expect(err).NotTo(HaveOccurred())
		r.Header.Set(contentTy, asJSON)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		answer, err := m.Do(r)
		Expect(err).NotTo(HaveOccurred())
		text, err := io.ReadAll(answer.Body)
		Expect(err).NotTo(HaveOccurred())
		Expect(answer.Body.Close()).To(Succeed())
		return answer.StatusCode, string(text)
	}

	It("takes submissions while the API server is away, and hands each over once, as of when it was accepted", func(ctx SpecContext) {
		line.cut.Store(true)
		ids := make([]string, 60)
		accepted := make(map[string]time.Time, len(ids))
		for i := range ids {
			// Every third is sent twice, as by a visitor who is impatient.
			for range 1 + (i%3)/2 {
				code, body := send(ctx, fmt.Sprintf(`{"email":"person%d@example.com"}`, i), "Idempotency-Key", fmt.Sprint(i))
				Expect(code).To(Equal(http.StatusAccepted), body)
				ids[i] = idOf(body)
			}
			accepted[ids[i]] = time.Now()
		}
		Expect(submissions(ctx, "spooled")).To(BeEmpty())
		line.cut.Store(false)
		Eventually(ctx, func() []v1alpha1.ContactSubmission { return submissions(ctx, "spooled") }).Should(HaveLen(len(ids)))
		for _, s := range submissions(ctx, "spooled") {
			Expect(accepted).To(HaveKey(s.Name))
			Expect(s.Spec.Source.ReceivedAt.Time).To(BeTemporally("<=", accepted[s.Name]))
		}
	})

	It("keeps what an administrator has to allow first", func(ctx SpecContext) {
		role := &rbacv1.ClusterRole{}
		Expect(api.Get(ctx, client.ObjectKey{Name: "contact-intake"}, role)).To(Succeed())
		before := role.DeepCopy()
		role.Rules = role.Rules[:0]
		for _, rule := range before.Rules {
			if rule.Resources[0] != "contactsubmissions" {
				role.Rules = append(role.Rules, rule)
			}
		}
		Expect(api.Update(ctx, role)).To(Succeed())
		intake, err := client.New(intakeUser, client.Options{})
		Expect(err).NotTo(HaveOccurred())
		Eventually(ctx, func() error {
			return intake.Create(ctx, build(newKey(), &v1alpha1.ContactPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "x"}},
				&Submission{Email: "x"}, observed{receivedAt: time.Now()}))
		}).Should(Satisfy(apierrors.IsForbidden))
		code, body := send(ctx, `{"email":"forbidden@example.com"}`)
		Expect(code).To(Equal(http.StatusAccepted), body)
		id := idOf(body)
		role.Rules = before.Rules
		Expect(api.Update(ctx, role)).To(Succeed())
		Eventually(ctx, func() error {
			return api.Get(ctx, client.ObjectKey{Namespace: "default", Name: id}, &v1alpha1.ContactSubmission{})
		}).WithTimeout(30 * time.Second).Should(Succeed())
	}, SpecTimeout(time.Minute))

	It("reads the size of etcd with the right that is shipped for it", func(ctx SpecContext) {
		size, err := newEtcdSize(intakeUser)
		Expect(err).NotTo(HaveOccurred())
		_, err = size(ctx)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "without the right: %v", err)

		shipped, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", "intake", "etcd_size.yaml"))
		Expect(err).NotTo(HaveOccurred())
		documents := strings.Split(string(shipped), "\n---\n")
		role, binding := &rbacv1.ClusterRole{}, &rbacv1.ClusterRoleBinding{}
		Expect(yaml.UnmarshalStrict([]byte(documents[0]), role)).To(Succeed())
		Expect(yaml.UnmarshalStrict([]byte(documents[1]), binding)).To(Succeed())
		Expect(binding.RoleRef.Name).To(Equal(role.Name))
		Expect(api.Create(ctx, role)).To(Succeed())
		binding.Subjects = []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "intake"}}
		Expect(api.Create(ctx, binding)).To(Succeed())
		Eventually(ctx, func() (int64, error) { return size(ctx) }).WithTimeout(time.Minute).Should(BeNumerically(">", 10_000))
	}, SpecTimeout(90*time.Second))
})
