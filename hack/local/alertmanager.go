package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// alertmanagerConfig sends nobody anything: what fires is seen on Alertmanager's own page.
const alertmanagerConfig = `route:
  receiver: page
  group_by: [alertname, namespace, integration, pipeline]
  group_wait: 5s
  group_interval: 10s
receivers:
- name: page
`

// findAlertmanager returns the path of an installed Alertmanager. Where there is none, the system does without.
func (l *launcher) findAlertmanager(ctx context.Context) string {
	if !l.starts(partAlertmanager) {
		return ""
	}
	cmd := exec.CommandContext(ctx, filepath.Join(l.Root, "hack", "alertmanager.sh"), "--find") //nolint:gosec // of this repository
	if out, err := cmd.Output(); err == nil {
		return strings.TrimSpace(string(out))
	}
	l.Without = append(l.Without, partAlertmanager)
	l.Addresses = slices.DeleteFunc(l.Addresses, func(a address) bool { return a.env == envAlertmanager })
	return ""
}

func (l *launcher) startAlertmanager(ctx context.Context, path string) error {
	l.say("starting Alertmanager")
	config := l.path("alertmanager.yml")
	if err := os.WriteFile(config, []byte(alertmanagerConfig), 0o600); err != nil {
		return err
	}
	err := l.parts.start(command{
		name: partAlertmanager,
		path: path,
		args: []string{
			"--config.file=" + config,
			"--storage.path=" + l.path("alertmanager"),
			"--web.listen-address=" + l.addr(envAlertmanager),
			"--cluster.listen-address=", // there is only one
		},
		patience: 10 * time.Second,
	})
	if err != nil {
		return err
	}
	return l.awaitHTTP(ctx, http.DefaultClient, partAlertmanager, l.alertmanagerURL()+"/-/ready", "")
}

func (l *launcher) alertmanagerURL() string { return "http://" + reachable(l.addr(envAlertmanager)) }
