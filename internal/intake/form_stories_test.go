package intake

import (
	"encoding/json"
	"io"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
)

var _ = Describe("People who are known", func() {
	known := func(ctx SpecContext, pipeline, token string) knownAnswer {
		GinkgoHelper()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, baseURL+"/v1/default/"+pipeline+"/me", nil)
		Expect(err).NotTo(HaveOccurred())
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := browserClient.Do(r)
		Expect(err).NotTo(HaveOccurred())
		body, err := io.ReadAll(answer.Body)
		Expect(err).NotTo(HaveOccurred())
		Expect(answer.Body.Close()).To(Succeed())
		Expect(answer.StatusCode).To(Equal(http.StatusOK), string(body))
		var said knownAnswer
		Expect(json.Unmarshal(body, &said)).To(Succeed())
		return said
	}

	It("are read by name, with the rights that are shipped", func(ctx SpecContext) {
		newPipeline(ctx, "known", v1alpha1.FormSpec{KnownValues: v1alpha1.KnownValuesShow})
		_, body := post(ctx, "known", asJSON, `{"email":"known@example.com","name":"Ada","country":"GB"}`)
		var answer accepted
		Expect(json.Unmarshal([]byte(body), &answer)).To(Succeed())
		Expect(known(ctx, "known", answer.Token).Known).To(BeEmpty(), "nothing has been processed")

		// What the operator does with it.
		record := contact.New("default", "known@example.com")
		for _, s := range submissions(ctx, "known") {
			contact.Merge(record, &s)
		}
		Expect(api.Create(ctx, record)).To(Succeed())
		Expect(known(ctx, "known", answer.Token)).To(Equal(knownAnswer{
			Known:  []string{"name", "email", "country"},
			Values: map[string]string{"name": "Ada", "email": "known@example.com", "country": "GB"},
		}))

		_, body = post(ctx, "known", asJSON, `{"company":"Ltd"}`, "Authorization", "Bearer "+answer.Token)
		second := idOf(body)
		var addresses []string
		for _, s := range submissions(ctx, "known") {
			if s.Name == second {
				addresses = append(addresses, s.Spec.Contact.Email)
			}
		}
		Expect(addresses).To(Equal([]string{"known@example.com"}))
	})
})

var _ = DescribeTable("A form that could not be shown is refused by the API server",
	func(ctx SpecContext, form v1alpha1.FormSpec, wantMessage string) {
		err := api.Create(ctx, &v1alpha1.ContactPipeline{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "refused-"},
			Spec:       v1alpha1.ContactPipelineSpec{Form: form},
		})
		Expect(apierrors.IsInvalid(err)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring(wantMessage)))
	},
	Entry("no address", v1alpha1.FormSpec{Fields: []v1alpha1.FormField{{Name: "name"}}}, "one of the fields must be email"),
	Entry("a field twice", v1alpha1.FormSpec{Fields: []v1alpha1.FormField{{Name: "email"}, {Name: "email"}}}, "Duplicate value"),
	Entry("an unknown field", v1alpha1.FormSpec{Fields: []v1alpha1.FormField{{Name: "email"}, {Name: "plan"}}}, "should match"),
	Entry("a choice without choices", v1alpha1.FormSpec{Fields: []v1alpha1.FormField{{Name: "email"}, {Name: "attributes.plan", Type: v1alpha1.FieldChoice}}}, "needs choices"),
	Entry("choices without a choice", v1alpha1.FormSpec{Fields: []v1alpha1.FormField{{Name: "email"}, {Name: "attributes.plan", Choices: []v1alpha1.FormChoice{{Value: "pro"}}}}}, "needs choices"),
	Entry("an address of several lines", v1alpha1.FormSpec{Fields: []v1alpha1.FormField{{Name: "email", Type: v1alpha1.FieldLines}}}, "email is a Text"),
	Entry("a redirect without TLS", v1alpha1.FormSpec{RedirectURL: "http://example.com/"}, "redirectURL"),
	Entry("a redirect that smuggles a policy in", v1alpha1.FormSpec{RedirectURL: "https://example.com; script-src *"}, "redirectURL"),
	Entry("an origin with a path", v1alpha1.FormSpec{AllowedOrigins: []string{"https://example.com/"}}, "allowedOrigins"),
	Entry("a colour by name", v1alpha1.FormSpec{Colors: &v1alpha1.FormColors{Main: "crimson"}}, "colors.main"),
	Entry("a burst of nothing", v1alpha1.FormSpec{Limits: &v1alpha1.FormLimits{ClientBurst: ptr.To[int32](3)}}, "clientBurst needs clientPerMinute"),
	Entry("no limits", v1alpha1.FormSpec{Limits: &v1alpha1.FormLimits{}}, "at least 1 propert"),
	Entry("no language", v1alpha1.FormSpec{Language: "English!"}, "language"),
)
