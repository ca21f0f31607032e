package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// alertConfig are the alerts in a hurry. An alert that nobody sends lasts long enough for an operator to start again.
const alertConfig = `alertmanagers:
- url: %s
- url: %s
labels:
  team: forms
evaluateSeconds: 1
resendSeconds: 2
validSeconds: 60
keepFiringSeconds: 3
alerts:
  ContactLinkFailing:
    afterSeconds: 1
  ContactRejectionsSpike:
    disabled: true
`

// Two real Alertmanagers, and who is woken by them.
var _ = Describe("Alerts", Ordered, func() {
	var (
		s     *system
		peers *peers
		heard = []string{} // what the pager has received up to here
		sent  int
	)

	BeforeAll(func() {
		peers = startPeers()
		s = newSystem()
		config := filepath.Join(GinkgoT().TempDir(), "alerts.yaml")
		Expect(os.WriteFile(config, fmt.Appendf(nil, alertConfig, peers.url[0], peers.url[1]), 0o600)).To(Succeed())
		// The launcher starts a third one, for people to look at.
		s.env = []string{"ALERTMANAGER_ADDR=" + freeAddresses(1)[0], "OPERATOR_FLAGS=--alert-config=" + config}
		s.flags = []string{"--restart"}
		DeferCleanup(s.stop)
		s.start()
	})

	submit := func(n int) {
		GinkgoHelper()
		for range n {
			sent++
			body := fmt.Sprintf(`{"email":"ada.personal%d@example.com","name":"Ada Personal","phone":"+44 20 7946 0958","consent":{"marketing":true}}`, sent)
			Expect(s.post("trial", asJSON, body, nil).status).To(Equal(http.StatusAccepted))
		}
	}
	// hears waits for the next notification, and that it is the only one.
	hears := func(next ...string) {
		GinkgoHelper()
		heard = append(heard, next...)
		Eventually(peers.pager.story).Should(HaveLen(len(heard)))
		Consistently(peers.pager.story, 8*time.Second).Should(Equal(heard), "longer than the peers wait for one another, and three group intervals")
	}

	It("says where Alertmanager is", func() {
		_, addr, _ := strings.Cut(s.env[0], "=")
		Expect(string(s.out.Contents())).To(ContainSubstring("http://" + addr))
	})

	It("tells of an outage once, and once that it is over, with a restart between and a peer down", func() {
		s.fault("crm", `{"mode":"reset"}`)
		submit(7)
		hears("firing ContactLinkFailing crm")
		n := peers.pager.last("ContactLinkFailing")
		Expect(n.Alerts).To(HaveLen(1))
		Expect(n.Alerts[0].Labels).To(Equal(map[string]string{
			"alertname": "ContactLinkFailing", "severity": "warning", "namespace": namespace, "integration": "crm", "stage": "CRMSynced",
			"class": "Transient", "team": "forms",
		}))
		Expect(n.Alerts[0].Annotations).To(HaveKeyWithValue("runbook_url", HaveSuffix("/docs/runbook/ContactLinkFailing.md")))
		Expect(n.Alerts[0].Annotations).To(HaveKeyWithValue("command", "kubectl -n contacts describe integration crm"))
		Expect(n.Alerts[0].Annotations).To(HaveKey("since"))

		By("losing the peer that notifies first, and the operator")
		peers.proc[0].Kill()
		Eventually(peers.proc[0]).Should(gexec.Exit())
		before := s.parts()["contact-operato"]
		Expect(before).NotTo(BeZero())
		Expect(syscall.Kill(before, syscall.SIGKILL)).To(Succeed())
		Eventually(func() int { return s.parts()["contact-operato"] }).ShouldNot(BeElementOf(0, before))
		Eventually(func() string { return s.alertmanagerUp(peers.url[1]) }).Should(Equal("1"), "the new operator has told the other peer")
		Expect(s.alertmanagerUp(peers.url[0])).To(Equal("0"))
		hears()

		By("mending the CRM")
		s.fault("crm", `{"mode":"ok"}`)
		hears("resolved ContactLinkFailing crm")
		s.awaitSettled(sent)
		Expect(s.kubectl("get", "events.events.k8s.io", "-n", "default", "-o", "jsonpath={.items[*].reason}")).To(ContainSubstring("AlertmanagerUnreachable"))
	})

	It("tells a wrong credential from an outage", func() {
		token := func(value string) {
			s.kubectl("patch", "secret", "marketing-credentials", "--type=merge", "-p", `{"stringData":{"token":"`+value+`"}}`)
		}
		token("wrong")
		Eventually(func() string {
			submit(1)
			return s.kubectl("get", "integration", "marketing", "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].reason}`)
		}).WithPolling(5 * time.Second).Should(Equal("Unauthorized"))
		hears("firing ContactLinkMisconfigured marketing")
		Expect(peers.pager.last("ContactLinkMisconfigured").Alerts[0].Labels).To(HaveKeyWithValue("class", "Auth"))
		token("sandbox-marketing-token")
		hears("resolved ContactLinkMisconfigured marketing")
		s.awaitSettled(sent)
	})

	It("tells of many stalled submissions in one alert, with their number", func() {
		s.fault("crm", `{"mode":"status","status":422}`)
		submit(40)
		hears("firing ContactSubmissionsStalled")
		s.fault("crm", `{"mode":"ok"}`)
		s.awaitSettled(sent)
		Eventually(func(g Gomega) {
			var alerts []struct{ Labels, Annotations map[string]string }
			g.Expect(json.Unmarshal([]byte(get(peers.url[1]+"/api/v2/alerts?active=true")), &alerts)).To(Succeed())
			g.Expect(alerts).To(HaveLen(1))
			g.Expect(alerts[0].Labels).To(HaveKeyWithValue("class", "Invalid"))
			g.Expect(alerts[0].Annotations).To(HaveKeyWithValue("affected", "40"))
		}).Should(Succeed())
	})

	It("sends a canary the whole way, again and again, and tells when it does not get through", func() {
		canary := func(email string) {
			s.kubectl("patch", "contactpipeline", "trial", "--type=merge", "-p",
				`{"spec":{"canary":{"email":"`+email+`","intervalSeconds":10,"timeoutSeconds":20}}}`)
		}
		before := s.calls()
		canary("canary@example.com")
		Eventually(s.calls).Should(And(
			HaveKeyWithValue("verifier", BeNumerically(">=", before["verifier"]+3)), HaveKeyWithValue("crm", BeNumerically(">=", before["crm"]+3)),
		), "each is checked and written, although nothing has changed")
		Expect(s.calls()).To(HaveKeyWithValue("marketing", before["marketing"]), "it is never marketed to")
		Expect(len(s.submissions())).To(BeNumerically("<=", sent+1), "only the last one is kept")
		hears()

		canary("office@example.com")
		hears("firing ContactCanaryFailed")
		Expect(s.kubectl("get", "contactpipeline", "trial", "-o", "jsonpath={.status.canary.reason} {.status.canary.stage}")).To(Equal("Rejected Validated"))
		canary("canary@example.com")
		hears("resolved ContactCanaryFailed")
	})

	It("holds nothing of what people sent", func() {
		all := peers.pager.everything() + get(peers.url[1]+"/api/v2/alerts")
		Expect(all).NotTo(ContainSubstring("unreadable"))
		for _, personal := range []string{"ersonal", "example.com", "7946"} {
			Expect(all).NotTo(ContainSubstring(personal))
		}
		for _, o := range s.submissions() {
			Expect(all).NotTo(ContainSubstring(o.Metadata.Name))
		}
	})
})

// calls is how many each service of the sandbox has had.
func (s *system) calls() map[string]int {
	GinkgoHelper()
	var stats struct {
		Services map[string]struct{ Calls int }
	}
	Expect(json.Unmarshal([]byte(get(s.url("SANDBOX_ADDR", "/_stats"))), &stats)).To(Succeed())
	calls := map[string]int{}
	for service, n := range stats.Services {
		calls[service] = n.Calls
	}
	return calls
}

// alertmanagerUp is what the operator's metrics say of a peer, "" while they say nothing.
func (s *system) alertmanagerUp(url string) string {
	resp, err := http.Get(s.url("METRICS_ADDR", "/metrics"))
	if err != nil {
		return "" // it is starting
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return ""
	}
	prefix := fmt.Sprintf("contact_operator_alertmanager_up{peer=%q} ", strings.TrimPrefix(url, "http://"))
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, prefix); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
