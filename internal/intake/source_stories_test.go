package intake

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// sourceSamples reads one of the sample files for form tools into the namespace default.
func sourceSamples(name string) []*unstructured.Unstructured {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join("..", "..", "config", "samples", "sources", name))
	Expect(err).NotTo(HaveOccurred())
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(object); err != nil {
			Expect(err).To(MatchError(io.EOF))
			return objects
		}
		if len(object.Object) > 0 {
			object.SetNamespace("default")
			objects = append(objects, object)
		}
	}
}

// postTo posts to a source of the sample pipeline.
func postTo(ctx SpecContext, source, body string, headers ...string) (int, string) {
	GinkgoHelper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, baseURL+"/v1/default/webinar/sources/"+source, strings.NewReader(body))
	Expect(err).NotTo(HaveOccurred())
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	Expect(err).NotTo(HaveOccurred())
	text, err := io.ReadAll(answer.Body)
	Expect(err).NotTo(HaveOccurred())
	Expect(answer.Body.Close()).To(Succeed())
	return answer.StatusCode, string(text)
}

var _ = Describe("The samples for form tools", Ordered, func() {
	const secret = "replace-me-with-the-webhooks-secret"
	typeform := func(ctx SpecContext, body string) (int, string) {
		return postTo(ctx, "typeform", body, typeformHeaders(body, secret)...)
	}

	It("are taken by the API server; without the Secret and the right to read it, a post is put off", func(ctx SpecContext) {
		for _, object := range sourceSamples("pipeline.yaml") {
			Expect(api.Create(ctx, object)).To(Succeed())
		}
		Eventually(ctx, func() int { code, _ := typeform(ctx, typeformBody); return code }).Should(Equal(http.StatusServiceUnavailable))
		for _, object := range sourceSamples("secret.yaml") {
			Expect(api.Create(ctx, object)).To(Succeed())
		}
		Consistently(ctx, func() int { code, _ := typeform(ctx, typeformBody); return code }).WithTimeout(2 * secretRetry / 10).
			Should(Equal(http.StatusServiceUnavailable))
		Expect(submissions(ctx, "webinar")).To(BeEmpty())
	})

	It("let a post in that is signed, with no more rights than the sample's Role gives", func(ctx SpecContext) {
		for _, object := range sourceSamples("role.yaml") {
			if object.GetKind() == "RoleBinding" {
				// This suite's intake is a user, not a ServiceAccount.
				user := map[string]any{"kind": rbacv1.UserKind, "name": "intake", "apiGroup": rbacv1.GroupName}
				Expect(unstructured.SetNestedSlice(object.Object, []any{user}, "subjects")).To(Succeed())
			}
			Expect(api.Create(ctx, object)).To(Succeed())
		}
		Eventually(ctx, func() int { code, _ := typeform(ctx, typeformBody); return code }).WithTimeout(3 * secretRetry).Should(Equal(http.StatusAccepted))
		Expect(submissions(ctx, "webinar")).To(HaveLen(1))

		theirs, err := client.New(intakeUser, client.Options{})
		Expect(err).NotTo(HaveOccurred())
		other := &unstructured.Unstructured{}
		other.SetAPIVersion("v1")
		other.SetKind("Secret")
		Expect(apierrors.IsForbidden(theirs.Get(ctx, client.ObjectKey{Namespace: "default", Name: "another"}, other))).To(BeTrue(), "another Secret")
		list := &unstructured.UnstructuredList{}
		list.SetAPIVersion("v1")
		list.SetKind("SecretList")
		Expect(apierrors.IsForbidden(theirs.List(ctx, list, client.InNamespace("default")))).To(BeTrue(), "all of them")
	})

	It("answer what is repeated as the first time, and keep it once", func(ctx SpecContext) {
		code, first := typeform(ctx, typeformBody)
		Expect(code).To(Equal(http.StatusAccepted))
		code, again := typeform(ctx, typeformBody)
		Expect(code).To(Equal(http.StatusAccepted))
		Expect(again).To(Equal(first))
		Expect(submissions(ctx, "webinar")).To(HaveLen(1))
	})

	It("keep what has no address, and any number of long answers", func(ctx SpecContext) {
		before := len(submissions(ctx, "webinar"))
		var answers []string
		for i := range 200 {
			answers = append(answers, `{"type":"text","text":"`+strings.Repeat(wide, 3*maxAttributeValue)+`","field":{"ref":"`+strings.Repeat(wide, i)+`"}}`)
		}
		for _, body := range []string{
			`{"form_response":{"token":"none"}}`,
			`{"form_response":{"token":"many","answers":[` + strings.Join(answers[:60], ",") + `]}}`,
		} {
			code, text := typeform(ctx, body)
			Expect(code).To(Equal(http.StatusAccepted), text)
		}
		Expect(submissions(ctx, "webinar")).To(HaveLen(before + 2))
	})

	It("keep nothing that is not signed", func(ctx SpecContext) {
		before := len(submissions(ctx, "webinar"))
		code, _ := postTo(ctx, "typeform", typeformBody, contentTy, asJSON)
		Expect(code).To(Equal(http.StatusUnauthorized))
		code, _ = postTo(ctx, "shop", `{"data":{"email":"ada@example.com"}}`, contentTy, asJSON)
		Expect(code).To(Equal(http.StatusUnauthorized), "the sample's secret of Standard Webhooks has the right form")
		code, _ = postTo(ctx, "nothing", "{}")
		Expect(code).To(Equal(http.StatusNotFound))
		Expect(submissions(ctx, "webinar")).To(HaveLen(before))
	})
})

var _ = DescribeTable("A source or a captcha that can't work is refused by the API server",
	func(ctx SpecContext, change func(*v1alpha1.ContactPipelineSpec), wantMessage string) {
		ref := v1alpha1.SecretKeyReference{Name: "s", Key: "k"}
		spec := v1alpha1.ContactPipelineSpec{
			Sources: []v1alpha1.FormSource{{Name: "tool", Type: v1alpha1.SourceTypeform, SecretRef: ref}},
			Form:    v1alpha1.FormSpec{Captcha: &v1alpha1.FormCaptcha{Type: v1alpha1.CaptchaTurnstile, SiteKey: "k", SecretRef: ref}},
		}
		change(&spec)
		err := api.Create(ctx, &v1alpha1.ContactPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "refused-"}, Spec: spec})
		if wantMessage == "" {
			Expect(err).NotTo(HaveOccurred())
			return
		}
		Expect(apierrors.IsInvalid(err)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring(wantMessage)))
	},
	Entry("all in order", func(*v1alpha1.ContactPipelineSpec) {}, ""),
	Entry("an unknown tool", func(s *v1alpha1.ContactPipelineSpec) { s.Sources[0].Type = "Fax" }, "spec.sources[0].type"),
	Entry("a name that is no address", func(s *v1alpha1.ContactPipelineSpec) { s.Sources[0].Name = "a/b" }, "spec.sources[0].name"),
	Entry("two of one name", func(s *v1alpha1.ContactPipelineSpec) { s.Sources = append(s.Sources, s.Sources[0]) }, "Duplicate value"),
	Entry("no Secret", func(s *v1alpha1.ContactPipelineSpec) { s.Sources[0].SecretRef = v1alpha1.SecretKeyReference{} }, "secretRef"),
	Entry("HubSpot without its address", func(s *v1alpha1.ContactPipelineSpec) { s.Sources[0].Type = v1alpha1.SourceHubSpot }, "HubSpot signs the address"),
	Entry("an unknown field", func(s *v1alpha1.ContactPipelineSpec) {
		s.Sources[0].Fields = []v1alpha1.SourceField{{From: "x", To: "remoteIP"}}
	}, "fields[0].to"),
	Entry("one answer twice", func(s *v1alpha1.ContactPipelineSpec) {
		s.Sources[0].Fields = []v1alpha1.SourceField{{From: "x", To: "name"}, {From: "x", To: "email"}}
	}, "Duplicate value"),
	Entry("consent elsewhere", func(s *v1alpha1.ContactPipelineSpec) {
		s.Sources[0].Fields = []v1alpha1.SourceField{{From: "x", To: "name", Granted: []string{"yes"}}}
	}, "go with to: consent.marketing"),
	Entry("a site key with markup", func(s *v1alpha1.ContactPipelineSpec) { s.Form.Captcha.SiteKey = `"><script>` }, "siteKey"),
	Entry("an unknown captcha", func(s *v1alpha1.ContactPipelineSpec) { s.Form.Captcha.Type = "Riddle" }, "captcha.type"),
	Entry("a captcha without a Secret", func(s *v1alpha1.ContactPipelineSpec) { s.Form.Captcha.SecretRef = v1alpha1.SecretKeyReference{} }, "secretRef"),
)
