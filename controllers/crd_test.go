package controllers_test

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

var _ = Describe("The resources", func() {
	var namespace string

	BeforeEach(func(ctx context.Context) {
		namespace = namespaceWithSamples(ctx)
		DeferCleanup(func(ctx context.Context) {
			Expect(api.DeleteAllOf(ctx, &v1alpha1.ContactSubmission{}, client.InNamespace(namespace))).To(Succeed())
		})
	})

	It("keep the original form data as it was", func(ctx context.Context) {
		s := person(namespace, "original", "ada@example.com")
		Expect(api.Create(ctx, s)).To(Succeed())
		s.Spec.Contact.Name = "Somebody Else"
		Expect(api.Update(ctx, s)).To(MatchError(ContainSubstring("spec is the original form data and never changes")))
	})

	DescribeTable("bound what a submission may hold",
		func(ctx context.Context, field string, change func(*v1alpha1.ContactSubmission)) {
			s := person(namespace, "big", "ada@example.com", change)
			Expect(api.Create(ctx, s)).To(MatchError(ContainSubstring(field)))
		},
		Entry("no address", "spec.contact.email", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Email = "" }),
		Entry("address", "spec.contact.email", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Email = strings.Repeat("a", 321) }),
		Entry("name", "spec.contact.name", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Name = strings.Repeat("ä", 257) }),
		Entry("company", "spec.contact.company", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Company = strings.Repeat("c", 257) }),
		Entry("phone", "spec.contact.phone", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Phone = strings.Repeat("1", 65) }),
		Entry("country", "spec.contact.country", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Country = strings.Repeat("c", 129) }),
		Entry("page", "spec.source.page", func(s *v1alpha1.ContactSubmission) { s.Spec.Source.Page = strings.Repeat("p", 2049) }),
		Entry("user agent", "spec.source.userAgent", func(s *v1alpha1.ContactSubmission) { s.Spec.Source.UserAgent = strings.Repeat("u", 513) }),
		Entry("attribute", "spec.attributes.plan", func(s *v1alpha1.ContactSubmission) {
			s.Spec.Attributes = map[string]v1alpha1.AttributeValue{"plan": v1alpha1.AttributeValue(strings.Repeat("v", 1025))}
		}),
		Entry("attribute name", "attribute names have at most 63 characters", func(s *v1alpha1.ContactSubmission) {
			s.Spec.Attributes = map[string]v1alpha1.AttributeValue{strings.Repeat("k", 64): "v"}
		}),
		Entry("number of attributes", "spec.attributes", func(s *v1alpha1.ContactSubmission) {
			s.Spec.Attributes = map[string]v1alpha1.AttributeValue{}
			for i := range 33 {
				s.Spec.Attributes[fmt.Sprint("k", i)] = "v"
			}
		}),
		Entry("no pipeline", "spec.pipelineRef", func(s *v1alpha1.ContactSubmission) { s.Spec.PipelineRef.Name = "" }),
		Entry("consent", "spec.consent.marketing", func(s *v1alpha1.ContactSubmission) { s.Spec.Consent.Marketing = "Maybe" }),
	)

	It("take a submission with every field at its limit", func(ctx context.Context) {
		s := person(namespace, "limits", strings.Repeat("ä", 320), func(s *v1alpha1.ContactSubmission) {
			s.Spec.Contact.Name, s.Spec.Contact.Company = strings.Repeat("名", 256), strings.Repeat("社", 256)
			s.Spec.Contact.Phone, s.Spec.Contact.Country = strings.Repeat("1", 64), strings.Repeat("国", 128)
			s.Spec.Attributes = map[string]v1alpha1.AttributeValue{}
			for i := range 32 {
				s.Spec.Attributes[fmt.Sprintf("%s%02d", strings.Repeat("k", 61), i)] = v1alpha1.AttributeValue(strings.Repeat("値", 1024))
			}
		})
		Expect(api.Create(ctx, s)).To(Succeed())
	})

	DescribeTable("refuse an Integration that can't work, and say what to do",
		func(ctx context.Context, message string, change func(*v1alpha1.Integration)) {
			var crm v1alpha1.Integration
			Expect(api.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "crm"}, &crm)).To(Succeed())
			i := &v1alpha1.Integration{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "other"}, Spec: crm.Spec}
			change(i)
			Expect(api.Create(ctx, i)).To(MatchError(ContainSubstring(message)))
		},
		Entry("unknown provider", "spec.provider", func(i *v1alpha1.Integration) { i.Spec.Provider = "Fax" }),
		Entry("no configuration", "provider HTTP is configured in spec.http", func(i *v1alpha1.Integration) { i.Spec.HTTP = nil }),
		Entry("no call", "give at least one of verify, locate and upsert", func(i *v1alpha1.Integration) { i.Spec.HTTP.Upsert = nil }),
		Entry("no web address", "spec.http.upsert.url", func(i *v1alpha1.Integration) { i.Spec.HTTP.Upsert.URL = "ftp://crm.example" }),
		Entry("a header twice over", "exactly one of the fields in [value secretKeyRef] must be set", func(i *v1alpha1.Integration) { i.Spec.HTTP.Headers[0].Value = "both" }),
		Entry("two ways to one vendor", "exactly one of the fields in [database webService] must be set", func(i *v1alpha1.Integration) {
			i.Spec.Provider, i.Spec.HTTP = v1alpha1.ProviderMaxMind, nil
			i.Spec.MaxMind = &v1alpha1.MaxMindProvider{Database: &v1alpha1.MaxMindDatabase{Path: "/x"}, WebService: &v1alpha1.MaxMindWebService{
				AccountID: 1, LicenseKeySecretRef: v1alpha1.SecretKeyReference{Name: "maxmind", Key: "key"},
			}}
		}),
		Entry("no account", "spec.maxmind.webService.accountID", func(i *v1alpha1.Integration) {
			i.Spec.Provider, i.Spec.HTTP = v1alpha1.ProviderMaxMind, nil
			i.Spec.MaxMind = &v1alpha1.MaxMindProvider{WebService: &v1alpha1.MaxMindWebService{
				LicenseKeySecretRef: v1alpha1.SecretKeyReference{Name: "maxmind", Key: "key"},
			}}
		}),
		Entry("another vendor's configuration", "provider IPinfo is configured in spec.ipinfo, and nothing else is", func(i *v1alpha1.Integration) {
			i.Spec.IPinfo = &v1alpha1.IPinfoProvider{TokenSecretRef: v1alpha1.SecretKeyReference{Name: "ipinfo", Key: "token"}}
		}),
		Entry("no such service", "spec.ipinfo.service", func(i *v1alpha1.Integration) {
			i.Spec.Provider, i.Spec.HTTP = v1alpha1.ProviderIPinfo, nil
			i.Spec.IPinfo = &v1alpha1.IPinfoProvider{Service: "Max", TokenSecretRef: v1alpha1.SecretKeyReference{Name: "ipinfo", Key: "token"}}
		}),
		Entry("a long name", "the name has at most 63 characters", func(i *v1alpha1.Integration) { i.Name = strings.Repeat("n", 64) }),
		Entry("a name with dots", "the name has no dots", func(i *v1alpha1.Integration) { i.Name = "a.b" }),
	)

	It("fill in the policy of a pipeline that says nothing of it", func(ctx context.Context) {
		p := pipelineIn(namespace, "plain")
		p.Spec.Validation = &v1alpha1.ValidationStage{IntegrationRef: v1alpha1.LocalReference{Name: "verifier"}}
		Expect(api.Create(ctx, p)).To(Succeed())
		v := p.Spec.Validation
		Expect([]v1alpha1.VerdictAction{v.Undeliverable, v.Disposable, v.Role, v.AcceptAll}).To(HaveEach(v1alpha1.VerdictReject))
		Expect(v.Unknown).To(Equal(v1alpha1.UnknownAccept))
		Expect(*v.UnknownRechecks).To(Equal(int32(3)))
		Expect(p.Spec.Order).To(Equal(v1alpha1.OrderIndependent))
	})

	It("keep the address of a Contact, its key", func(ctx context.Context) {
		c := &v1alpha1.Contact{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "made-by-hand"},
			Spec:       v1alpha1.ContactSpec{Email: "ada@example.com"},
		}
		Expect(api.Create(ctx, c)).To(Succeed())
		c.Spec.Email = "eve@example.com"
		Expect(api.Update(ctx, c)).To(MatchError(ContainSubstring("never changes")))
	})
})
