package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// controlPlane starts etcd and kube-apiserver, and writes the kubeconfigs.
func (l *launcher) controlPlane(ctx context.Context) error {
	ca, err := openAuthority(l.path("pki"))
	if err != nil {
		return err
	}
	for _, name := range []string{"etcd", "kube-apiserver", "sandbox"} {
		if err := ca.issue(name); err != nil {
			return err
		}
	}
	if err := ca.publish(l.path("pki", "trusted")); err != nil {
		return err
	}
	if _, err := os.Stat(ca.keyFile("service-accounts")); err != nil {
		if _, err := newKey(ca.keyFile("service-accounts")); err != nil {
			return err
		}
	}
	ports, err := freePorts(ctx, 2)
	if err != nil {
		return err
	}
	etcdURL, peerURL := "https://127.0.0.1:"+ports[0], "https://127.0.0.1:"+ports[1]
	if err := l.startEtcd(ctx, ca, etcdURL, peerURL); err != nil {
		return err
	}
	return l.startAPIServer(ctx, ca, etcdURL)
}

// startEtcd starts etcd as it would run in earnest, with every write synced to disk. It takes only clients with a
// certificate of the authority: it would show all that is stored to whoever asks.
func (l *launcher) startEtcd(ctx context.Context, ca *authority, clientURL, peerURL string) error {
	l.say("starting etcd")
	err := l.parts.start(command{
		name: "etcd",
		path: filepath.Join(l.Assets, "etcd"),
		args: []string{
			"--name=local",
			"--data-dir=" + l.path("etcd"),
			"--listen-client-urls=" + clientURL,
			"--advertise-client-urls=" + clientURL,
			"--listen-peer-urls=" + peerURL,
			"--initial-advertise-peer-urls=" + peerURL,
			"--initial-cluster=local=" + peerURL,
			"--client-cert-auth", "--trusted-ca-file=" + ca.certFile("ca"),
			"--cert-file=" + ca.certFile("etcd"), "--key-file=" + ca.keyFile("etcd"),
			"--peer-client-cert-auth", "--peer-trusted-ca-file=" + ca.certFile("ca"),
			"--peer-cert-file=" + ca.certFile("etcd"), "--peer-key-file=" + ca.keyFile("etcd"),
			"--log-level=warn",
		},
		patience: 10 * time.Second,
	})
	if err != nil {
		return err
	}
	client, err := ca.client("etcd")
	if err != nil {
		return err
	}
	return l.awaitHTTP(ctx, client, "etcd", clientURL+"/health", "")
}

func (l *launcher) startAPIServer(ctx context.Context, ca *authority, etcdURL string) error {
	l.say("starting kube-apiserver")
	byUser, err := tokens(l.path("tokens.csv"))
	if err != nil {
		return err
	}
	port, err := keptPort(ctx, l.path("kube-apiserver.port"))
	if err != nil {
		return err
	}
	server := "https://127.0.0.1:" + port
	caPEM, err := os.ReadFile(ca.certFile("ca"))
	if err != nil {
		return err
	}
	for _, id := range identities() {
		config := kubeconfig(server, caPEM, byUser[id.user], id.namespace)
		if err := os.WriteFile(l.path(id.kubeconfig), config, 0o600); err != nil {
			return err
		}
	}
	err = l.parts.start(command{
		name: "kube-apiserver",
		path: filepath.Join(l.Assets, "kube-apiserver"),
		// A third more writes a second, for a third more memory.
		env: []string{"GOGC=400"},
		args: []string{
			"--etcd-servers=" + etcdURL,
			"--etcd-cafile=" + ca.certFile("ca"),
			"--etcd-certfile=" + ca.certFile("kube-apiserver"), "--etcd-keyfile=" + ca.keyFile("kube-apiserver"),
			"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=" + port,
			"--tls-cert-file=" + ca.certFile("kube-apiserver"), "--tls-private-key-file=" + ca.keyFile("kube-apiserver"),
			"--anonymous-auth=false",
			"--token-auth-file=" + l.path("tokens.csv"),
			"--authorization-mode=RBAC",
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + ca.keyFile("service-accounts"),
			"--service-account-signing-key-file=" + ca.keyFile("service-accounts"),
			"--service-cluster-ip-range=10.0.0.0/24",
			// There are no nodes: no endpoints of the API server for pods, and no tokens mounted into pods.
			"--endpoint-reconciler-type=none",
			"--disable-admission-plugins=ServiceAccount",
			"--profiling=false",
			// Asked to stop, it ends the watches of its clients. Else it waits for them, for a minute, and takes nothing new.
			"--shutdown-watch-termination-grace-period=2s",
		},
		patience: 20 * time.Second,
	})
	if err != nil {
		return err
	}
	client, err := ca.client("")
	if err != nil {
		return err
	}
	return l.awaitHTTP(ctx, client, "kube-apiserver", server+"/readyz", byUser["admin"])
}

// client makes an HTTP client that trusts the authority and, unless name is "", shows the certificate of that name.
func (a *authority) client(name string) (*http.Client, error) {
	caPEM, err := os.ReadFile(a.certFile("ca"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(caPEM) {
		return nil, fmt.Errorf("%s: %w", a.certFile("ca"), errors.New("no certificate"))
	}
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}
	if name != "" {
		pair, err := tls.LoadX509KeyPair(a.certFile(name), a.keyFile(name))
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}, nil
}
