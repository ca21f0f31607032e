package controllers_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

var _ = Describe("The API rules of CRM vendors", func() {
	var namespace string

	BeforeEach(func(ctx context.Context) { namespace = namespaceWithSamples(ctx) })

	integration := func(spec v1alpha1.IntegrationSpec) *v1alpha1.Integration {
		return &v1alpha1.Integration{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "crm-"}, Spec: spec}
	}
	salesforce := func(change func(*v1alpha1.SalesforceProvider)) v1alpha1.IntegrationSpec {
		s := &v1alpha1.SalesforceProvider{
			URL: "https://example.my.salesforce.com", ClientID: "3MVG9", ExternalIDField: "ContactKey__c",
			ClientSecretRef: &v1alpha1.SecretKeyReference{Name: "salesforce", Key: "client-secret"},
		}
		if change != nil {
			change(s)
		}
		return v1alpha1.IntegrationSpec{Provider: v1alpha1.ProviderSalesforce, Salesforce: s}
	}
	espocrm := func(change func(*v1alpha1.EspoCRMProvider)) v1alpha1.IntegrationSpec {
		e := &v1alpha1.EspoCRMProvider{URL: "https://crm.example", APIKeySecretRef: v1alpha1.SecretKeyReference{Name: "espocrm", Key: "api-key"}}
		if change != nil {
			change(e)
		}
		return v1alpha1.IntegrationSpec{Provider: v1alpha1.ProviderEspoCRM, EspoCRM: e}
	}

	It("fill in what is left out", func(ctx context.Context) {
		s := integration(salesforce(nil))
		Expect(api.Create(ctx, s)).To(Succeed())
		Expect([]string{s.Spec.Salesforce.APIVersion, string(s.Spec.Salesforce.Object), s.Spec.Salesforce.Placeholder, string(s.Spec.Salesforce.DuplicateRules)}).
			To(Equal([]string{"62.0", "Contact", "[not provided]", "Respect"}))
		e := integration(espocrm(nil))
		Expect(api.Create(ctx, e)).To(Succeed())
		Expect([]string{string(e.Spec.EspoCRM.Entity), e.Spec.EspoCRM.Placeholder, string(e.Spec.EspoCRM.Erase)}).
			To(Equal([]string{"Contact", "[not provided]", "Delete"}))
	})

	jwt := &v1alpha1.SalesforceJWT{User: "u@example.com", PrivateKeySecretRef: v1alpha1.SecretKeyReference{Name: "salesforce", Key: "private-key"}}
	DescribeTable("refuse an Integration that can't work, and say what to do",
		func(ctx context.Context, message string, spec v1alpha1.IntegrationSpec) {
			Expect(api.Create(ctx, integration(spec))).To(MatchError(ContainSubstring(message)))
		},
		Entry("two ways to sign in", "exactly one of the fields in [clientSecretRef jwt] must be set", salesforce(func(s *v1alpha1.SalesforceProvider) { s.JWT = jwt })),
		Entry("no way to sign in", "exactly one of the fields in [clientSecretRef jwt] must be set", salesforce(func(s *v1alpha1.SalesforceProvider) { s.ClientSecretRef = nil })),
		Entry("a standard field as the key", "spec.salesforce.externalIDField", salesforce(func(s *v1alpha1.SalesforceProvider) { s.ExternalIDField = "Email" })),
		Entry("a version without collections", "spec.salesforce.apiVersion", salesforce(func(s *v1alpha1.SalesforceProvider) { s.APIVersion = "45.0" })),
		Entry("another object", "spec.salesforce.object", salesforce(func(s *v1alpha1.SalesforceProvider) { s.Object = "Account" })),
		Entry("another vendor's settings", "provider Salesforce is configured in spec.salesforce, and nothing else is",
			v1alpha1.IntegrationSpec{Provider: v1alpha1.ProviderEspoCRM, EspoCRM: espocrm(nil).EspoCRM, Salesforce: salesforce(nil).Salesforce}),
		Entry("no settings", "provider EspoCRM is configured in spec.espocrm, and nothing else is", v1alpha1.IntegrationSpec{Provider: v1alpha1.ProviderEspoCRM}),
		Entry("an address that is none", "spec.espocrm.url", espocrm(func(e *v1alpha1.EspoCRMProvider) { e.URL = "crm.example" })),
		Entry("another erasure", "spec.espocrm.erase", espocrm(func(e *v1alpha1.EspoCRMProvider) { e.Erase = "Forget" })),
	)
})
