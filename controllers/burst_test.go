package controllers_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// How many there are makes no difference to what is told, so a few dozen stand for many thousands.
var _ = Describe("A flood", func() {
	const long = 3 * time.Minute
	var namespace string
	var op *operator

	BeforeEach(func(ctx context.Context) {
		sandbox.Reset()
		namespace = namespaceWithSamples(ctx)
		op = startOperator()
		DeferCleanup(func(ctx context.Context) {
			Expect(api.DeleteAllOf(ctx, &v1alpha1.ContactSubmission{}, client.InNamespace(namespace))).To(Succeed())
		})
		Eventually(readyOf(ctx, pipelineIn(namespace, "trial"))).Should(HavePrefix("Ready"))
	})

	people := func(address string, n int) (all []*v1alpha1.ContactSubmission) {
		for i := range n {
			all = append(all, person(namespace, fmt.Sprintf("s%03d", i), fmt.Sprintf(address, i)))
		}
		return all
	}
	count := func(ctx context.Context, reason string) func() int {
		return func() int {
			var list v1alpha1.ContactSubmissionList
			Expect(api.List(ctx, &list, client.InNamespace(namespace))).To(Succeed())
			n := 0
			for i := range list.Items {
				if slices.ContainsFunc(list.Items[i].Status.Conditions, func(c metav1.Condition) bool { return c.Reason == reason }) {
					n++
				}
			}
			return n
		}
	}

	It("of failures of one system makes a handful of events, all on its Integration", func(ctx context.Context) {
		const failures = 60
		// One record a call, and a circuit that hardly opens: each submission meets the failure itself.
		change(ctx, integrationIn(namespace, "crm"), func(i *v1alpha1.Integration) {
			i.Spec.Batch.MaxRecords = new(int32(1))
			i.Spec.Circuit.MinimumCalls = new(int32(1000))
			i.Spec.Limits.ConcurrentCalls = new(int32(64))
		})
		Eventually(observed(ctx, integrationIn(namespace, "crm"))).Should(BeNumerically(">=", 2))
		mend := fault(server.CRM, server.Fault{Mode: server.ModeStatus, Status: 503})
		create(ctx, people("p%03d@example.com", failures), 8)
		Eventually(count(ctx, "Retrying")).WithTimeout(long).WithPolling(time.Second).Should(Equal(failures))
		Expect(calls(server.CRM)).To(BeNumerically(">=", failures), "each has failed: else this shows nothing")

		Eventually(func() []string { return eventsOf(ctx, namespace, "Integration") }).Should(ConsistOf(HavePrefix("Failing ")))

		By("not telling it again after a restart")
		op.stop()
		op = startOperator()
		before := calls(server.CRM)
		Eventually(func() int { return calls(server.CRM) }).WithTimeout(long).Should(BeNumerically(">", before))
		Expect(eventsOf(ctx, namespace, "Integration")).To(ConsistOf(HavePrefix("Failing ")))

		mend()
		Eventually(count(ctx, "Completed")).WithTimeout(long).WithPolling(time.Second).Should(Equal(failures))
		Eventually(func() []string { return eventsOf(ctx, namespace, "Integration") }).
			Should(ConsistOf(HavePrefix("Failing "), HavePrefix("Recovered ")))
		Expect(eventsOf(ctx, namespace, "ContactSubmission")).To(BeEmpty())
	})

	It("of bad addresses makes a few events, on some of the submissions", func(ctx context.Context) {
		const bad = 60
		create(ctx, people("p%03d@disposable.example", bad), 8)
		Eventually(count(ctx, "Rejected")).WithTimeout(long).WithPolling(time.Second).Should(Equal(bad))
		// A burst of ten, and six a minute: not more than another ten in as long as this can take.
		Expect(len(eventsOf(ctx, namespace, "ContactSubmission"))).To(And(BeNumerically(">=", 1), BeNumerically("<=", 20)))
		Expect(eventsOf(ctx, namespace, "Integration")).To(BeEmpty())
	})
})
