package intake

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/contact-operator/contact-operator/internal/intake/spool"
)

// judgement is what the API server's answer to a create means for an entry of the spool.
type judgement string

const (
	// judgedKept: the object is there.
	judgedKept judgement = "kept"
	// judgedDead: this object will never be taken. It becomes a dead letter.
	judgedDead judgement = "dead_letter"
	// judgedBusy: the API server, or something that it asks, can't now. Tried again, more slowly.
	judgedBusy judgement = "busy"
	// judgedAway: there was no answer. Tried again, more slowly, the oldest first.
	judgedAway judgement = "away"
	// judgedBlocked: an administrator has to mend something about the object's namespace. Its other entries would get the
	// same answer, so the namespace rests for a while; then it is tried again, for as long as it takes.
	judgedBlocked judgement = "blocked"
	// judgedLocked: an administrator has to mend the intake's own credentials.
	judgedLocked judgement = "unauthorized"
)

var judgements = []judgement{judgedKept, judgedDead, judgedBusy, judgedAway, judgedBlocked, judgedLocked}

// judge sorts the outcome of a create; reason is that of a dead letter.
//
// Only what is wrong with the object itself makes a dead letter. What follows from the state of the cluster (rights, quotas,
// admission policies and webhooks, a namespace or a CRD that is missing or old) is mended by an administrator, and then the
// entry is taken: it stays in the queue. Everything unknown is worth another try.
func judge(err error) (j judgement, reason string) {
	var status apierrors.APIStatus
	switch {
	case committed(err):
		return judgedKept, ""
	case apierrors.IsInvalid(err) && !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return judgedDead, spool.ReasonInvalid
	case apierrors.IsRequestEntityTooLargeError(err):
		return judgedDead, spool.ReasonTooLarge
	case apierrors.IsUnauthorized(err):
		return judgedLocked, ""
	case apierrors.IsForbidden(err), apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err),
		// A CRD that is older than this program does not know a field: the objects are well-formed otherwise.
		apierrors.IsBadRequest(err), apierrors.IsNotAcceptable(err), apierrors.IsUnsupportedMediaType(err):
		return judgedBlocked, ""
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), !errors.As(err, &status),
		apierrors.IsServiceUnavailable(err):
		return judgedAway, ""
	}
	return judgedBusy, ""
}

// askedToWait is how long the API server asks to be left alone.
func askedToWait(err error) time.Duration {
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
		return time.Duration(seconds) * time.Second
	}
	return 0
}
