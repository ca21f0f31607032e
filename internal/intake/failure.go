package intake

import (
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// finalFailure says whether trying again within seconds is useless, and then what an administrator should do. Everything
// unknown is worth another try.
func finalFailure(err error) (advice string, final bool) {
	switch {
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return "submission not accepted: its namespace is being deleted. Take the form down, or move the pipeline", true
	case apierrors.IsForbidden(err):
		return "submission not accepted: the API server forbids it. Allow the intake's ServiceAccount to create " +
			"contactsubmissions in this namespace, or look for an exhausted quota or an admission policy", true
	case apierrors.IsUnauthorized(err):
		return "submission not accepted: the API server refuses the intake's credentials. Check its kubeconfig or " +
			"ServiceAccount token", true
	case apierrors.IsNotFound(err):
		return "submission not accepted: the namespace or the resource contactsubmissions does not exist. Install the CRDs, " +
			"or create the namespace again", true
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		return "submission not accepted: the API server calls it invalid, though it is within the limits that this intake " +
			"knows. Install the CRDs of the intake's own version; if they are, this is a bug: report it with this line", true
	}
	return "", false
}

// attributesPath is where the attributes are in the object.
const attributesPath = "spec.attributes"

// describe tells what went wrong without repeating what was sent: the message of an API error may hold the refused value.
func describe(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return err.Error() // from the network: it names the request's address, never its body
	}
	s := status.Status()
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", s.Code, s.Reason)
	if s.Details != nil {
		for _, cause := range s.Details.Causes {
			if cause.Type == metav1.CauseTypeUnexpectedServerResponse {
				continue
			}
			field := cause.Field
			if strings.HasPrefix(field, attributesPath) {
				field = attributesPath // what follows is a name that was sent
			}
			fmt.Fprintf(&b, "; %s %s", cause.Type, field)
		}
	}
	return b.String()
}
