package controllers_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
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

// smallDatabase is an mmdb file that knows one network.
func smallDatabase() []byte {
	GinkgoHelper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Country", RecordSize: 24})
	Expect(err).NotTo(HaveOccurred())
	_, network, err := net.ParseCIDR("81.2.69.0/24")
	Expect(err).NotTo(HaveOccurred())
	country := mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String("GB")}}
	Expect(tree.Insert(network, country)).To(Succeed())
	var file bytes.Buffer
	_, err = tree.WriteTo(&file)
	Expect(err).NotTo(HaveOccurred())
	return file.Bytes()
}
