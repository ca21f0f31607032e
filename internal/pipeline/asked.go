package pipeline

import (
	"crypto/sha256"
	"encoding/hex"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// Bounds of what a person may write into an annotation. What is longer is not heard.
const (
	maxRetryRequest = 64
	maxAcceptReason = 256
)

// Asked tells whether a person asks for something that has not been acted on yet.
func Asked(s *v1alpha1.ContactSubmission) bool {
	return retryAsked(s) != "" || acceptAsked(s) != ""
}

// retryAsked returns the request to take everything again, "" when there is none that is new.
func retryAsked(s *v1alpha1.ContactSubmission) string {
	request := s.Annotations[v1alpha1.AnnotationRetry]
	if request == s.Status.LastHandledRetry || len(request) > maxRetryRequest {
		return ""
	}
	return request
}

// acceptAsked returns what stands for the request to accept an address, "" when there is none that is new. It counts only
// once the address is rejected or held: nobody, the sender of the form least of all, accepts in advance.
func acceptAsked(s *v1alpha1.ContactSubmission) string {
	reason := s.Annotations[v1alpha1.AnnotationAccept]
	if reason == "" || len([]rune(reason)) > maxAcceptReason || s.Status.State != v1alpha1.StateHeld || !refused(s) {
		return ""
	}
	sum := sha256.Sum256([]byte(reason)) // the reason is a person's words: it is kept nowhere else
	if request := hex.EncodeToString(sum[:16]); request != s.Status.LastHandledAccept {
		return request
	}
	return ""
}

func refused(s *v1alpha1.ContactSubmission) bool {
	for _, c := range s.Status.Conditions {
		if c.Type == string(v1alpha1.StageValidated) {
			return c.Status == metav1.ConditionFalse || c.Reason == v1alpha1.ReasonHeld
		}
	}
	return false
}

// hear takes up what a person asks for. Each request is acted on once.
func (p *pass) hear() {
	if request := retryAsked(p.Submission); request != "" {
		p.again, p.moved, p.status.LastHandledRetry = true, true, request
	}
	if request := acceptAsked(p.Submission); request != "" {
		p.accept, p.moved, p.status.LastHandledAccept = true, true, request
	}
}
