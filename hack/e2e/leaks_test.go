package e2e

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// traces are the spellings in which a contact's data could turn up somewhere.
func (c contact) traces() []string {
	all := map[string]bool{}
	for _, value := range []string{c.name, c.email, c.company, c.phone} {
		if len(value) < 6 { // too short to be told from other words
			continue
		}
		quoted, err := json.Marshal(value)
		Expect(err).NotTo(HaveOccurred())
		for _, spelling := range []string{
			value, strings.Trim(string(quoted), `"`), url.QueryEscape(value), url.PathEscape(value),
		} {
			all[strings.ToLower(spelling)] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// expectNoTraces looks for the contacts' data in a text, whatever its case. What it finds is named by place and kind, so
// that the answer can be found.
func expectNoTraces(place, text string, contacts []contact) {
	GinkgoHelper()
	text = strings.ToLower(text)
	for _, c := range contacts {
		for _, trace := range c.traces() {
			i := strings.Index(text, trace)
			if i < 0 {
				continue
			}
			Fail(place + " holds " + trace + ": ..." + text[max(0, i-200):min(len(text), i+200)] + "...")
		}
	}
}

// expectNoLeaks looks everywhere where nothing personal may be: logs, events, metrics, and all of every object but the
// spec of a submission and a Contact.
func (s *system) expectNoLeaks(contacts []contact) {
	GinkgoHelper()
	logs, err := filepath.Glob(filepath.Join(s.dir, "logs", "*.log"))
	Expect(err).NotTo(HaveOccurred())
	Expect(logs).To(HaveLen(5))
	for _, log := range logs {
		data, err := os.ReadFile(log) //nolint:gosec // in a folder of the test
		Expect(err).NotTo(HaveOccurred())
		Expect(data).NotTo(BeEmpty(), "%s says nothing: a wrong file would leak nothing", log)
		expectNoTraces(log, string(data), contacts)
	}
	expectNoTraces("the launcher's output", string(s.out.Contents()), contacts)

	expectNoTraces("the events", s.kubectl("get", "events.events.k8s.io", "-A", "-o", "yaml"), contacts)
	expectNoTraces("the API server's metrics", s.kubectl("get", "--raw", "/metrics"), contacts)
	expectNoTraces("the operator's metrics", get(s.url("METRICS_ADDR", "/metrics")), contacts)
	expectNoTraces("the intake's metrics", get(s.url("INTAKE_METRICS_ADDR", "/metrics")), contacts)
	expectNoTraces("the sandbox's counts", get(s.url("SANDBOX_ADDR", "/_stats")), contacts)

	for _, resource := range []string{
		"contactsubmissions", "contacts.contact-operator.io", "contactpipelines", "integrations",
		"erasurereceipts", "leases.coordination.k8s.io",
	} {
		var list struct{ Items []map[string]any }
		Expect(json.Unmarshal([]byte(s.kubectl("get", resource, "-A", "-o", "json")), &list)).To(Succeed())
		for _, o := range list.Items {
			if resource == "contactsubmissions" || resource == "contacts.contact-operator.io" {
				delete(o, "spec") // it is what they are for
			}
			rest, err := json.Marshal(o)
			Expect(err).NotTo(HaveOccurred())
			expectNoTraces(resource, string(rest), contacts)
		}
	}
}
