package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"os"
	"strings"
)

const (
	systemNamespace = "contact-operator-system" // of the operator's and the intake's ServiceAccounts
	sampleNamespace = "contacts"                // of the samples
)

// identity is one user of the API server: the operator and the intake are who they are in a cluster, so that they run
// here with exactly the roles that are shipped.
type identity struct {
	user       string
	groups     string
	kubeconfig string // file in the state folder
	namespace  string // of its kubeconfig's context
}

func identities() []identity {
	serviceAccount := func(name string) identity {
		return identity{
			user:       "system:serviceaccount:" + systemNamespace + ":" + name,
			groups:     "system:serviceaccounts,system:serviceaccounts:" + systemNamespace,
			namespace:  systemNamespace,
			kubeconfig: strings.TrimPrefix(name, "contact-") + ".kubeconfig",
		}
	}
	return []identity{
		{user: "admin", groups: "system:masters", kubeconfig: "kubeconfig", namespace: sampleNamespace},
		serviceAccount("contact-operator"),
		serviceAccount("contact-intake"),
	}
}

// tokens returns the token of each identity by user, from the API server's token file, which it writes when it is
// missing or incomplete. They are kept between runs: a terminal that uses a kubeconfig goes on working.
func tokens(file string) (map[string]string, error) {
	byUser := map[string]string{}
	if f, err := os.Open(file); err == nil { //nolint:gosec // in the state folder
		rows, err := csv.NewReader(f).ReadAll()
		_ = f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s can't be read: %w; remove it to get new tokens", file, err)
		}
		for _, row := range rows {
			if len(row) == 4 {
				byUser[row[1]] = row[0]
			}
		}
	}
	var text strings.Builder
	w := csv.NewWriter(&text)
	for _, id := range identities() {
		if byUser[id.user] == "" {
			byUser[id.user] = rand.Text()
		}
		_ = w.Write([]string{byUser[id.user], id.user, id.user, id.groups})
	}
	w.Flush()
	return byUser, os.WriteFile(file, []byte(text.String()), 0o600)
}

// keepTokenKeys makes the key by which the intake signs the tokens of people who are known, if there is none yet. Kept
// between runs, so that a browser stays known.
func keepTokenKeys(file string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	return os.WriteFile(file, []byte(rand.Text()+rand.Text()+"\n"), 0o600)
}

// kubeconfig renders a kubeconfig whose client checks the server's certificate.
func kubeconfig(server string, ca []byte, token, namespace string) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: local
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: local
  user:
    token: %s
contexts:
- name: local
  context:
    cluster: local
    user: local
    namespace: %s
current-context: local
`, server, base64.StdEncoding.EncodeToString(ca), token, namespace)
}
