package e2e

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/contact-operator/contact-operator/hack/dashboard/board"
	"github.com/contact-operator/contact-operator/hack/metricsdoc"
	"github.com/contact-operator/contact-operator/hack/promql"
	"github.com/contact-operator/contact-operator/hack/rules"
)

const root = "../.."

// prometheusConfig scrapes as the ServiceMonitors of config/prometheus do, in a hurry. Pods have names in a cluster.
const prometheusConfig = `
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [contact-operator.yaml, contact-submissions.yaml]
alerting:
  alertmanagers: [{static_configs: [{targets: [%[1]q]}]}]
scrape_configs:
- &job
  job_name: contact-operator
  honor_labels: true
  scheme: https
  tls_config: {insecure_skip_verify: true}
  authorization: {credentials_file: token}
  static_configs: [{targets: [%[2]q], labels: {namespace: contact-operator-system, pod: contact-operator-0}}]
- <<: *job
  job_name: contact-intake
  static_configs: [{targets: [%[3]q], labels: {namespace: contact-operator-system, pod: contact-intake-0}}]
- <<: *job
  job_name: apiserver
  static_configs: [{targets: [%[4]q]}]
`

// A real Prometheus, which reads the metrics as it does in a cluster: over TLS, with the token of an account that may read metrics and
// nothing else. Alertmanager is told by it alone.
var _ = Describe("Prometheus", Ordered, func() {
	var (
		s     *system
		peers *peers
		token string
		ask   prometheusAPI
		sent  int
	)

	BeforeAll(func() {
		binary := rules.Tool(GinkgoT(), root, "prometheus")
		peers = startPeers()
		s = newSystem()
		folder := GinkgoT().TempDir()
		thresholds := filepath.Join(folder, "alerts.yaml")
		Expect(os.WriteFile(thresholds, []byte("alerts: {ContactLinkFailing: {afterSeconds: 1}}\n"), 0o600)).To(Succeed())
		s.env = append(s.env, "INTAKE_FLAGS=--metrics-secure=true", "OPERATOR_FLAGS=--metrics-secure=true --alert-config="+thresholds+
			" --leader-elect=true --leader-election-namespace=contact-operator-system")
		DeferCleanup(s.stop)
		s.start()

		s.kubectl("apply", "-f", filepath.Join(root, "config", "prometheus", "reader.yaml"))
		token = strings.TrimSpace(s.kubectl("-n", "contact-operator-system", "create", "token", "contact-metrics-reader"))
		Expect(os.WriteFile(filepath.Join(folder, "token"), []byte(token), 0o600)).To(Succeed())
		server, err := url.Parse(strings.TrimSpace(s.kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")))
		Expect(err).NotTo(HaveOccurred())
		// One of the peers: in such a hurry, one would still tell of what the other has just told the end of.
		config := fmt.Sprintf(prometheusConfig, strings.TrimPrefix(peers.url[0], "http://"), s.addresses["METRICS_ADDR"], s.addresses["INTAKE_METRICS_ADDR"], server.Host)
		ask = startPrometheus(binary, folder, config)
	})

	submit := func(n int) {
		GinkgoHelper()
		for range n {
			sent++
			body := fmt.Sprintf(`{"email":"ada.personal%d@example.com","name":"Ada Personal","country":"GB","consent":{"marketing":true}}`, sent)
			Expect(s.post("trial", asJSON, body, nil).status).To(Equal(http.StatusAccepted))
		}
	}

	It("may read the metrics with that account's token, and nobody without", func() {
		Eventually(func() map[string]string { return ask.targets() }).Should(Equal(map[string]string{
			"contact-operator": "up", "contact-intake": "up", "apiserver": "up",
		}))
		intake := strings.TrimSpace(s.kubectl("-n", "contact-operator-system", "create", "token", "contact-intake"))
		for _, address := range []string{s.addresses["METRICS_ADDR"], s.addresses["INTAKE_METRICS_ADDR"]} {
			for bearer, want := range map[string]int{"": http.StatusUnauthorized, intake: http.StatusForbidden, token: http.StatusOK} {
				status, _ := scrapeSecurely(address, bearer)
				Expect(status).To(Equal(want), "%s with the token %.8q", address, bearer)
			}
			status, body := scrapeSecurely(address, "made-up")
			Expect(status).To(BeNumerically(">=", 400)) // controller-runtime calls it an error of its own
			Expect(body).NotTo(ContainSubstring("contact_"))
		}
	})

	It("tells of an outage once, and once that it is over", func() {
		submit(5)
		s.awaitSettled(sent)
		s.fault("crm", `{"mode":"reset"}`)
		submit(7)
		Eventually(peers.pager.story).Should(Equal([]string{"firing ContactLinkFailing crm"}))
		n := peers.pager.last("ContactLinkFailing")
		Expect(n.Alerts).To(HaveLen(1))
		Expect(n.Alerts[0].Labels).To(Equal(map[string]string{
			"alertname": "ContactLinkFailing", "severity": "warning", "namespace": namespace, "integration": "crm", "stage": "CRMSynced", "class": "Transient",
		}), "the labels of a direct alert")
		Expect(n.Alerts[0].Annotations).To(HaveKeyWithValue("runbook_url", HaveSuffix("/docs/runbook/ContactLinkFailing.md")))
		Expect(n.Alerts[0].Annotations).To(HaveKeyWithValue("command", "kubectl -n contacts describe integration crm"))

		s.fault("crm", `{"mode":"ok"}`)
		Eventually(peers.pager.story).Should(Equal([]string{"firing ContactLinkFailing crm", "resolved ContactLinkFailing crm"}))
		s.awaitSettled(sent)
		Consistently(peers.pager.story, 3*time.Second).Should(HaveLen(2))
		Expect(peers.pager.everything()).NotTo(Or(ContainSubstring("ersonal"), ContainSubstring("example.com")))
	})

	It("finds every metric as docs/metrics.md has it", func() {
		document := filepath.Join(root, "docs", "metrics.md")
		libraries, err := metricsdoc.Others(document)
		Expect(err).NotTo(HaveOccurred())
		for prefix, address := range map[string]string{"contact_operator_": s.addresses["METRICS_ADDR"], "contact_intake_": s.addresses["INTAKE_METRICS_ADDR"]} {
			documented, err := metricsdoc.Read(document, prefix)
			Expect(err).NotTo(HaveOccurred())
			status, body := scrapeSecurely(address, token)
			Expect(status).To(Equal(http.StatusOK))
			Expect(body).NotTo(Or(ContainSubstring("ersonal"), ContainSubstring("example.com")), "metrics hold nothing of what people sent")
			parser := expfmt.NewTextParser(model.UTF8Validation)
			families, err := parser.TextToMetricFamilies(strings.NewReader(body))
			Expect(err).NotTo(HaveOccurred())
			exported := map[string]metricsdoc.Metric{}
			for name, family := range families {
				if !strings.HasPrefix(name, prefix) {
					Expect(slices.ContainsFunc(libraries, func(l string) bool { return strings.HasPrefix(name, l) })).To(BeTrue(), name)
					continue
				}
				labels := map[string]bool{}
				for _, m := range family.GetMetric() {
					for _, l := range m.GetLabel() {
						labels[l.GetName()] = true
					}
				}
				exported[name] = metricsdoc.NewMetric(strings.ToLower(family.GetType().String()), labels)
			}
			for name := range documented {
				if _, there := exported[name]; !there {
					delete(documented, name) // nothing of it has happened yet; a unit test finds those that can't
				}
			}
			Expect(len(documented)).To(BeNumerically(">", 10))
			Expect(metricsdoc.Compare(documented, exported)).To(BeEmpty())
		}
	})

	It("answers every query of the dashboard and of the rules, about metrics that it has", func() {
		b, err := board.Read(filepath.Join(root, board.File))
		Expect(err).NotTo(HaveOccurred())
		queries := map[string]string{}
		for _, p := range b.Panels {
			for _, target := range p.Targets {
				queries["panel "+p.Title+" "+target.RefID] = b.Query(target)
			}
		}
		all, err := rules.Read(root)
		Expect(err).NotTo(HaveOccurred())
		for _, r := range all {
			for _, g := range r.Spec.Groups {
				for _, rule := range g.Rules {
					queries["rule "+rule.Alert+rule.Record] = rule.Expr
				}
			}
		}
		names := ask.names()
		for where, query := range queries {
			ask.query(query)
			for _, name := range promql.Names(query) {
				if strings.HasSuffix(name, "_alertmanager_up") {
					continue // nobody is told directly here
				}
				if !slices.Contains(names, name) { // what a rule records comes with its next evaluation
					Eventually(ask.names).Should(ContainElement(name), where)
				}
			}
		}
	})
})

// prometheusAPI is the address of a Prometheus.
type prometheusAPI string

// startPrometheus starts one in a folder, with the rules of this repository. An alert that is over ends at once there, not after two
// minutes.
func startPrometheus(binary, folder, config string) prometheusAPI {
	GinkgoHelper()
	all, err := rules.Read(root)
	Expect(err).NotTo(HaveOccurred())
	for _, r := range all {
		for _, g := range r.Spec.Groups {
			for i := range g.Rules {
				if g.Rules[i].KeepFiringFor != "" {
					g.Rules[i].KeepFiringFor = "2s"
				}
			}
		}
	}
	_, err = rules.Write(all, folder)
	Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(folder, "prometheus.yml")
	Expect(os.WriteFile(file, []byte(config), 0o600)).To(Succeed())
	address := freeAddresses(1)[0]
	session, err := gexec.Start(exec.Command(binary, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(folder, "data"), //nolint:gosec // the one that was found
		"--web.listen-address="+address), GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		session.Kill()
		Eventually(session).Should(gexec.Exit())
	})
	p := prometheusAPI("http://" + address)
	Eventually(func() error {
		if session.ExitCode() >= 0 {
			StopTrying("Prometheus ended before it was ready").Now()
		}
		resp, err := http.Get(string(p) + "/-/ready")
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("it answers %s", resp.Status)
		}
		return nil
	}).Should(Succeed())
	return p
}

// get asks for the data of an answer.
func (p prometheusAPI) get(path string, data any) {
	GinkgoHelper()
	var answer struct{ Data json.RawMessage }
	Expect(json.Unmarshal([]byte(get(string(p)+path)), &answer)).To(Succeed())
	Expect(json.Unmarshal(answer.Data, data)).To(Succeed())
}

// targets tells how each job is doing.
func (p prometheusAPI) targets() map[string]string {
	GinkgoHelper()
	var data struct {
		ActiveTargets []struct {
			Labels map[string]string
			Health string
		}
	}
	p.get("/api/v1/targets", &data)
	all := map[string]string{}
	for _, t := range data.ActiveTargets {
		all[t.Labels["job"]] = t.Health
	}
	return all
}

// names lists the metrics that there are.
func (p prometheusAPI) names() []string {
	GinkgoHelper()
	var data []string
	p.get("/api/v1/label/__name__/values", &data)
	return data
}

// query has a query evaluated.
func (p prometheusAPI) query(query string) {
	GinkgoHelper()
	var data any
	p.get("/api/v1/query?query="+url.QueryEscape(query), &data)
}

// scrapeSecurely reads metrics over TLS, with a token unless that is "".
func scrapeSecurely(address, token string) (status int, body string) {
	GinkgoHelper()
	r, err := http.NewRequest(http.MethodGet, "https://"+address+"/metrics", nil)
	Expect(err).NotTo(HaveOccurred())
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // each makes its own certificate
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	Expect(err).NotTo(HaveOccurred())
	return resp.StatusCode, string(content)
}
