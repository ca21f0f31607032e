package controllers_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

var _ = Describe("A link", func() {
	var namespace string

	BeforeEach(func(ctx context.Context) {
		sandbox.Reset()
		namespace = namespaceWithSamples(ctx)
		change(ctx, integrationIn(namespace, "marketing"), func(i *v1alpha1.Integration) {
			i.Spec.Circuit = v1alpha1.CircuitPolicy{
				MinimumCalls: new(int32(3)), OpenSeconds: new(int32(2)), MaxOpenSeconds: new(int32(4)), ProbeSuccesses: new(int32(1)),
			}
			i.Spec.Batch = v1alpha1.BatchPolicy{MaxRecords: new(int32(1))} // a call is a record: easier to count
		})
		startOperator()
		DeferCleanup(func(ctx context.Context) {
			Expect(api.DeleteAllOf(ctx, &v1alpha1.ContactSubmission{}, client.InNamespace(namespace))).To(Succeed())
		})
		for _, name := range []string{"verifier", "locator", "crm", "marketing"} {
			Eventually(readyOf(ctx, integrationIn(namespace, name))).Should(HavePrefix("Ready"))
		}
	})

	send := func(ctx context.Context, n int, prefix string, change ...func(*v1alpha1.ContactSubmission)) []*v1alpha1.ContactSubmission {
		GinkgoHelper()
		var all []*v1alpha1.ContactSubmission
		for i := range n {
			all = append(all, person(namespace, fmt.Sprintf("%s%02d", prefix, i), fmt.Sprintf("%s%02d@example.com", prefix, i), change...))
		}
		create(ctx, all, 8)
		return all
	}

	It("holds calls back while its system fails, at the price of one write for each that waits, and drains by itself", func(ctx context.Context) {
		mend := fault(server.Marketing, server.Fault{Mode: server.ModeReset})
		marketing := integrationIn(namespace, "marketing")
		first := send(ctx, 3, "first")
		Eventually(func(g Gomega) {
			g.Expect(api.Get(ctx, client.ObjectKeyFromObject(marketing), marketing)).To(Succeed())
			g.Expect(marketing.Status.Circuit).To(Equal(v1alpha1.CircuitOpen))
		}).Should(Succeed())

		writes.take()
		before := calls(server.Marketing)
		waiting := send(ctx, 40, "later")
		probed := 0
		for _, s := range waiting {
			Eventually(reasons(ctx, s)).Should(BeElementOf("Deliverable Located Synced Parked Waiting", "Deliverable Located Synced Retrying Waiting"))
			if current(ctx, s).Status.Attempts != nil {
				probed++
			}
		}
		Expect(probed).To(BeNumerically("<", 10), "waiting spends no attempts, but for those that probe")
		Eventually(func(g Gomega) {
			g.Expect(api.Get(ctx, client.ObjectKeyFromObject(marketing), marketing)).To(Succeed())
			g.Expect(*marketing.Status.Waiting).To(BeNumerically(">=", 42), "of 43, rounded")
			g.Expect(marketing.Status.OldestWaitingSince.Time).To(BeTemporally("~", first[0].Spec.Source.ReceivedAt.Time, time.Minute))
			g.Expect(marketing.Status.RecentFailures).NotTo(BeNil())
			trial := pipelineIn(namespace, "trial")
			g.Expect(api.Get(ctx, client.ObjectKeyFromObject(trial), trial)).To(Succeed())
			g.Expect(trial.Status.WeakestLink).NotTo(BeNil())
			g.Expect(trial.Status.WeakestLink.Integration).To(Equal("marketing"))
			g.Expect(trial.Status.WeakestLink.Stage).To(Equal(v1alpha1.StageMarketingSynced))
			g.Expect(*trial.Status.Unfinished).To(Equal(int32(43)))
		}).Should(Succeed())
		counts := writes.take()
		Expect(counts["POST contacts"]).To(Equal(40))
		// One for each that parks, and one for each probe that fails.
		probes := calls(server.Marketing) - before
		Expect(counts["PUT contactsubmissions/status"]).To(And(BeNumerically(">=", 40), BeNumerically("<=", 40+probes)))
		Expect(probes).To(BeNumerically("<", 20), "probes, not calls")

		mend()
		for _, s := range append(waiting, first...) {
			Eventually(reasons(ctx, s)).Should(Equal(completed))
		}
		Eventually(readyOf(ctx, marketing)).Should(HavePrefix("Ready"))
		Expect(eventsOf(ctx, namespace, "Integration")).To(ConsistOf(HavePrefix("Failing"), HavePrefix("Recovered")))
		Eventually(func() *int32 {
			Expect(api.Get(ctx, client.ObjectKeyFromObject(marketing), marketing)).To(Succeed())
			return marketing.Status.Waiting
		}).Should(BeNil())
	})

	It("lets records travel together, and settles each by itself", func(ctx context.Context) {
		fault(server.CRM, server.Fault{Mode: server.ModeOK, LatencyMillis: 200})
		change(ctx, integrationIn(namespace, "crm"), func(i *v1alpha1.Integration) {
			i.Spec.Limits.ConcurrentCalls = new(int32(1))
			i.Spec.Batch.LingerMilliseconds = new(int32(300))
		})
		Eventually(observed(ctx, integrationIn(namespace, "crm"))).Should(BeNumerically(">=", 2))
		before := calls(server.CRM)
		good := send(ctx, 40, "good")
		bad := send(ctx, 2, "bad", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Name = "INVALID" })
		for _, s := range good {
			Eventually(reasons(ctx, s)).Should(Equal(completed))
		}
		for _, s := range bad {
			Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located InvalidData Synced Stalled"))
		}
		Expect(sandbox.Records(server.CRM)).To(HaveLen(40))
		Expect(calls(server.CRM)-before).To(BeNumerically("<", 21), "for 42 records")
		Expect(sandbox.Stats()[server.CRM].MaxInFlight).To(Equal(1))
		Expect(readyOf(ctx, integrationIn(namespace, "crm"))()).To(HavePrefix("Ready"))
	})

	It("finds out that a credential is refused before anybody needs it", func(ctx context.Context) {
		sandbox.SetToken(server.CRM, "rotated")
		change(ctx, integrationIn(namespace, "crm"), func(i *v1alpha1.Integration) {
			i.Spec.HTTP.Health = &v1alpha1.HTTPHealth{URL: sandboxURL + "/crm/v1/health"}
		})
		DeferCleanup(func(ctx context.Context) {
			change(ctx, integrationIn(namespace, "crm"), func(i *v1alpha1.Integration) { i.Spec.HTTP.Health = nil })
		})
		Eventually(readyOf(ctx, integrationIn(namespace, "crm"))).Should(HavePrefix("Unauthorized"))
	})
})
