package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// launcher brings the system up.
type launcher struct {
	settings
	parts *parts
	say   func(format string, args ...any)
}

// start starts every part, and returns once a submission would be processed.
func (l *launcher) start(ctx context.Context) error {
	alertmanager := l.findAlertmanager(ctx)
	if err := reserve(ctx, l.Addresses); err != nil {
		return err
	}
	for _, binary := range []string{"contact-operator", "contact-intake", "sandbox"} {
		if _, err := os.Stat(filepath.Join(l.Bin, binary)); err != nil {
			return fmt.Errorf("a binary is missing: %w; make builds it", err)
		}
	}
	if err := l.findAssets(ctx); err != nil {
		return err
	}
	if err := l.controlPlane(ctx); err != nil {
		return err
	}
	samples, err := l.applyAll(ctx)
	if err != nil {
		return err
	}
	if err := l.startSandbox(ctx); err != nil {
		return err
	}
	if alertmanager != "" {
		if err := l.startAlertmanager(ctx, alertmanager); err != nil {
			return err
		}
	}
	if l.starts(partOperator) {
		if err := l.startOperator(ctx); err != nil {
			return err
		}
	}
	if l.starts(partIntake) {
		if err := l.startIntake(ctx); err != nil {
			return err
		}
	}
	if !l.starts(partOperator) {
		return nil // nobody says that the samples are in order
	}
	l.say("waiting for the operator to find the samples in order")
	return l.awaitSamples(ctx, samples)
}

// findAssets asks the repository's script for the control-plane binaries, unless a flag has named them. The script tells
// a person how long it takes when it has to build them.
func (l *launcher) findAssets(ctx context.Context) error {
	if l.Assets == "" {
		cmd := exec.CommandContext(ctx, filepath.Join(l.Root, "hack", "controlplane", "assets.sh")) //nolint:gosec // of this repository
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("finding the control-plane binaries: %w", err)
		}
		l.Assets = strings.TrimSpace(string(out))
	}
	for _, binary := range []string{"kube-apiserver", "etcd", "kubectl"} {
		if _, err := os.Stat(filepath.Join(l.Assets, binary)); err != nil {
			return fmt.Errorf("a control-plane binary is missing: %w; leave out --assets to have it found or built", err)
		}
	}
	return nil
}

func (l *launcher) startSandbox(ctx context.Context) error {
	l.say("starting the sandbox")
	err := l.parts.start(command{
		name: "sandbox",
		path: filepath.Join(l.Bin, "sandbox"),
		args: []string{
			"--addr=" + l.addr(envSandbox),
			"--dns-addr=" + l.addr(envSandboxDNS),
			"--tls-addr=" + l.addr(envSandboxTLS),
			"--tls-cert-file=" + l.path("pki", "sandbox.crt"), "--tls-key-file=" + l.path("pki", "sandbox.key"),
			"--state=" + l.path("sandbox.jsonl"),
		},
		patience: 10 * time.Second,
	})
	if err != nil {
		return err
	}
	return l.awaitHTTP(ctx, http.DefaultClient, "sandbox", "http://"+reachable(l.addr(envSandbox))+"/healthz", "")
}

func (l *launcher) startOperator(ctx context.Context) error {
	l.say("starting the operator")
	var more []string
	if l.starts(partAlertmanager) {
		more = append(more, "--alertmanager-url="+l.alertmanagerURL())
	}
	if l.starts(partIntake) {
		more = append(more, "--intake-url=http://"+reachable(l.addr(envIntake)))
	}
	err := l.parts.start(command{
		name: "contact-operator",
		path: filepath.Join(l.Bin, "contact-operator"),
		env:  []string{"SSL_CERT_DIR=" + l.trusted()},
		args: append([]string{
			"--kubeconfig=" + l.path("operator.kubeconfig"),
			"--metrics-bind-address=" + l.addr(envMetrics),
			"--metrics-secure=false",
			"--health-probe-bind-address=" + l.addr(envHealth),
			"--leader-elect=false", // there is only one
			"--allow-loopback",     // the sandbox is there
		}, append(more, l.Flags[partOperator]...)...),
		patience: 45 * time.Second, // longer than it gives itself
	})
	if err != nil {
		return err
	}
	return l.awaitHTTP(ctx, http.DefaultClient, "contact-operator", "http://"+reachable(l.addr(envHealth))+"/readyz", "")
}

func (l *launcher) startIntake(ctx context.Context) error {
	l.say("starting the intake")
	keys := l.path("token.keys")
	if err := keepTokenKeys(keys); err != nil {
		return err
	}
	err := l.parts.start(command{
		name: "contact-intake",
		path: filepath.Join(l.Bin, "contact-intake"),
		args: append([]string{
			"--kubeconfig=" + l.path("intake.kubeconfig"),
			"--addr=" + l.addr(envIntake),
			"--metrics-addr=" + l.addr(envIntakeMetrics),
			"--metrics-secure=false",
			"--token-key-file=" + keys,
			"--spool-dir=" + l.path("spool"),
		}, l.Flags[partIntake]...),
		patience: 45 * time.Second,
	})
	if err != nil {
		return err
	}
	return l.awaitHTTP(ctx, http.DefaultClient, "contact-intake", "http://"+reachable(l.addr(envIntake))+"/readyz", "")
}

// announce says what can be done now. The line that begins with "ready" is for scripts to wait for.
func (l *launcher) announce() {
	if !l.starts(partOperator) || !l.starts(partIntake) {
		l.say("ready: everything runs but %s.", strings.Join(l.Without, ", "))
		return
	}
	alerts := "none: there is no Alertmanager here; hack/alertmanager.sh gets one"
	if l.starts(partAlertmanager) {
		alerts = l.alertmanagerURL() + "/"
	}
	pipelines := "http://" + reachable(l.addr(envIntake)) + "/v1/" + sampleNamespace
	intake := pipelines + "/trial"
	sandbox := "http://" + reachable(l.addr(envSandbox))
	l.say(`
ready: a submission is processed from here on.

The form:
  %s/form
  %s/plain/form (built-in checks only)
Submit one contact:
  curl -i %s/submissions -H 'Content-Type: application/json' \
    -d '{"name":"Ada Example","email":"ada@example.com","company":"Example Ltd","phone":"+44 20 7946 0958","country":"GB","consent":{"marketing":true}}'
See it:
  KUBECONFIG=%s %s get contactsubmissions
What the CRM and the marketing system hold, with buttons to break them:
  %s/ (as JSON: /_records/crm, /_records/marketing)
Alerts (Alertmanager):
  %s

The logs are in %s. Ctrl-C stops everything; what is stored stays for the next time.`,
		intake, pipelines, intake, l.shown(l.path("kubeconfig")), l.kubectlCommand(), sandbox, alerts, l.shown(l.path("logs")))
}

// kubectlCommand is what a person calls kubectl by here: the installed one, else bin/kubectl, which it makes if need be.
func (l *launcher) kubectlCommand() string {
	if _, err := exec.LookPath("kubectl"); err == nil {
		return "kubectl"
	}
	ours := filepath.Join(l.Bin, "kubectl")
	_ = os.Symlink(filepath.Join(l.Assets, "kubectl"), ours) // make has done it already, as a rule
	return l.shown(ours)
}

// shown shortens a path for people, when it lies below the folder they are in.
func (l *launcher) shown(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}
