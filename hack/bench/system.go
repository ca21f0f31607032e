package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/freeport"
)

// namespace and pipelineName are those of the samples that everything is sent to.
const (
	namespace    = "contacts"
	pipelineName = "trial"
)

// services of the sandbox.
var services = []string{"verifier", "locator", "crm", "marketing"}

// The processes, by the names of their programs.
const (
	operatorPart  = "contact-operator"
	intakePart    = "contact-intake"
	apiServerPart = "kube-apiserver"
	benchPart     = "bench" // this program
)

// The environment variables by which the launcher takes addresses.
const (
	envIntake        = "INTAKE_ADDR"
	envIntakeMetrics = "INTAKE_METRICS_ADDR"
	envMetrics       = "METRICS_ADDR"
	envHealth        = "HEALTH_ADDR"
	envSandbox       = "SANDBOX_ADDR"
	envSandboxDNS    = "SANDBOX_DNS_ADDR"
	envSandboxTLS    = "SANDBOX_TLS_ADDR"
)

// world says where everything is.
type world struct{ bin, root, assets string }

// system is what one launcher runs, on a fresh state that is forgotten afterwards.
type system struct {
	dir       string
	addresses map[string]string // by environment variable
	launcher  *exec.Cmd
	ended     chan struct{}
	config    *rest.Config  // of the administrator
	api       client.Client // reads and writes without a cache
	apiHTTP   *http.Client
}

// start starts a launcher with more flags and waits until it is ready. Stop it in any case.
func start(ctx context.Context, w world, env map[string]string, flags ...string) (s *system, err error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	s = &system{dir: dir, ended: make(chan struct{})}
	if s.addresses, err = freeport.Named(ctx, envIntake, envIntakeMetrics, envMetrics, envHealth, envSandbox, envSandboxDNS, envSandboxTLS); err != nil {
		return s, err
	}
	flags = append([]string{"--root=" + w.root}, flags...)
	if w.assets != "" {
		flags = append(flags, "--assets="+w.assets)
	}
	log, err := os.Create(filepath.Join(dir, "launcher.log")) //nolint:gosec // in a folder of our own
	if err != nil {
		return s, err
	}
	defer func() { _ = log.Close() }()                                // the launcher has its own
	launcher := exec.Command(filepath.Join(w.bin, "local"), flags...) //nolint:gosec,noctx // our own; stop ends it in order
	launcher.Env = append(os.Environ(), "LOCAL_DIR="+filepath.Join(dir, "local"), "ALERTMANAGER_ADDR=0") // without an Alertmanager
	for _, set := range []map[string]string{s.addresses, env} {
		for name, value := range set {
			launcher.Env = append(launcher.Env, name+"="+value)
		}
	}
	launcher.Stdout, launcher.Stderr = log, log
	if err := launcher.Start(); err != nil {
		return s, fmt.Errorf("the launcher does not start: %w; make binaries builds it", err)
	}
	s.launcher = launcher
	go func() { // ends with the launcher, which stop waits for
		_ = launcher.Wait()
		close(s.ended)
	}()
	if err := s.awaitReady(ctx, log.Name()); err != nil {
		return s, err
	}
	return s, s.connect()
}

func (s *system) awaitReady(ctx context.Context, log string) error {
	return await(ctx, 100*time.Millisecond, func() (bool, error) {
		out, err := os.ReadFile(log) //nolint:gosec // in a folder of our own
		if err != nil || bytes.Contains(out, []byte("\nready")) {
			return err == nil, err
		}
		select {
		case <-s.ended:
			return false, fmt.Errorf("the launcher ended before it was ready:\n%s", bytes.TrimSpace(out))
		default:
			return false, nil
		}
	})
}

func (s *system) connect() (err error) {
	if s.config, err = s.configOf("kubeconfig"); err != nil {
		return err
	}
	if s.apiHTTP, err = rest.HTTPClientFor(s.config); err != nil {
		return err
	}
	s.api, err = newClient(s.config)
	return err
}

// configOf reads a kubeconfig that the launcher has written.
func (s *system) configOf(file string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(s.dir, "local", file))
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	return config, nil
}

func newClient(config *rest.Config) (client.Client, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	return client.New(config, client.Options{Scheme: scheme})
}

// stop ends the launcher at once, with all that it runs, and forgets the state: nothing of it is needed any more.
func (s *system) stop() {
	if s == nil {
		return
	}
	if s.launcher != nil {
		for range 2 { // the second one means: don't wait
			_ = s.launcher.Process.Signal(syscall.SIGTERM)
			select {
			case <-s.ended:
			case <-time.After(time.Second):
			}
		}
		<-s.ended
	}
	_ = os.RemoveAll(s.dir)
}

// slow makes every remote call take so long.
func (s *system) slow(ctx context.Context, latencyMillis int) error {
	for _, service := range services {
		body := fmt.Sprintf(`{"mode":"ok","latencyMillis":%d}`, latencyMillis)
		r, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+s.addresses[envSandbox]+"/_faults/"+service, strings.NewReader(body))
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusNoContent {
			return fmt.Errorf("the sandbox answers %s to a latency", response.Status)
		}
	}
	return nil
}

// completed is how many submissions the operator has completed.
func (s *system) completed(ctx context.Context) (float64, error) {
	m, err := s.operatorMetrics(ctx)
	return m.sum("contact_operator_submissions_total", map[string]string{"result": "Completed"}), err
}

func (s *system) operatorMetrics(ctx context.Context) (metrics, error) {
	return scrape(ctx, http.DefaultClient, "http://"+s.addresses[envMetrics]+"/metrics")
}

// spooled is how many submissions the intake has put into its spool.
func (s *system) spooled(ctx context.Context) (float64, error) {
	m, err := scrape(ctx, http.DefaultClient, "http://"+s.addresses[envIntakeMetrics]+"/metrics")
	return m.sum("contact_intake_spooled_total", nil), err
}

// requests are what kube-apiserver itself has counted.
func (s *system) requests(ctx context.Context) (requests, error) {
	m, err := scrape(ctx, s.apiHTTP, s.config.Host+"/metrics")
	return requestsOf(m), err
}

// processes are the ids of the parts, this program among them; empty where the machine can't tell.
func (s *system) processes() map[string]int {
	all := children(s.launcher.Process.Pid)
	if len(all) > 0 {
		all[benchPart] = os.Getpid()
	}
	return all
}

// await calls check until it says that it is done, or fails.
func await(ctx context.Context, every time.Duration, check func() (bool, error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if done, err := check(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}
