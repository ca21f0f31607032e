package controllers_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const completed = "Deliverable Located Synced Synced Completed"

var _ = Describe("The way of a submission", func() {
	var namespace string
	var op *operator

	BeforeEach(func(ctx context.Context) {
		sandbox.Reset()
		namespace = namespaceWithSamples(ctx)
		op = startOperator()
		DeferCleanup(func(ctx context.Context) {
			Expect(api.DeleteAllOf(ctx, &v1alpha1.ContactSubmission{}, client.InNamespace(namespace))).To(Succeed())
		})
		for _, name := range []string{"verifier", "locator", "crm", "marketing"} {
			Eventually(readyOf(ctx, integrationIn(namespace, name))).Should(HavePrefix("Ready"))
		}
		Eventually(readyOf(ctx, pipelineIn(namespace, "trial"))).Should(HavePrefix("Ready"))
	})

	It("goes through every stage at the price of two writes", func(ctx context.Context) {
		writes.take()
		s := person(namespace, "happy", "Ada@Example.com")
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal(completed))

		Expect(current(ctx, s).Status.State).To(Equal(v1alpha1.StateCompleted))
		contacts := contactsIn(ctx, namespace)
		Expect(contacts).To(HaveLen(1))
		Expect(contacts[0].Name).To(Equal(current(ctx, s).Status.ContactName))
		Expect(contacts[0].Spec.Email).To(Equal("ada@example.com"))
		Expect(contacts[0].Status.Location.Country).To(Equal("GB"))
		Expect(fields(server.CRM, "ada@example.com")).To(HaveKeyWithValue("location", "GB"))
		Expect(fields(server.Marketing, "ada@example.com")).To(HaveKeyWithValue("status", "subscribed"))
		for _, service := range server.Services() {
			Expect(calls(service)).To(Equal(1), string(service))
		}
		counts := writes.take()
		Expect(counts).To(HaveKeyWithValue("POST contacts", 1))
		Expect(counts).To(HaveKeyWithValue("PUT contactsubmissions/status", 1))
		Expect(counts).NotTo(HaveKey("LIST contacts"))
		Expect(counts).NotTo(HaveKey("PUT contacts"))
		var list v1alpha1.ContactSubmissionList
		Expect(api.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{"status.state": "Completed"})).To(Succeed())
		Expect(list.Items).To(HaveLen(1))
	})

	DescribeTable("rejects what the policy rejects, keeps the data and tells an administrator",
		func(ctx context.Context, email, reason string) {
			s := person(namespace, "rejected", email)
			Expect(api.Create(ctx, s)).To(Succeed())
			Eventually(reasons(ctx, s)).Should(Equal(reason + " Skipped Skipped Skipped Rejected"))
			Expect(current(ctx, s).Status.State).To(Equal(v1alpha1.StateHeld))
			Expect(current(ctx, s).Spec.Contact.Email).To(Equal(email))
			Expect(contactsIn(ctx, namespace)).To(BeEmpty())
			Expect(calls(server.Locator) + calls(server.CRM) + calls(server.Marketing)).To(BeZero())
			Eventually(func() []string { return eventsOf(ctx, namespace, "ContactSubmission") }).
				Should(ConsistOf(HavePrefix("Rejected the address is " + reason)))
		},
		Entry("undeliverable", "ada@undeliverable.example", "Undeliverable"),
		Entry("malformed", "not-an-address", "Undeliverable"),
		Entry("disposable", "ada@disposable.example", "Disposable"),
		Entry("role", "info@example.com", "Role"),
		Entry("accept-all", "ada@acceptall.example", "AcceptAll"),
	)

	It("verifies again where no verdict is reached, then accepts with a flag", func(ctx context.Context) {
		change(ctx, pipelineIn(namespace, "trial"), func(p *v1alpha1.ContactPipeline) {
			p.Spec.Validation.UnknownRecheckSeconds = new(int32(1))
		})
		s := person(namespace, "unknown", "ada@unknown.example")
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal("AcceptedUnknown Located Synced Synced Completed"))
		Expect(calls(server.Verifier)).To(Equal(2))
		Expect(*current(ctx, s).Status.Attempts).To(Equal(int32(1)))
	})

	It("never processes two submissions of one address at once", func(ctx context.Context) {
		fault(server.CRM, server.Fault{Mode: server.ModeOK, LatencyMillis: 300})
		first := person(namespace, "first", "ada@example.com")
		second := person(namespace, "second", "ADA@example.com", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Name = "Ada Lovelace" })
		Expect(api.Create(ctx, first)).To(Succeed())
		Eventually(func() int { return sandbox.Stats()[server.CRM].InFlight }).Should(Equal(1))
		Expect(api.Create(ctx, second)).To(Succeed())
		Eventually(reasons(ctx, second)).Should(HaveSuffix("Completed"))
		Expect(reasons(ctx, first)()).To(Equal(completed))
		Expect(sandbox.Stats()[server.CRM].MaxInFlight).To(Equal(1))
		Expect(fields(server.CRM, "ada@example.com")).To(HaveKeyWithValue("name", "Ada Lovelace"))
		Expect(sandbox.Records(server.CRM)).To(HaveLen(1))
		Expect(*contactsIn(ctx, namespace)[0].Status.Submissions).To(Equal(int32(2)))
	})

	It("makes no call to the CRM or marketing when the same data comes again", func(ctx context.Context) {
		first := person(namespace, "first", "ada@example.com")
		Expect(api.Create(ctx, first)).To(Succeed())
		Eventually(reasons(ctx, first)).Should(Equal(completed))
		again := person(namespace, "again", "ada@example.com")
		Expect(api.Create(ctx, again)).To(Succeed())
		Eventually(reasons(ctx, again)).Should(Equal("Deliverable Located Unchanged Unchanged Completed"))
		Expect(calls(server.CRM)).To(Equal(1))
		Expect(calls(server.Marketing)).To(Equal(1))
	})

	It("asks once about an address that comes again, accepted or rejected", func(ctx context.Context) {
		for i, email := range []string{"ada@example.com", "ada@undeliverable.example", "ada@unknown.example"} {
			change(ctx, pipelineIn(namespace, "trial"), func(p *v1alpha1.ContactPipeline) {
				p.Spec.Validation.UnknownRechecks, p.Spec.Validation.Unknown = new(int32(0)), v1alpha1.UnknownHold
			})
			want := []string{"Completed", "Rejected", "Stalled"}[i]
			for n := range 3 {
				s := person(namespace, fmt.Sprintf("again-%d-%d", i, n), email)
				Expect(api.Create(ctx, s)).To(Succeed())
				Eventually(reasons(ctx, s)).Should(HaveSuffix(want))
				if verdict := current(ctx, s).Status.Verdict; want == "Completed" {
					Expect(verdict).To(BeNil(), "the Contact has it")
				} else {
					Expect(verdict.Integration).To(Equal("verifier"))
				}
			}
			Expect(calls(server.Verifier)).To(Equal(i+1), email)
		}
		Expect(contactsIn(ctx, namespace)).To(HaveLen(1))
	})

	It("keeps trying a CRM that is down, records the failure, and completes when it is up", func(ctx context.Context) {
		mend := fault(server.CRM, server.Fault{Mode: server.ModeReset})
		s := person(namespace, "crm-down", "ada@example.com")
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located Retrying Synced Waiting"))
		failure := current(ctx, s).Status.Failures[0]
		Expect(failure.Stage).To(Equal(v1alpha1.StageCRMSynced))
		Expect(failure.Integration).To(Equal("crm"))
		Expect(failure.Class).To(BeEquivalentTo("Transient"))
		Expect(failure.NextAttemptTime).NotTo(BeNil())
		Expect(fields(server.Marketing, "ada@example.com")).NotTo(BeNil(), "the others go on")
		mend()
		Eventually(reasons(ctx, s)).Should(Equal(completed))
		Expect(current(ctx, s).Status.Failures[0].NextAttemptTime).To(BeNil(), "the story is kept, no try is planned")
		Expect(sandbox.Records(server.CRM)).To(HaveLen(1))
	})

	It("tells of a failing system on its Integration, not on every submission", func(ctx context.Context) {
		mend := fault(server.CRM, server.Fault{Mode: server.ModeStatus, Status: 503})
		for i := range 8 {
			Expect(api.Create(ctx, person(namespace, fmt.Sprintf("s%d", i), fmt.Sprintf("p%d@example.com", i)))).To(Succeed())
		}
		Eventually(readyOf(ctx, integrationIn(namespace, "crm"))).Should(HavePrefix("Failing"))
		Eventually(func() []string { return eventsOf(ctx, namespace, "Integration") }).Should(HaveLen(1))
		Expect(eventsOf(ctx, namespace, "ContactSubmission")).To(BeEmpty())
		mend()
		Eventually(readyOf(ctx, integrationIn(namespace, "crm"))).Should(HavePrefix("Ready"))
		Eventually(func() []string { return eventsOf(ctx, namespace, "Integration") }).Should(ContainElement(HavePrefix("Recovered")))
	})

	It("honours Retry-After as a floor", func(ctx context.Context) {
		fault(server.CRM, server.Fault{Mode: server.ModeStatus, Status: 429, RetryAfterSeconds: 600})
		s := person(namespace, "throttled", "ada@example.com")
		before := time.Now()
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located Throttled Synced Waiting"))
		Expect(current(ctx, s).Status.Failures[0].NextAttemptTime.Time).To(BeTemporally(">=", before.Add(600*time.Second).Truncate(time.Second)))
	})

	It("tells the CRM and marketing of a location that is found late", func(ctx context.Context) {
		mend := fault(server.Locator, server.Fault{Mode: server.ModeStatus, Status: 500})
		s := person(namespace, "late", "ada@example.com")
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal("Deliverable Retrying Synced Synced Waiting"))
		Expect(fields(server.CRM, "ada@example.com")).NotTo(HaveKey("location"))
		mend()
		Eventually(reasons(ctx, s)).Should(Equal(completed))
		Expect(fields(server.CRM, "ada@example.com")).To(HaveKeyWithValue("location", "GB"))
		Expect(fields(server.Marketing, "ada@example.com")).To(HaveKeyWithValue("location", "GB"))
	})

	It("takes a record that the CRM will never take out of the queue, and tells a person", func(ctx context.Context) {
		bad := person(namespace, "bad", "ada@example.com", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Name = "INVALID" })
		Expect(api.Create(ctx, bad)).To(Succeed())
		Eventually(reasons(ctx, bad)).Should(Equal("Deliverable Located InvalidData Synced Stalled"))
		conflict := person(namespace, "conflict", "eve@example.com", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Company = "CONFLICT" })
		Expect(api.Create(ctx, conflict)).To(Succeed())
		Eventually(reasons(ctx, conflict)).Should(Equal("Deliverable Located Conflict Synced Stalled"))
		Expect(calls(server.CRM)).To(Equal(2), "no second try")
		Eventually(func() []string { return eventsOf(ctx, namespace, "ContactSubmission") }).Should(HaveLen(2))
		Expect(readyOf(ctx, integrationIn(namespace, "crm"))()).To(HavePrefix("Ready"), "the system answers")
	})

	It("never undoes an unsubscribe", func(ctx context.Context) {
		s := person(namespace, "first", "ada@example.com")
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal(completed))
		unsubscribe("ada@example.com")
		again := person(namespace, "again", "ada@example.com", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Name = "Ada L." })
		Expect(api.Create(ctx, again)).To(Succeed())
		Eventually(reasons(ctx, again)).Should(Equal("Deliverable Located Synced Suppressed Completed"))
		Expect(fields(server.Marketing, "ada@example.com")).To(HaveKeyWithValue("status", "unsubscribed"))
	})

	It("waits for a Secret, spends no attempts, and goes on when it is there", func(ctx context.Context) {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "crm-credentials"}}
		Expect(api.Get(ctx, client.ObjectKeyFromObject(secret), secret)).To(Succeed())
		Expect(api.Delete(ctx, secret)).To(Succeed())
		Eventually(readyOf(ctx, integrationIn(namespace, "crm"))).Should(HavePrefix("SecretNotFound: Secret crm-credentials does not exist"))
		s := person(namespace, "no-secret", "ada@example.com")
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located Misconfigured Synced Waiting"))
		Expect(current(ctx, s).Status.Attempts).To(BeNil())
		Expect(calls(server.CRM)).To(BeZero())

		secret.ResourceVersion, secret.UID = "", ""
		Expect(api.Create(ctx, secret)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal(completed))
		Eventually(readyOf(ctx, integrationIn(namespace, "crm"))).Should(HavePrefix("Ready"))
	})

	It("stops at a wrong credential without a storm, and goes on when it is rotated", func(ctx context.Context) {
		sandbox.SetToken(server.CRM, "rotated")
		first := person(namespace, "first", "ada@example.com")
		Expect(api.Create(ctx, first)).To(Succeed())
		Eventually(reasons(ctx, first)).Should(Equal("Deliverable Located Misconfigured Synced Waiting"))
		Eventually(readyOf(ctx, integrationIn(namespace, "crm"))).Should(HavePrefix("Unauthorized"))
		var all []*v1alpha1.ContactSubmission
		for i := range 20 {
			s := person(namespace, fmt.Sprintf("s%d", i), fmt.Sprintf("p%d@example.com", i))
			Expect(api.Create(ctx, s)).To(Succeed())
			all = append(all, s)
		}
		for _, s := range all {
			Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located Misconfigured Synced Waiting"))
			Expect(current(ctx, s).Status.Attempts).To(BeNil())
		}
		Expect(calls(server.CRM)).To(Equal(1), "one refusal is enough")

		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "crm-credentials"}}
		change(ctx, secret, func(s *corev1.Secret) { s.Data["token"] = []byte("rotated") })
		for _, s := range append(all, first) {
			Eventually(reasons(ctx, s)).Should(Equal(completed))
		}
	})

	It("follows a pipeline that is changed on the way", func(ctx context.Context) {
		fault(server.CRM, server.Fault{Mode: server.ModeStatus, Status: 503, RetryAfterSeconds: 3000})
		s := person(namespace, "changed", "ada@example.com")
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located Retrying Synced Waiting"))
		change(ctx, pipelineIn(namespace, "trial"), func(p *v1alpha1.ContactPipeline) { p.Spec.CRM = nil })
		Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located NotConfigured Synced Completed"))
	})

	It("waits for a pipeline that does not exist yet, and says which", func(ctx context.Context) {
		s := person(namespace, "early", "ada@example.com", func(s *v1alpha1.ContactSubmission) { s.Spec.PipelineRef.Name = "later" })
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal("Misconfigured Pending Pending Pending Waiting"))
		Expect(current(ctx, s).Status.Conditions[0].Message).To(ContainSubstring("ContactPipeline later does not exist"))
		trial := pipelineIn(namespace, "trial")
		Expect(api.Get(ctx, client.ObjectKeyFromObject(trial), trial)).To(Succeed())
		later := pipelineIn(namespace, "later")
		later.Spec = trial.Spec
		Expect(api.Create(ctx, later)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal(completed))
	})

	It("parks what a suspended Integration or pipeline holds up, and goes on when it is resumed", func(ctx context.Context) {
		change(ctx, integrationIn(namespace, "crm"), func(i *v1alpha1.Integration) { i.Spec.Suspend = new(true) })
		Eventually(readyOf(ctx, integrationIn(namespace, "crm"))).Should(HavePrefix("Suspended"))
		s := person(namespace, "parked", "ada@example.com")
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located Parked Synced Waiting"))
		change(ctx, pipelineIn(namespace, "trial"), func(p *v1alpha1.ContactPipeline) { p.Spec.Suspend = new(true) })
		Eventually(readyOf(ctx, pipelineIn(namespace, "trial"))).Should(HavePrefix("Suspended"))
		change(ctx, integrationIn(namespace, "crm"), func(i *v1alpha1.Integration) { i.Spec.Suspend = nil })
		Consistently(calls).WithArguments(server.CRM).Should(BeZero())
		change(ctx, pipelineIn(namespace, "trial"), func(p *v1alpha1.ContactPipeline) { p.Spec.Suspend = nil })
		Eventually(reasons(ctx, s)).Should(Equal(completed))
	})

	It("names the Integration that a pipeline misses or can't use", func(ctx context.Context) {
		change(ctx, pipelineIn(namespace, "trial"), func(p *v1alpha1.ContactPipeline) { p.Spec.CRM.IntegrationRef.Name = "nowhere" })
		Eventually(readyOf(ctx, pipelineIn(namespace, "trial"))).
			Should(Equal("IntegrationNotFound: spec.crm: Integration nowhere does not exist. To do: create the Integration, or name another one; what waits then goes on by itself"))
		change(ctx, pipelineIn(namespace, "trial"), func(p *v1alpha1.ContactPipeline) { p.Spec.CRM.IntegrationRef.Name = "verifier" })
		Eventually(readyOf(ctx, pipelineIn(namespace, "trial"))).
			Should(HavePrefix("IntegrationUnsuited: spec.crm: Integration verifier does not offer upsert. To do: "))
		change(ctx, pipelineIn(namespace, "trial"), func(p *v1alpha1.ContactPipeline) { p.Spec.CRM.IntegrationRef.Name = "crm" })
		Eventually(readyOf(ctx, pipelineIn(namespace, "trial"))).Should(HavePrefix("Ready"))
	})

	It("says where an expression is wrong, and goes on when it is mended", func(ctx context.Context) {
		crm := integrationIn(namespace, "crm")
		Expect(api.Get(ctx, client.ObjectKeyFromObject(crm), crm)).To(Succeed())
		good := crm.Spec.HTTP.Upsert.Body
		change(ctx, crm, func(i *v1alpha1.Integration) { i.Spec.HTTP.Upsert.Body = `{"email": contact.emial}` })
		Eventually(readyOf(ctx, crm)).Should(And(HavePrefix("InvalidSpec"), ContainSubstring("upsert.body"), ContainSubstring("1:")))
		s := person(namespace, "typo", "ada@example.com")
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located Misconfigured Synced Waiting"))
		change(ctx, crm, func(i *v1alpha1.Integration) { i.Spec.HTTP.Upsert.Body = good })
		Eventually(reasons(ctx, s)).Should(Equal(completed))
	})

	It("goes on where it was after a restart", func(ctx context.Context) {
		change(ctx, integrationIn(namespace, "crm"), func(i *v1alpha1.Integration) { i.Spec.Batch.MaxRecords = new(int32(1)) })
		Eventually(observed(ctx, integrationIn(namespace, "crm"))).Should(BeNumerically(">=", 2))
		mend := fault(server.CRM, server.Fault{Mode: server.ModeHang})
		var all []*v1alpha1.ContactSubmission
		for i := range 10 {
			s := person(namespace, fmt.Sprintf("s%d", i), fmt.Sprintf("p%d@example.com", i))
			Expect(api.Create(ctx, s)).To(Succeed())
			all = append(all, s)
		}
		Eventually(func() int { return sandbox.Stats()[server.CRM].InFlight }).Should(Equal(10))
		op.stop() // every pass is cut off in the middle of a call
		mend()
		startOperator()
		for _, s := range all {
			Eventually(reasons(ctx, s)).Should(HaveSuffix("Completed"))
		}
		Expect(sandbox.Records(server.CRM)).To(HaveLen(10))
		for _, c := range contactsIn(ctx, namespace) {
			Expect(*c.Status.Submissions).To(Equal(int32(1)))
		}
	})

	It("remembers its retry plan across a restart", func(ctx context.Context) {
		fault(server.CRM, server.Fault{Mode: server.ModeStatus, Status: 503, RetryAfterSeconds: 3000})
		s := person(namespace, "planned", "ada@example.com")
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located Retrying Synced Waiting"))
		before := current(ctx, s)
		op.stop()
		startOperator()
		probe := person(namespace, "probe", "eve@example.com", func(s *v1alpha1.ContactSubmission) { s.Spec.PipelineRef.Name = "newsletter" })
		Expect(api.Create(ctx, probe)).To(Succeed())
		Eventually(reasons(ctx, probe)).Should(HaveSuffix("Completed")) // the operator is at work
		Consistently(calls).WithArguments(server.CRM).Should(Equal(1))
		Expect(current(ctx, s).ResourceVersion).To(Equal(before.ResourceVersion), "waiting costs no writes")
	})
})

// change changes an object as a person would, whatever the operator writes meanwhile.
func change[T client.Object](ctx context.Context, object T, mutate func(T)) {
	GinkgoHelper()
	Eventually(func() error {
		if err := api.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		mutate(object)
		return api.Update(ctx, object)
	}).Should(Succeed())
}

// eventsOf lists the events on objects of a kind, as "Reason note".
func eventsOf(ctx context.Context, namespace, kind string) []string {
	GinkgoHelper()
	var list eventsv1.EventList
	Expect(api.List(ctx, &list, client.InNamespace(namespace))).To(Succeed())
	var all []string
	for _, e := range list.Items {
		if e.Regarding.Kind == kind {
			all = append(all, e.Reason+" "+e.Note)
		}
	}
	return all
}
