package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// Explain turns an error into what happened and what to do about it.
func Explain(err error) string {
	status := apierrors.APIStatus(nil)
	unreachable := (*url.Error)(nil)
	switch {
	case clientcmd.IsEmptyConfig(err):
		return "no cluster is configured: set KUBECONFIG or give --kubeconfig"
	case errors.Is(err, context.Canceled):
		return explainStop(err)
	case errors.As(err, &status):
		return explainStatus(status.Status(), err)
	case errors.As(err, &unreachable) && isNetwork(unreachable):
		return fmt.Sprintf("the API server can't be reached: %v\nCheck --context and --kubeconfig, and that the API server runs (kubectl cluster-info).", unreachable.Err)
	default:
		return err.Error()
	}
}

// explainStop leaves out what was being asked when the user stopped, and keeps what was said about going on.
func explainStop(err error) string {
	if errors.As(err, new(*url.Error)) {
		return "stopped"
	}
	return strings.Replace(err.Error(), context.Canceled.Error(), "stopped", 1)
}

func isNetwork(err *url.Error) bool {
	network := net.Error(nil)
	return err.Timeout() || errors.As(err.Err, &network)
}

func explainStatus(status metav1.Status, err error) string {
	switch {
	case Missing(err):
		return "this cluster does not know the kind that was asked for: contact-operator is not installed there, or is older than this plugin.\n" +
			"Install its resource types (make install, or dist/install.yaml), or choose another cluster with --context."
	case status.Reason == metav1.StatusReasonForbidden:
		return err.Error() + "\n" + remedy(status)
	case status.Reason == metav1.StatusReasonUnauthorized:
		return "the API server does not accept your credentials: log in again, or choose another user with --context or --user"
	case status.Reason == metav1.StatusReasonServiceUnavailable, status.Reason == metav1.StatusReasonTimeout,
		status.Reason == metav1.StatusReasonServerTimeout, status.Reason == metav1.StatusReasonTooManyRequests:
		return err.Error() + "\nThe API server is overloaded or starting; try again in a moment."
	default:
		return err.Error()
	}
}

// Missing tells whether the API server does not know a kind, as opposed to an object.
func Missing(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// remedy names the role that is missing.
func remedy(status metav1.Status) string {
	role := "editor"
	for _, verb := range []string{"get", "list", "watch"} {
		if strings.Contains(status.Message, " cannot "+verb+" ") {
			role = "viewer"
		}
	}
	kind := "contactsubmission"
	if status.Details != nil && status.Details.Kind != "" {
		kind = strings.TrimSuffix(status.Details.Kind, "s")
	}
	hint := fmt.Sprintf("Ask an administrator to bind the ClusterRole contact-operator-%s-%s to you in that namespace.", kind, role)
	if strings.Contains(status.Message, "at the cluster scope") {
		hint = "Without -A the right to one namespace is enough. " + hint
	}
	return hint
}
