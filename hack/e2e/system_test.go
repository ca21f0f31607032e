package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

const namespace = "contacts"

// system is one whole system: where its parts listen, and where its state is.
type system struct {
	dir       string
	addresses map[string]string // environment variable → host:port
	env       []string          // besides them
	flags     []string          // of the launcher
	launcher  *gexec.Session
	out       *gbytes.Buffer
}

// newSystem chooses a fresh folder and free addresses. Nothing is started.
func newSystem() *system {
	GinkgoHelper()
	s := &system{
		dir: filepath.Join(GinkgoT().TempDir(), "local"), addresses: map[string]string{}, env: []string{"ALERTMANAGER_ADDR=0"},
	}
	for _, env := range []string{"INTAKE_ADDR", "INTAKE_METRICS_ADDR", "METRICS_ADDR", "HEALTH_ADDR", "SANDBOX_ADDR", "SANDBOX_DNS_ADDR", "SANDBOX_TLS_ADDR"} {
		l, err := new(net.ListenConfig).Listen(GinkgoT().Context(), "tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		defer func() { _ = l.Close() }() // all at the end, so that they differ
		s.addresses[env] = l.Addr().String()
	}
	return s
}

// launch starts the launcher. Both its outputs go to s.out.
func (s *system) launch() {
	GinkgoHelper()
	launcher := binary("local")
	root, err := filepath.Abs(filepath.Join("..", ".."))
	Expect(err).NotTo(HaveOccurred())

	cmd := exec.Command(launcher, append([]string{"--root=" + root, "--assets=" + assets()}, s.flags...)...)
	cmd.Env = append(append(os.Environ(), "LOCAL_DIR="+s.dir), s.env...)
	for env, addr := range s.addresses {
		cmd.Env = append(cmd.Env, env+"="+addr)
	}
	s.out = gbytes.NewBuffer()
	out := io.MultiWriter(s.out, GinkgoWriter)
	s.launcher, err = gexec.Start(cmd, out, out)
	Expect(err).NotTo(HaveOccurred())
}

// binary is the path of a binary of this project.
func binary(name string) string {
	GinkgoHelper()
	bin := os.Getenv("E2E_BIN")
	if bin == "" {
		bin = filepath.Join("..", "..", "bin")
	}
	path, err := filepath.Abs(filepath.Join(bin, name))
	Expect(err).NotTo(HaveOccurred())
	Expect(path).To(BeAnExistingFile(), "the binaries are not built: run make binaries, or set E2E_BIN to their folder")
	return path
}

// start launches and waits until a submission would be processed. Call it where stop is deferred.
func (s *system) start() {
	GinkgoHelper()
	s.launch()
	Eventually(func(g Gomega) {
		if s.launcher.ExitCode() >= 0 {
			StopTrying("the launcher ended before it was ready").Now()
		}
		g.Expect(string(s.out.Contents())).To(MatchRegexp(`(?m)^ready`))
	}).Should(Succeed())
}

// stop asks the launcher to end, as Ctrl-C does, and waits until it has.
func (s *system) stop() {
	if s.launcher == nil {
		return
	}
	s.launcher.Interrupt()
	Eventually(s.launcher).Should(gexec.Exit())
	if CurrentSpecReport().Failed() {
		s.reportLogs()
	}
}

// reportLogs shows the end of each log: the folder goes with the test.
func (s *system) reportLogs() {
	logs, _ := filepath.Glob(filepath.Join(s.dir, "logs", "*.log"))
	for _, log := range logs {
		data, err := os.ReadFile(log) //nolint:gosec // in a folder of the test
		Expect(err).NotTo(HaveOccurred())
		AddReportEntry(filepath.Base(log), string(data[max(0, len(data)-8<<10):]), ReportEntryVisibilityFailureOrVerbose)
	}
}

// assets is the folder of kube-apiserver, etcd and kubectl.
var assets = sync.OnceValue(func() string {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return dir
	}
	cmd := exec.Command(filepath.Join("..", "controlplane", "assets.sh"))
	cmd.Stderr = GinkgoWriter
	out, err := cmd.Output()
	Expect(err).NotTo(HaveOccurred())
	return strings.TrimSpace(string(out))
})

// kubectl runs kubectl as the administrator, and returns what it prints.
func (s *system) kubectl(args ...string) string {
	GinkgoHelper()
	cmd := exec.Command(filepath.Join(assets(), "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(s.dir, "kubeconfig"), "HOME="+s.dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	Expect(err).NotTo(HaveOccurred(), "kubectl %s: %s", strings.Join(args, " "), stderr.String())
	return string(out)
}

// object is what the tests read of a resource.
type object struct {
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		Contact struct{ Email string }
	}
	Status struct {
		State      string
		Conditions []struct{ Type, Status, Reason string }
	}
}

// reason is the reason of one condition, or "".
func (o object) reason(condition string) string {
	for _, c := range o.Status.Conditions {
		if c.Type == condition {
			return c.Reason
		}
	}
	return ""
}

// submissions lists all ContactSubmissions of the samples' namespace.
func (s *system) submissions() []object {
	GinkgoHelper()
	return s.list("contactsubmissions")
}

func (s *system) list(resource string) []object {
	GinkgoHelper()
	var list struct{ Items []object }
	Expect(json.Unmarshal([]byte(s.kubectl("get", resource, "-o", "json")), &list)).To(Succeed())
	return list.Items
}

func names(objects []object) []string {
	all := make([]string, 0, len(objects))
	for _, o := range objects {
		all = append(all, o.Metadata.Name)
	}
	slices.Sort(all)
	return all
}

// awaitSettled waits until there are so many submissions and none can move by itself.
func (s *system) awaitSettled(count int) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		all := s.submissions()
		g.Expect(all).To(HaveLen(count))
		for _, o := range all {
			g.Expect(o.Status.State).To(BeElementOf("Completed", "Held"), o.Metadata.Name)
		}
	}).Should(Succeed())
}

func (s *system) url(env, path string) string { return "http://" + s.addresses[env] + path }

// get returns the body of a page.
func get(url string) string {
	GinkgoHelper()
	resp, err := http.Get(url) //nolint:gosec // an address of our own
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	Expect(err).NotTo(HaveOccurred())
	Expect(resp.StatusCode).To(Equal(http.StatusOK), "GET %s", url)
	return string(body)
}

// fault makes a service of the sandbox fail, or work again.
func (s *system) fault(service, fault string) {
	GinkgoHelper()
	r, err := http.NewRequest(http.MethodPut, s.url("SANDBOX_ADDR", "/_faults/"+service), strings.NewReader(fault))
	Expect(err).NotTo(HaveOccurred())
	resp, err := http.DefaultClient.Do(r)
	Expect(err).NotTo(HaveOccurred())
	Expect(resp.Body.Close()).To(Succeed())
	Expect(resp.StatusCode).To(Equal(http.StatusNoContent))
}

// parts returns the processes that the launcher has started, by name.
func (s *system) parts() map[string]int {
	GinkgoHelper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	Expect(err).NotTo(HaveOccurred())
	if len(stats) == 0 {
		Skip("this machine has no /proc, so the launcher's parts can't be told")
	}
	byName := map[string]int{}
	for _, file := range stats {
		data, err := os.ReadFile(file) //nolint:gosec // in /proc
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent ...; the name is the program's, cut to 15 characters.
		pid, rest, _ := strings.Cut(string(data), " (")
		end := strings.LastIndex(rest, ") ")
		if end < 0 {
			continue
		}
		fields := strings.Fields(rest[end+2:])
		if fields[1] == strconv.Itoa(s.launcher.Command.Process.Pid) && fields[0] != "Z" {
			number, err := strconv.Atoi(pid)
			Expect(err).NotTo(HaveOccurred())
			byName[rest[:end]] = number
		}
	}
	return byName
}

// alive says whether a process is there.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
