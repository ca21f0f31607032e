package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// alertmanager is the path of a real one. Without it a test is skipped, but in continuous integration it fails.
func alertmanager() string {
	GinkgoHelper()
	out, err := exec.Command(filepath.Join("..", "alertmanager.sh"), "--find").Output()
	if err == nil {
		return strings.TrimSpace(string(out))
	}
	const missing = "no Alertmanager to test with: run hack/alertmanager.sh, or name one with ALERTMANAGER"
	if os.Getenv("CI") == "true" {
		Fail(missing)
	}
	Skip(missing)
	return ""
}

// notification is what Alertmanager sends to a receiver: one per incident and change.
type notification struct {
	Status      string
	GroupLabels map[string]string
	Alerts      []notified
}

type notified struct {
	Status              string
	Labels, Annotations map[string]string
}

// pager receives notifications, as a person's telephone would.
type pager struct {
	mu       sync.Mutex
	received []notification
	bodies   []string
}

func (p *pager) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var n notification
	if json.Unmarshal(body, &n) != nil {
		n.Status = "unreadable"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.received, p.bodies = append(p.received, n), append(p.bodies, string(body))
}

// story lists what was received, in its order: "firing ContactLinkFailing crm".
func (p *pager) story() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := []string{}
	for _, n := range p.received {
		lines = append(lines, strings.TrimSpace(n.Status+" "+n.GroupLabels["alertname"]+" "+n.GroupLabels["integration"]))
	}
	return lines
}

// last is the newest notification of an alert.
func (p *pager) last(alertname string) (found notification) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.received {
		if n.GroupLabels["alertname"] == alertname {
			found = n
		}
	}
	return found
}

func (p *pager) everything() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.bodies, "\n")
}

// peers are two Alertmanagers in one cluster, with the route that docs/alerts.md advises, in a hurry.
type peers struct {
	url   []string
	proc  []*gexec.Session
	pager *pager
}

const pagerConfig = `route:
  receiver: pager
  group_by: [alertname, namespace, integration, pipeline]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 4h
receivers:
- name: pager
  webhook_configs:
  - url: %s
    send_resolved: true
`

func startPeers() *peers {
	GinkgoHelper()
	binary := alertmanager()
	p := &peers{pager: &pager{}}
	receiver := httptest.NewServer(p.pager)
	DeferCleanup(receiver.Close)
	folder := GinkgoT().TempDir()
	config := filepath.Join(folder, "alertmanager.yml")
	Expect(os.WriteFile(config, fmt.Appendf(nil, pagerConfig, receiver.URL), 0o600)).To(Succeed())
	web, gossip := freeAddresses(2), freeAddresses(2)
	for i := range web {
		session, err := gexec.Start(exec.Command(binary, "--config.file="+config, "--storage.path="+filepath.Join(folder, fmt.Sprint(i)),
			"--web.listen-address="+web[i],
			"--cluster.listen-address="+gossip[i], "--cluster.advertise-address="+gossip[i], "--cluster.peer="+gossip[1-i],
			"--cluster.peer-timeout=3s", "--cluster.gossip-interval=50ms", "--cluster.pushpull-interval=1s", "--cluster.settle-timeout=10s",
		), GinkgoWriter, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() {
			session.Kill()
			Eventually(session).Should(gexec.Exit())
		})
		p.proc, p.url = append(p.proc, session), append(p.url, "http://"+web[i])
	}
	for _, url := range p.url {
		Eventually(func(g Gomega) {
			resp, err := http.Get(url + "/api/v2/status") //nolint:gosec // an address of our own
			g.Expect(err).NotTo(HaveOccurred())
			defer func() { _ = resp.Body.Close() }()
			var status struct {
				Cluster struct {
					Status string
					Peers  []struct{ Name string }
				}
			}
			g.Expect(json.NewDecoder(resp.Body).Decode(&status)).To(Succeed())
			g.Expect(status.Cluster.Peers).To(HaveLen(2))
			g.Expect(status.Cluster.Status).To(Equal("ready"))
		}).Should(Succeed())
	}
	return p
}

// freeAddresses returns different loopback addresses that are free now.
func freeAddresses(n int) []string {
	GinkgoHelper()
	all := make([]string, 0, n)
	for range n {
		l, err := new(net.ListenConfig).Listen(GinkgoT().Context(), "tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		defer func() { _ = l.Close() }() // all at the end, so that they differ
		all = append(all, l.Addr().String())
	}
	return all
}
