// Package act carries out what a person asks of the operator for single submissions: retry and accept. Both are
// annotations, which the operator acts on.
package act

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
)

// target is a submission to act on. Only this much of it is kept: there may be many.
type target struct {
	types.NamespacedName
	uid   types.UID
	state v1alpha1.SubmissionState
	// validated and ready are the reasons of these conditions.
	validated, ready string
	// accepted is the reason of an accept that was acted on already.
	accepted string
}

func targetOf(s *v1alpha1.ContactSubmission) target {
	t := target{NamespacedName: client.ObjectKeyFromObject(s), uid: s.UID, state: s.Status.State}
	if s.Status.LastHandledAccept != "" {
		t.accepted = s.Annotations[v1alpha1.AnnotationAccept]
	}
	if c := meta.FindStatusCondition(s.Status.Conditions, string(v1alpha1.StageValidated)); c != nil {
		t.validated = c.Reason
	}
	if c := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		t.ready = c.Reason
	}
	return t
}

// named reads the submissions that arguments name. It stops at the first that does not exist: acting on half of a list
// would leave the rest in doubt.
func named(ctx context.Context, cluster *kube.Cluster, arguments []string) ([]target, error) {
	var targets []target
	seen := map[types.UID]bool{}
	for _, argument := range arguments {
		ref, err := kube.ParseRef(argument)
		if err != nil {
			return nil, err
		}
		if ref.Kind == kube.KindContact {
			return nil, fmt.Errorf("%s is a person, not a submission; list the submissions with: kubectl contacts find or show", argument)
		}
		s := &v1alpha1.ContactSubmission{}
		if err := cluster.Get(ctx, kube.In(cluster.Namespace, ref.Name), s); err != nil {
			return nil, err
		}
		if !seen[s.UID] {
			seen[s.UID] = true
			targets = append(targets, targetOf(s))
		}
	}
	return targets, nil
}

// annotate sets an annotation on the very object that was looked at, not on another one of its name.
func annotate(ctx context.Context, c client.Writer, t target, key, value string) error {
	s := &v1alpha1.ContactSubmission{}
	s.Namespace, s.Name, s.UID = t.Namespace, t.Name, t.uid
	before := s.DeepCopy()
	before.UID = "" // so that the patch carries the UID, which the API server compares
	s.Annotations = map[string]string{key: value}
	return c.Patch(ctx, s, client.MergeFrom(before))
}
