package e2e

import (
	"os"
	"path/filepath"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("The launcher", Ordered, func() {
	var (
		s     *system
		ada   = contact{name: "Ada Example", email: "ada@example.com", country: "GB"}
		first []string // names of the submissions before the restart
	)

	BeforeAll(func() {
		s = newSystem()
		DeferCleanup(s.stop)
		s.start()
		s.submit(ada, asJSON)
		s.awaitSettled(1)
		first = names(s.submissions())
	})

	It("keeps the state to its owner", func() {
		mode := func(path string) os.FileMode {
			info, err := os.Stat(path)
			Expect(err).NotTo(HaveOccurred())
			return info.Mode().Perm()
		}
		Expect(mode(s.dir)).To(BeEquivalentTo(0o700))
		for _, file := range []string{"kubeconfig", "operator.kubeconfig", "intake.kubeconfig", "tokens.csv"} {
			Expect(mode(filepath.Join(s.dir, file))).To(BeEquivalentTo(0o600), file)
		}
	})

	It("gives the operator and the intake exactly the rights that they have in a cluster", func() {
		s.expectShippedRights()
		s.expectNothingForbidden()
	})

	It("says by name which port is in use", func() {
		other := newSystem()
		other.addresses["INTAKE_ADDR"] = s.addresses["INTAKE_ADDR"]
		other.launch()
		Eventually(other.launcher).Should(gexec.Exit(1))
		Expect(other.out).To(gbytes.Say("address of the intake, %s, is in use.*INTAKE_ADDR", s.addresses["INTAKE_ADDR"]))
	})

	It("keeps a second launcher away from the same state", func() {
		other := newSystem()
		other.dir = s.dir
		other.launch()
		Eventually(other.launcher).Should(gexec.Exit(1))
		Expect(other.out).To(gbytes.Say("another launcher .* runs on "))
	})

	It("stops every process when asked to, and finds all data again", func() {
		parts := s.parts()
		Expect(parts).To(HaveLen(5))
		crm, marketing := s.records("crm"), s.records("marketing")
		Expect(crm).To(HaveKey(ada.email))
		Expect(marketing).To(HaveKey(ada.email))
		s.launcher.Terminate()
		Eventually(s.launcher).Should(gexec.Exit(0))
		for name, pid := range parts {
			Expect(alive(pid)).To(BeFalse(), "%s still runs", name)
		}
		s.start()
		Expect(names(s.submissions())).To(Equal(first))
		Expect(s.list("contacts.contact-operator.io")).To(HaveLen(1))
		Expect(s.records("crm")).To(Equal(crm))
		Expect(s.records("marketing")).To(Equal(marketing))
	})

	It("leaves no process behind when it is killed, and finds all data again", func() {
		s.submit(contact{name: "Bob Example", email: "bob@example.com"}, asJSON)
		before := names(s.submissions())
		parts := s.parts()
		s.launcher.Signal(syscall.SIGKILL)
		Eventually(s.launcher).Should(gexec.Exit())
		for name, pid := range parts {
			Eventually(func() bool { return alive(pid) }).Should(BeFalse(), "%s still runs", name)
		}
		s.start()
		Expect(before).To(HaveLen(2))
		Expect(names(s.submissions())).To(Equal(before))
		s.awaitSettled(2)
	})

	It("stops everything when one part ends, and says which and why", func() {
		parts := s.parts()
		Expect(syscall.Kill(parts["sandbox"], syscall.SIGKILL)).To(Succeed())
		Eventually(s.launcher).Should(gexec.Exit(1))
		Expect(s.out).To(gbytes.Say(`sandbox ended by itself \(signal: killed\)`))
		for name, pid := range parts {
			Expect(alive(pid)).To(BeFalse(), "%s still runs", name)
		}
	})
})
