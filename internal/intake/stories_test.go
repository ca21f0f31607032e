package intake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// wide is one character to the API server and to us, two to JavaScript, four in UTF-8.
const wide = "𝒜"

// browserClient does not follow redirects, so that they can be looked at.
var browserClient = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// post sends a body to a pipeline of the namespace default; headers are pairs.
func post(ctx SpecContext, pipeline, contentType, body string, headers ...string) (*http.Response, string) {
	GinkgoHelper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, baseURL+"/v1/default/"+pipeline+"/submissions", strings.NewReader(body))
	Expect(err).NotTo(HaveOccurred())
	r.Header.Set(contentTy, contentType)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := browserClient.Do(r)
	Expect(err).NotTo(HaveOccurred())
	text, err := io.ReadAll(answer.Body)
	Expect(err).NotTo(HaveOccurred())
	Expect(answer.Body.Close()).To(Succeed())
	return answer, string(text)
}

// idOf reads the id in an answer.
func idOf(body string) string {
	GinkgoHelper()
	var answer accepted
	Expect(json.Unmarshal([]byte(body), &answer)).To(Succeed())
	Expect(answer.ID).NotTo(BeEmpty())
	return answer.ID
}

// newPipeline creates a pipeline and waits until the intake knows it.
func newPipeline(ctx SpecContext, name string, form v1alpha1.FormSpec) {
	GinkgoHelper()
	Expect(api.Create(ctx, &v1alpha1.ContactPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       v1alpha1.ContactPipelineSpec{Order: v1alpha1.OrderIndependent, Form: form},
	})).To(Succeed())
	Eventually(ctx, func() (int, error) {
		answer, err := http.Get(baseURL + "/v1/default/" + name + "/form")
		if err != nil {
			return 0, err
		}
		return answer.StatusCode, answer.Body.Close()
	}).Should(Equal(http.StatusOK))
}

// submissions lists what the API server holds for a pipeline.
func submissions(ctx SpecContext, pipeline string) []v1alpha1.ContactSubmission {
	GinkgoHelper()
	var all v1alpha1.ContactSubmissionList
	Expect(api.List(ctx, &all, client.InNamespace("default"))).To(Succeed())
	var found []v1alpha1.ContactSubmission
	for _, s := range all.Items {
		if s.Spec.PipelineRef.Name == pipeline {
			found = append(found, s)
		}
	}
	return found
}

var _ = Describe("The intake on a real API server", func() {
	It("turns a form into an object with every field", func(ctx SpecContext) {
		newPipeline(ctx, "story", v1alpha1.FormSpec{Channel: "trial-download"})
		form := url.Values{
			"name": {"Ada Example"}, "email": {" ada@example.com "}, "company": {"Example Ltd"}, "phone": {"+44 20 7946 0958"}, "country": {"GB"},
			"page": {"https://example.com/trial"}, "attributes.plan": {"pro"}, "consent.marketing": {"on"}, "consent.statement": {"Send me the newsletter"},
		}
		before := time.Now().Add(-time.Microsecond)
		answer, _ := post(ctx, "story", asForm, form.Encode(), "Accept", aBrowser, "X-Forwarded-For", "198.51.100.7", "User-Agent", "Browser/1.0")
		Expect(answer.StatusCode).To(Equal(http.StatusSeeOther))
		Expect(answer.Header.Get("Location")).To(Equal("/v1/default/story/thanks"))

		kept := submissions(ctx, "story")
		Expect(kept).To(HaveLen(1))
		spec := kept[0].Spec
		Expect(spec.Source.ReceivedAt.Time).To(And(BeTemporally(">=", before), BeTemporally("<=", time.Now())))
		received := spec.Source.ReceivedAt
		Expect(spec.Consent.Time.Time).To(BeTemporally("==", received.Truncate(time.Second)))
		Expect(spec).To(Equal(v1alpha1.ContactSubmissionSpec{
			PipelineRef: v1alpha1.LocalReference{Name: "story"},
			Contact: v1alpha1.ContactFields{
				Name: "Ada Example", Email: "ada@example.com", Company: "Example Ltd", Phone: "+44 20 7946 0958", Country: "GB",
			},
			Attributes: map[string]v1alpha1.AttributeValue{"plan": "pro"},
			Source: v1alpha1.SubmissionSource{
				Channel: "trial-download", Page: "https://example.com/trial", RemoteIP: "198.51.100.7", UserAgent: "Browser/1.0", ReceivedAt: received,
			},
			Consent: &v1alpha1.SubmissionConsent{Marketing: v1alpha1.ConsentGranted, Statement: "Send me the newsletter", Time: spec.Consent.Time},
		}))
	})

	It("keeps a replay once, and other content under the same key as well", func(ctx SpecContext) {
		newPipeline(ctx, "replay", v1alpha1.FormSpec{})
		first, body := post(ctx, "replay", asJSON, aName, "Idempotency-Key", "k")
		again, bodyAgain := post(ctx, "replay", asJSON, aName, "Idempotency-Key", "k")
		Expect([]int{first.StatusCode, again.StatusCode}).To(Equal([]int{202, 202}))
		Expect(idOf(bodyAgain)).To(Equal(idOf(body)))
		Expect(submissions(ctx, "replay")).To(HaveLen(1))
		other, _ := post(ctx, "replay", asJSON, `{"email":"other@example.com"}`, "Idempotency-Key", "k")
		Expect(other.StatusCode).To(Equal(202))
		Expect(submissions(ctx, "replay")).To(HaveLen(2))
	})

	It("keeps each of fifty that come at once", func(ctx SpecContext) {
		newPipeline(ctx, "rush", v1alpha1.FormSpec{})
		var wg sync.WaitGroup
		ids := make([]string, 50)
		for i := range ids {
			wg.Go(func() {
				defer GinkgoRecover()
				answer, body := post(ctx, "rush", asJSON, fmt.Sprintf(`{"email":"person%d@example.com"}`, i))
				Expect(answer.StatusCode).To(Equal(202))
				ids[i] = idOf(body)
			})
		}
		wg.Wait()
		var kept []string
		for _, s := range submissions(ctx, "rush") {
			kept = append(kept, s.Name)
		}
		Expect(kept).To(ConsistOf(ids))
	})

	It("takes a pipeline off when it is deleted", func(ctx SpecContext) {
		newPipeline(ctx, "gone", v1alpha1.FormSpec{})
		Expect(api.Delete(ctx, &v1alpha1.ContactPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "gone"}})).To(Succeed())
		Eventually(ctx, func() int {
			answer, _ := post(ctx, "gone", asJSON, aName)
			return answer.StatusCode
		}).Should(Equal(http.StatusNotFound))
	})
})

// The limits of both sides are the same when the API server takes every field at our limit, and nothing beyond it.
var _ = Describe("The limits", Ordered, func() {
	const pipeline = "limits"
	BeforeAll(func(ctx SpecContext) { newPipeline(ctx, pipeline, v1alpha1.FormSpec{}) })

	// with returns a payload whose field has n characters.
	with := func(name string, n int) map[string]any {
		value := strings.Repeat(wide, n)
		payload := map[string]any{"email": "a@b"}
		switch name {
		case fieldConsentStatement:
			payload[fieldConsent] = map[string]any{"marketing": true, "statement": value}
		case "attributes.x":
			payload[fieldAttributes] = map[string]any{"x": value}
		case "an attribute's name":
			payload[fieldAttributes] = map[string]any{value: "x"}
		case fieldAttributes:
			many := map[string]any{}
			for i := range n {
				many[fmt.Sprint(i)] = wide
			}
			payload[fieldAttributes] = many
		default:
			payload[name] = value
		}
		return payload
	}
	check := func(ctx SpecContext, name string, limit int) {
		atLimit, err := json.Marshal(with(name, limit))
		Expect(err).NotTo(HaveOccurred())
		answer, body := post(ctx, pipeline, asJSON, string(atLimit))
		Expect(answer.StatusCode).To(Equal(202), body)

		beyond, err := json.Marshal(with(name, limit+1))
		Expect(err).NotTo(HaveOccurred())
		answer, body = post(ctx, pipeline, asJSON, string(beyond))
		Expect(answer.StatusCode).To(Equal(422), body)
		var problem problemDocument
		Expect(json.Unmarshal([]byte(body), &problem)).To(Succeed())
		Expect(problem.Errors).To(HaveLen(1))
		wantField := name
		if name == "an attribute's name" {
			wantField = attributePrefix + strings.Repeat(wide, limit+1)
		}
		Expect(problem.Errors[0].Field).To(Equal(wantField))

		s, _, err := decodeJSON(beyond)
		Expect(err).NotTo(HaveOccurred())
		object := build(newKey(), &v1alpha1.ContactPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: pipeline}}, s, observed{receivedAt: time.Now()})
		Expect(apierrors.IsInvalid(api.Create(ctx, object))).To(BeTrue(), "the API server takes more than we do")
	}

	for _, f := range textFields {
		It("are equal for "+f.name, func(ctx SpecContext) { check(ctx, f.name, f.maxRunes) })
	}
	It("are equal for an attribute", func(ctx SpecContext) { check(ctx, "attributes.x", maxAttributeValue) })
	It("are equal for an attribute's name", func(ctx SpecContext) { check(ctx, "an attribute's name", maxAttributeName) })
	It("are equal for the number of attributes", func(ctx SpecContext) { check(ctx, fieldAttributes, maxAttributes) })
	It("admit the longest browser name and address", func(ctx SpecContext) {
		answer, body := post(ctx, pipeline, asJSON, `{"email":"longest@example.com"}`, "User-Agent", strings.Repeat(wide, maxUserAgent+1),
			"X-Forwarded-For", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "Referer", "https://example.com/"+strings.Repeat("x", maxPage-len("https://example.com/")))
		Expect(answer.StatusCode).To(Equal(202), body)
	})
})
