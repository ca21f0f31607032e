package e2e

import (
	"encoding/json"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// checked is what the built-in checks left on a Contact.
type checked struct {
	verdict, evidence, country, source, phone string
}

// checkedContacts returns it by address.
func (s *system) checkedContacts() map[string]checked {
	GinkgoHelper()
	var list struct {
		Items []struct {
			Spec   struct{ Email string }
			Status struct {
				Verdict  struct{ Result, Evidence string }
				Location struct{ Country, Source, Phone string }
			}
		}
	}
	Expect(json.Unmarshal([]byte(s.kubectl("get", "contacts.contact-operator.io", "-o", "json")), &list)).To(Succeed())
	all := map[string]checked{}
	for _, o := range list.Items {
		v, l := o.Status.Verdict, o.Status.Location
		all[o.Spec.Email] = checked{v.Result, v.Evidence, l.Country, l.Source, l.Phone}
	}
	return all
}

var _ = Describe("A pipeline with nothing but the built-in checks", Ordered, func() {
	var (
		s      *system
		posted []contact
	)

	// submit posts a contact to the pipeline plain, and returns a look at its submission.
	submit := func(c contact) func() object {
		GinkgoHelper()
		posted = append(posted, c)
		answer := s.post("plain", asJSON, c.json(), nil)
		Expect(answer.status).To(Equal(http.StatusAccepted), answer.body)
		var accepted struct{ ID string }
		Expect(json.Unmarshal([]byte(answer.body), &accepted)).To(Succeed())
		return func() object {
			var o object
			Expect(json.Unmarshal([]byte(s.kubectl("get", "contactsubmission", accepted.ID, "-o", "json")), &o)).To(Succeed())
			return o
		}
	}
	reason := func(condition string) func(object) string {
		return func(o object) string { return o.reason(condition) }
	}
	be := func(validated, located, ready string) OmegaMatcher {
		return And(
			WithTransform(reason("Validated"), Equal(validated)),
			WithTransform(reason("Located"), Equal(located)),
			WithTransform(reason("Ready"), Equal(ready)),
		)
	}

	BeforeAll(func() {
		s = newSystem()
		DeferCleanup(s.stop)
		s.start()
	})

	It("is told of by the launcher, and has a form", func() {
		form := s.url("INTAKE_ADDR", "/v1/contacts/plain/form")
		Expect(string(s.out.Contents())).To(ContainSubstring(form))
		Expect(get(form)).To(ContainSubstring("Stay in touch"))
	})

	It("completes who can be reached, and says where they are", func() {
		declared := submit(contact{name: "Clara Checked", email: "clara@example.com", phone: "+44 20 7946 0957", country: "Deutschland"})
		dialled := submit(contact{name: "Bob Example", email: "bob@example.net", phone: "+44 20 7946 0959"})
		Eventually(declared).Should(be("Deliverable", "Located", "Completed"))
		Eventually(dialled).Should(be("Deliverable", "Located", "Completed"))
		Expect(s.checkedContacts()).To(Equal(map[string]checked{
			"clara@example.com": {"Deliverable", "MX record", "DE", "Declared", "+442079460957"},
			"bob@example.net":   {"Deliverable", "MX record", "GB", "Phone", "+442079460959"},
		}))
		Expect(s.records("crm")).To(BeEmpty(), "the pipeline has none")
	})

	It("rejects addresses that take no mail, and throw-away ones", func() {
		for email, want := range map[string]string{
			"ada@undeliverable.example":       "Undeliverable",
			"ada@below.undeliverable.example": "Undeliverable",
			"ada@nullmx.example":              "Undeliverable",
			"ada@mailinator.com":              "Disposable",
			"ada@disposable.example":          "Disposable", // in the sample's ConfigMap
		} {
			Eventually(submit(contact{name: "Rita Rejected", email: email})).Should(be(want, "Skipped", "Rejected"), want)
		}
	})

	It("accepts the address of a function, as the pipeline says", func() {
		Eventually(submit(contact{name: "Team Example", email: "info@example.org", country: "GB"})).Should(be("Accepted", "Located", "Completed"))
	})

	It("asks again, later, where the domain's name servers fail", func() {
		unsure := submit(contact{name: "Uma Unsure", email: "ada@unknown.example", country: "GB"})
		Eventually(unsure).Should(be("Retrying", "Pending", "Waiting"))
		Expect(unsure().Status.State).To(Equal("Active"))
		Expect(s.kubectl("get", "integration", "builtin-verifier", "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].status}`)).
			To(Equal("True"), "one domain's name servers are no fault of the link")
	})

	It("takes both folders of samples again, each by itself, as a person would apply them", func() {
		for _, folder := range []string{"../../config/samples/builtin", "../../config/samples"} {
			s.kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-k", folder)
		}
	})

	It("told nobody who the people are", func() {
		s.expectNoLeaks(posted)
	})
})
