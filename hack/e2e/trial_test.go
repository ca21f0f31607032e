package e2e

import (
	"encoding/json"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// The internal trial of fifty people, on one system that is not reset between the specs.
var _ = Describe("A trial of fifty people", Ordered, func() {
	var (
		s        *system
		good     []contact
		bad      []contact
		newest   map[string]contact // by normalised address
		posted   []contact          // all that the system has ever been told
		accepted int
	)

	submit := func(c contact, contentType string) string {
		GinkgoHelper()
		id := s.submit(c, contentType)
		posted = append(posted, c)
		accepted++
		return id
	}

	BeforeAll(func() {
		s = newSystem()
		DeferCleanup(s.stop)
		s.start()
		good, bad = readContacts("fifty-contacts.csv"), readContacts("bad-addresses.csv")
		newest = map[string]contact{}
	})

	It("takes fifty contacts and ten duplicates with at most three API writes each", func() {
		Expect(good).To(HaveLen(50))
		before := s.apiRequests()
		for i, c := range good {
			submit(c, []string{asJSON, asForm}[i%2])
			newest[c.key()] = c
		}
		for i, c := range good[:10] {
			c.phone = "+44 20 7946 07" + string(rune('0'+i)) + "0"
			c.company = "" // not given this time: what is known stays
			if i%2 == 0 {
				c.email = strings.ToUpper(c.email)
			}
			submit(c, []string{asForm, asJSON}[i%2])
			c.company = good[i].company
			newest[c.key()] = c
		}
		s.awaitSettled(60)
		for _, o := range s.submissions() {
			Expect(o.reason("Ready")).To(Equal("Completed"), o.Metadata.Name)
			Expect(o.reason("Validated")).To(Equal("Deliverable"), o.Metadata.Name)
			Expect(o.reason("Located")).To(Equal("Located"), o.Metadata.Name)
		}
		counted := s.apiRequests().since(before)
		AddReportEntry("API requests for 60 submissions", counted)
		Expect(counted.writes()).To(BeNumerically("<=", 3*60), "%v", counted)
		Expect(counted).NotTo(HaveKey([2]string{"contacts", "LIST"}))
	})

	It("takes six bad addresses and says what is wrong with each", func() {
		reasons := map[string]string{} // of Validated, by the submission's name
		for i, c := range bad {
			reasons[submit(c, asJSON)] = []string{"Undeliverable", "Disposable", "AcceptAll", "AcceptedUnknown", "Role", "Undeliverable"}[i]
		}
		newest[bad[3].key()] = bad[3] // no verdict is no rejection
		s.awaitSettled(66)

		rejected := 0
		for _, o := range s.submissions() {
			if want, ok := reasons[o.Metadata.Name]; ok {
				Expect(o.reason("Validated")).To(Equal(want), o.Metadata.Name)
				if o.reason("Ready") == "Rejected" {
					Expect(o.reason("CRMSynced")).To(Equal("Skipped"))
					rejected++
				}
			}
		}
		Expect(rejected).To(Equal(5))

		// What a person reads.
		table := s.kubectl("get", "contactsubmissions")
		AddReportEntry("kubectl get contactsubmissions", table)
		lines := strings.Split(strings.TrimSpace(table), "\n")
		Expect(strings.Fields(lines[0])).To(HaveExactElements(
			"NAME", "PIPELINE", "VALIDATED", "LOCATED", "CRM", "MARKETING", "READY", "REASON", "ATTEMPTS", "AGE"))
		Expect(lines).To(HaveLen(1 + 66))
		for name, reason := range reasons {
			Expect(lines).To(ContainElement(MatchRegexp(`^%s +trial +%s `, name, reason)))
		}
		held := s.kubectl("get", "csub", "--field-selector", "status.state=Held", "-o", "name")
		Expect(strings.Fields(held)).To(HaveLen(5))
	})

	It("left exactly one record of each good address in both systems, with the newest data", func() {
		crm, marketing := s.records("crm"), s.records("marketing")
		Expect(crm).To(HaveLen(len(newest)))
		Expect(marketing).To(HaveLen(len(newest)))
		for key, c := range newest {
			Expect(crm).To(HaveKey(key))
			fields := crm[key].Fields
			for field, want := range map[string]string{"name": c.name, "company": c.company, "phone": c.phone, "country": c.country} {
				if want == "" {
					Expect(fields).NotTo(HaveKey(field), key)
				} else {
					Expect(fields).To(HaveKeyWithValue(field, want), key)
				}
			}
			Expect(fields).To(HaveKeyWithValue("attributes", HaveKeyWithValue("plan", c.plan)), key)
			Expect(marketing).To(HaveKey(key))
			Expect(marketing[key].Fields).To(HaveKeyWithValue("status", "subscribed"), key)
			Expect(marketing[key].Fields).To(HaveKeyWithValue("name", c.name), key)
		}
		Expect(s.list("contacts.contact-operator.io")).To(HaveLen(len(newest)))
	})

	It("takes the same submission again for nothing", func() {
		key := http.Header{"Idempotency-Key": {"a-click-and-another"}}
		c := contact{name: "Dora Doubleclick", email: "dora@example.com", company: "Double & Click", phone: "+44 20 7946 0777"}
		posted = append(posted, c)
		accepted++
		first := s.post("trial", asJSON, c.json(), key)
		again := s.post("trial", asJSON, c.json(), key)
		Expect([]int{first.status, again.status}).To(HaveEach(http.StatusAccepted))
		Expect(idOf(again.body)).To(Equal(idOf(first.body))) // the tokens tell when they were given
		s.awaitSettled(accepted)
	})

	It("thanks a visitor with a browser", func() {
		form := get(s.url("INTAKE_ADDR", "/v1/contacts/trial/form"))
		Expect(form).To(ContainSubstring("Download the trial"))
		Expect(form).NotTo(ContainSubstring("<script"))

		c := contact{name: "Brenda Browser", email: "brenda@example.com", company: "Browser & Sons", phone: "+44 20 7946 0888", country: "UK"}
		posted = append(posted, c)
		accepted++
		answer := s.post("trial", asForm, c.form(), http.Header{"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}})
		Expect(answer.status).To(Equal(http.StatusSeeOther))
		Expect(get(s.url("INTAKE_ADDR", answer.header.Get("Location")))).To(ContainSubstring("Thank you"))
		s.awaitSettled(accepted)
		Expect(s.records("crm")).To(HaveKey(c.email))
	})

	It("names the fields that are wrong, and a pipeline that is not there", func() {
		c := contact{name: "Long " + strings.Repeat("o", 400), email: "", company: "Long & Wrong", phone: "+44 20 7946 0999"}
		posted = append(posted, c)
		answer := s.post("trial", asJSON, c.json(), nil)
		Expect(answer.status).To(Equal(http.StatusUnprocessableEntity))
		Expect(answer.header.Get("Content-Type")).To(Equal("application/problem+json"))
		Expect(answer.body).To(And(ContainSubstring(`"email"`), ContainSubstring(`"name"`)))

		Expect(s.post("nowhere", asJSON, good[0].json(), nil).status).To(Equal(http.StatusNotFound))
	})

	It("finishes what an outage held up, and what a system refuses it says", func() {
		s.fault("crm", `{"mode":"reset"}`)
		s.fault("marketing", `{"mode":"status","status":503,"retryAfterSeconds":1}`)
		late := contact{name: "Otto Outage", email: "otto@example.com", company: "Outage & Co", phone: "+49 30 5550 0777"}
		refused := contact{name: "Iris Invalid", email: "iris@example.com", company: strings.Repeat("Too Long ", 25), phone: "+49 30 5550 0888"}
		ids := map[string]string{submit(late, asJSON): "Completed", submit(refused, asForm): "Stalled"}
		reasons := func() map[string]string {
			found := map[string]string{}
			for _, o := range s.submissions() {
				if _, ours := ids[o.Metadata.Name]; ours {
					found[o.Metadata.Name] = o.reason("Ready")
				}
			}
			return found
		}
		Eventually(func(g Gomega) {
			for _, o := range s.submissions() {
				if _, ours := ids[o.Metadata.Name]; ours {
					g.Expect(o.Status.State).To(Equal("Active"))
					g.Expect(o.reason("Located")).To(Equal("Located"), "a CRM that is down holds up no other stage")
					g.Expect(o.reason("CRMSynced")).To(BeElementOf("Retrying", "Parked"))
				}
			}
		}).Should(Succeed())
		s.fault("crm", `{"mode":"ok"}`)
		s.fault("marketing", `{"mode":"ok"}`)
		Eventually(reasons).Should(Equal(ids))
		s.awaitSettled(accepted)
		Expect(s.records("crm")).To(And(HaveKey(late.email), Not(HaveKey(refused.email))))
	})

	It("needed no right that it does not have", func() { s.expectNothingForbidden() })

	It("told nobody who the people are", func() {
		s.expectNoLeaks(posted)
	})
})

// idOf is the name of the submission that an answer to a program tells.
func idOf(body string) string {
	GinkgoHelper()
	var answer struct {
		ID string `json:"id"`
	}
	Expect(json.Unmarshal([]byte(body), &answer)).To(Succeed())
	Expect(answer.ID).NotTo(BeEmpty())
	return answer.ID
}
