package alert

import (
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// BenchmarkCompute looks at a bad day: a hundred thousand submissions wait for one link.
func BenchmarkCompute(b *testing.B) {
	config := DefaultConfig()
	state := State{
		Integrations: []v1alpha1.Integration{integration("crm", "Failing", failing, 5*time.Minute)},
		Pipelines:    []v1alpha1.ContactPipeline{pipeline("trial")},
		Submissions: times(100000, failedAt(submission(time.Minute, "Active", time.Minute, waitingForCRM),
			v1alpha1.StageCRMSynced, "Transient", failing, time.Second)),
	}
	for b.Loop() {
		if n := len(Compute(config, state, noon)); n != 1 {
			b.Fatalf("%d incidents", n)
		}
	}
}
