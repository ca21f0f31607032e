package story

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// Receipt tells what an erasure has done: where the person was erased, and where somebody has to do it by hand.
func Receipt(r *v1alpha1.ErasureReceipt, style screen.Style) string {
	var b strings.Builder
	outcome := style.Good("Erased everywhere")
	if r.Spec.Outcome == v1alpha1.ErasurePartial {
		outcome = style.Bad("Erased in part")
	}
	b.WriteString(style.Bold("Receipt "+r.Name) + style.Dim("  in namespace "+r.Namespace) + "\n")
	b.WriteString("  " + outcome + " on " + screen.Clock(r.Spec.ErasedAt.Time) + ".\n")
	rows := [][]string{}
	for _, s := range r.Spec.Systems {
		rows = append(rows, []string{
			"  " + s.Integration, systemWords[s.Stage], result(s.Result, style), screen.Clock(s.Time.Time),
		})
	}
	b.WriteString(screen.Columns(rows))
	for _, s := range r.Spec.Systems {
		if s.Kept != "" {
			b.WriteString("  " + s.Integration + " keeps " + s.Kept + ".\n")
		}
	}
	if n := r.Spec.Submissions; n != nil {
		b.WriteString("  " + screen.Count(int(*n), "submission") + " deleted.\n")
	}
	b.WriteString("  The receipt holds nothing personal and is kept until " + r.Spec.ExpiresAt.Local().Format("2006-01-02") +
		"; until then it drops what was received before and arrives late.\n")
	return b.String()
}

func result(r v1alpha1.SystemErasureResult, style screen.Style) string {
	switch r {
	case v1alpha1.SystemErased:
		return style.Good("erased")
	case v1alpha1.SystemNotSupported:
		return style.Bad("its Integration has no erase call: erase the person there by hand")
	case v1alpha1.SystemSkipped:
		return style.Bad("could not be reached and was given up: erase the person there by hand")
	case v1alpha1.SystemGone:
		return style.Bad("its Integration no longer exists: erase the person there by hand")
	default:
		return string(r)
	}
}

// summary says in two words how a submission is.
func summary(s *v1alpha1.ContactSubmission) (state, detail string) {
	ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return "New", "not picked up yet"
	}
	if ready.Reason == v1alpha1.ReasonCompleted {
		return ready.Reason, ""
	}
	return ready.Reason, ready.Message
}
