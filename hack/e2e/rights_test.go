package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// as runs kubectl as the operator or the intake, with the token and so the rights that they run with here.
func (s *system) as(who string, args ...string) string {
	GinkgoHelper()
	cmd := exec.Command(filepath.Join(assets(), "kubectl"),
		append([]string{"--kubeconfig=" + filepath.Join(s.dir, who+".kubeconfig")}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+s.dir)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && strings.TrimSpace(string(out)) == "no" {
		err = nil // the answer "no" is an exit code, too
	}
	Expect(err).NotTo(HaveOccurred(), "kubectl %s", strings.Join(args, " "))
	return strings.TrimSpace(string(out))
}

// What each may touch at all, as "kubectl auth can-i --list" names it.
var touchable = map[string][]string{
	"operator": {
		"contacts.contact-operator.io", "contactsubmissions.contact-operator.io", "contactsubmissions.contact-operator.io/status",
		"contactpipelines.contact-operator.io", "contactpipelines.contact-operator.io/status",
		"integrations.contact-operator.io", "integrations.contact-operator.io/status", "erasurereceipts.contact-operator.io",
		"secrets", "configmaps", "events.events.k8s.io",
		"tokenreviews.authentication.k8s.io", "subjectaccessreviews.authorization.k8s.io",
	},
	"intake": {
		"contacts.contact-operator.io", "contactsubmissions.contact-operator.io", "contactpipelines.contact-operator.io",
	},
}

// What Kubernetes lets every ServiceAccount do: ask about itself, and read public certificates.
var everybody = []string{
	"selfsubjectreviews.authentication.k8s.io", "selfsubjectaccessreviews.authorization.k8s.io",
	"selfsubjectrulesreviews.authorization.k8s.io", "clustertrustbundles.certificates.k8s.io",
}

// What each must never be able to do, in the namespace of the samples.
var forbidden = map[string][]string{
	"operator": {
		"list secrets", "watch secrets", "create secrets", "update secrets", "patch secrets", "delete secrets",
		"list configmaps", "watch configmaps", "create configmaps", "update configmaps",
		"create contactsubmissions.contact-operator.io", "update contactsubmissions.contact-operator.io",
		"patch contactsubmissions.contact-operator.io", "deletecollection contactsubmissions.contact-operator.io",
		"deletecollection contacts.contact-operator.io",
		"update contactpipelines.contact-operator.io", "delete contactpipelines.contact-operator.io",
		"create integrations.contact-operator.io", "update integrations.contact-operator.io", "delete integrations.contact-operator.io",
		"list events.events.k8s.io",
		"get pods", "create pods", "create pods/exec", "create serviceaccounts/token", "get leases.coordination.k8s.io",
		"create rolebindings.rbac.authorization.k8s.io",
	},
	"intake": {
		"get contactsubmissions.contact-operator.io", "list contactsubmissions.contact-operator.io",
		"update contactsubmissions.contact-operator.io", "delete contactsubmissions.contact-operator.io",
		"update contactsubmissions.contact-operator.io --subresource=status",
		"list contacts.contact-operator.io", "watch contacts.contact-operator.io", "create contacts.contact-operator.io",
		"update contacts.contact-operator.io", "delete contacts.contact-operator.io",
		"update contactpipelines.contact-operator.io", "get integrations.contact-operator.io", "get erasurereceipts.contact-operator.io",
		"get secrets", "list secrets", "get configmaps", "create events.events.k8s.io",
	},
}

// expectShippedRights asks the API server what the operator and the intake may do, as themselves.
func (s *system) expectShippedRights() {
	GinkgoHelper()
	for who, resources := range touchable {
		Expect(s.as(who, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")).
			To(Equal("system:serviceaccount:contact-operator-system:contact-" + who))

		allowed := append(append([]string{}, everybody...), resources...)
		for _, line := range strings.Split(s.as(who, "auth", "can-i", "--list", "--namespace="+namespace, "--no-headers"), "\n") {
			if strings.HasPrefix(line, " ") {
				continue // paths such as /healthz
			}
			resource, _, _ := strings.Cut(line, " ")
			Expect(allowed).To(ContainElement(resource), "the %s may touch more than it should: %s", who, line)
			Expect(line).NotTo(ContainSubstring("*"), "the %s may do anything with %s", who, resource)
		}
		for _, what := range forbidden[who] {
			for _, where := range []string{"--namespace=" + namespace, "--all-namespaces"} {
				args := append([]string{"auth", "can-i", where}, strings.Fields(what)...)
				Expect(s.as(who, args...)).To(Equal("no"), "may the %s %s (%s)?", who, what, where)
			}
		}
	}
	Expect(s.as("operator", "auth", "can-i", "get", "secrets", "--namespace="+namespace)).To(Equal("yes"))
	Expect(s.as("intake", "auth", "can-i", "create", "contactsubmissions.contact-operator.io", "--namespace="+namespace)).To(Equal("yes"))
}

// expectNothingForbidden looks in the logs for a right that was missing.
func (s *system) expectNothingForbidden() {
	GinkgoHelper()
	for _, name := range []string{"contact-operator", "contact-intake"} {
		log, err := os.ReadFile(filepath.Join(s.dir, "logs", name+".log")) //nolint:gosec // in a folder of the test
		Expect(err).NotTo(HaveOccurred())
		for _, line := range strings.Split(string(log), "\n") {
			Expect(strings.ToLower(line)).NotTo(ContainSubstring("forbidden"), "the log of %s", name)
		}
	}
}
