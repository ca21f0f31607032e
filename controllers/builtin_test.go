package controllers_test

import (
	"context"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/sandbox/mmdb"
)

var _ = Describe("The built-in provider", func() {
	It("waits for a file that is not there yet, and tells what its sources disagree on", func(ctx context.Context) {
		sandbox.Reset()
		namespace := namespaceWithSamples(ctx)
		startOperator()
		DeferCleanup(func(ctx context.Context) {
			Expect(api.DeleteAllOf(ctx, &v1alpha1.ContactSubmission{}, client.InNamespace(namespace))).To(Succeed())
		})
		path := filepath.Join(GinkgoT().TempDir(), "countries.mmdb")
		locator := integrationIn(namespace, "files")
		locator.Spec = v1alpha1.IntegrationSpec{
			Provider: v1alpha1.ProviderBuiltin,
			Builtin:  &v1alpha1.BuiltinProvider{Locate: &v1alpha1.BuiltinLocate{DatabasePath: path}},
		}
		Expect(api.Create(ctx, locator)).To(Succeed())
		Eventually(readyOf(ctx, locator)).Should(And(HavePrefix("InvalidSpec"), ContainSubstring("countries.mmdb")))
		Expect(os.WriteFile(path, smallDatabase(), 0o600)).To(Succeed())
		Eventually(readyOf(ctx, locator)).Should(HavePrefix("Ready"))

		change(ctx, pipelineIn(namespace, "trial"), func(p *v1alpha1.ContactPipeline) { p.Spec.Location.IntegrationRef.Name = "files" })
		s := person(namespace, "declared", "ada@example.com", func(s *v1alpha1.ContactSubmission) {
			s.Spec.Contact.Country, s.Spec.Contact.Phone = "Deutschland", "+44 20 7946 0018"
		})
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(HaveSuffix("Completed"))
		location := contactsIn(ctx, namespace)[0].Status.Location
		Expect(location.Country).To(Equal("DE"))
		Expect(location.Source).To(BeEquivalentTo("Declared"))
		Expect(location.Disagreement).To(Equal("Phone=GB"))
		Expect(location.Phone).To(Equal("+442079460018"))
	})
})

var _ = Describe("A provider that answers from a file", func() {
	It("says that the file is old, and works all the same", func(ctx context.Context) {
		sandbox.Reset()
		namespace := namespaceWithSamples(ctx)
		startOperator()
		path := filepath.Join(GinkgoT().TempDir(), "GeoLite2-Country.mmdb")
		Expect(os.WriteFile(path, databaseBuilt(time.Now().Add(-40*24*time.Hour)), 0o600)).To(Succeed())
		locator := integrationIn(namespace, "maxmind")
		locator.Spec = v1alpha1.IntegrationSpec{
			Provider: v1alpha1.ProviderMaxMind, MaxMind: &v1alpha1.MaxMindProvider{Database: &v1alpha1.MaxMindDatabase{Path: path}},
		}
		Expect(api.Create(ctx, locator)).To(Succeed())
		current := func(g Gomega) string {
			var i v1alpha1.Integration
			g.Expect(api.Get(ctx, client.ObjectKeyFromObject(locator), &i)).To(Succeed())
			c := meta.FindStatusCondition(i.Status.Conditions, v1alpha1.ConditionDataCurrent)
			if c == nil {
				return ""
			}
			return c.Reason + " " + c.Message
		}
		Eventually(readyOf(ctx, locator)).Should(HavePrefix("Ready"))
		Eventually(current).Should(And(HavePrefix("Outdated"), ContainSubstring("more than 30 days ago")))
		change(ctx, locator, func(i *v1alpha1.Integration) { i.Spec.MaxMind.Database.MaxAgeDays = new(int32(60)) })
		Eventually(current).Should(HavePrefix("Current made on "))

		change(ctx, pipelineIn(namespace, "trial"), func(p *v1alpha1.ContactPipeline) { p.Spec.Location.IntegrationRef.Name = "maxmind" })
		s := person(namespace, "visitor", "ada@example.com", func(s *v1alpha1.ContactSubmission) {
			s.Spec.Contact.Country, s.Spec.Contact.Phone, s.Spec.Source.RemoteIP = "", "", "81.2.69.142"
		})
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(HaveSuffix("Completed"))
		location := contactsIn(ctx, namespace)[0].Status.Location
		Expect(location.Country).To(Equal("GB"))
		Expect(location.Source).To(BeEquivalentTo("IP"))
		Expect(api.DeleteAllOf(ctx, &v1alpha1.ContactSubmission{}, client.InNamespace(namespace))).To(Succeed())
	})
})

// smallDatabase is an mmdb file that knows one network.
func smallDatabase() []byte { return databaseBuilt(time.Now()) }

// databaseBuilt is an mmdb file of MaxMind's kind that was made at a time.
func databaseBuilt(at time.Time) []byte {
	GinkgoHelper()
	file, err := mmdb.File("GeoLite2-Country", at, map[string]mmdb.Record{"81.2.69.0/24": mmdb.Country("GB")})
	Expect(err).NotTo(HaveOccurred())
	return file
}
