package controllers_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

var _ = Describe("What people ask for, and what time does", func() {
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
	})

	annotate := func(ctx context.Context, s *v1alpha1.ContactSubmission, key, value string) {
		GinkgoHelper()
		change(ctx, s.DeepCopy(), func(s *v1alpha1.ContactSubmission) { metav1.SetMetaDataAnnotation(&s.ObjectMeta, key, value) })
	}
	completed := func(ctx context.Context, name, email string) *v1alpha1.ContactSubmission {
		GinkgoHelper()
		s := person(namespace, name, email)
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(HaveSuffix("Completed"))
		return s
	}
	gone := func(ctx context.Context, o client.Object) func() bool {
		return func() bool { return apierrors.IsNotFound(api.Get(ctx, client.ObjectKeyFromObject(o), o)) }
	}

	It("accepts a rejected address when a person says so, and only then", func(ctx context.Context) {
		s := person(namespace, "role", "info@example.com", func(s *v1alpha1.ContactSubmission) {
			s.Annotations = map[string]string{v1alpha1.AnnotationAccept: "known to sales"} // too early to count
		})
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal("Role Skipped Skipped Skipped Rejected"))
		Expect(fields(server.CRM, "info@example.com")).To(BeNil())
		annotate(ctx, s, v1alpha1.AnnotationAccept, "sales knows them")
		Eventually(reasons(ctx, s)).Should(Equal("Accepted Located Synced Synced Completed"))
		Expect(fields(server.CRM, "info@example.com")).NotTo(BeNil())
	})

	It("tries a stalled one again when a person asks, once", func(ctx context.Context) {
		mend := fault(server.CRM, server.Fault{Mode: server.ModeStatus, Status: 422})
		s := person(namespace, "stalled", "ada@example.com")
		Expect(api.Create(ctx, s)).To(Succeed())
		Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located InvalidData Synced Stalled"))
		mend()
		annotate(ctx, s, v1alpha1.AnnotationRetry, "2026-11-23T10:00:00Z")
		Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located Synced Synced Completed"))
		Expect(calls(server.CRM)).To(Equal(2))
		Expect(calls(server.Marketing)).To(Equal(2), "what is there already is written again, too")
	})

	It("writes a completed one again when a person asks, although it is in no cache", func(ctx context.Context) {
		s := completed(ctx, "restored", "ada@example.com")
		sandbox.Reset() // the CRM was restored from an old backup
		annotate(ctx, s, v1alpha1.AnnotationRetry, "2026-11-23T10:00:00Z")
		Eventually(func() map[string]any { return fields(server.CRM, "ada@example.com") }).ShouldNot(BeNil())
		Eventually(reasons(ctx, s)).Should(HaveSuffix("Completed"))
		Consistently(calls).WithArguments(server.CRM).Should(Equal(1))
	})

	It("erases a person outside first, then here, and keeps a receipt without the person", func(ctx context.Context) {
		completed(ctx, "one", "ada@example.com")
		two := completed(ctx, "two", "Ada@Example.com")
		other := completed(ctx, "other", "eve@example.com")
		unprocessed := person(namespace, "unprocessed", "ada@example.com", func(s *v1alpha1.ContactSubmission) { s.Spec.PipelineRef.Name = "nowhere" })
		Expect(api.Create(ctx, unprocessed)).To(Succeed())
		Eventually(reasons(ctx, unprocessed)).Should(HaveSuffix("Waiting"))

		change(ctx, integrationIn(namespace, "marketing"), func(i *v1alpha1.Integration) { i.Spec.HTTP.Erase.Kept = "backups, for 30 days" })
		Eventually(observed(ctx, integrationIn(namespace, "marketing"))).Should(BeNumerically(">=", 2))
		mend := fault(server.CRM, server.Fault{Mode: server.ModeStatus, Status: 503})
		ada := &v1alpha1.Contact{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: current(ctx, two).Status.ContactName}}
		Expect(api.Delete(ctx, ada)).To(Succeed())
		Eventually(func() []string { return eventsOf(ctx, namespace, "Contact") }).
			Should(ContainElement(HavePrefix("ErasureWaits the person can't be erased yet at crm")))
		Expect(api.Get(ctx, client.ObjectKeyFromObject(ada), ada)).To(Succeed(), "nothing is given up by itself")
		erasures := map[string]string{}
		for _, held := range ada.Status.Syncs {
			if held.Erasure != nil {
				erasures[held.Integration] = string(held.Erasure.Result) + ", keeps " + held.Erasure.Kept
			}
		}
		Expect(erasures).To(Equal(map[string]string{"marketing": "Erased, keeps backups, for 30 days"}), "its status says how far it has come")
		mend()

		Eventually(gone(ctx, ada)).Should(BeTrue())
		Expect(fields(server.CRM, "ada@example.com")).To(BeNil())
		Expect(fields(server.Marketing, "ada@example.com")).To(BeNil())
		Expect(fields(server.CRM, "eve@example.com")).NotTo(BeNil())
		var left v1alpha1.ContactSubmissionList
		Expect(api.List(ctx, &left, client.InNamespace(namespace))).To(Succeed())
		Expect(left.Items).To(HaveLen(1))
		Expect(left.Items[0].Name).To(Equal(other.Name))
		receipt := &v1alpha1.ErasureReceipt{}
		Expect(api.Get(ctx, client.ObjectKeyFromObject(ada), receipt)).To(Succeed())
		Expect(receipt.Spec.Outcome).To(Equal(v1alpha1.ErasureComplete))
		Expect(*receipt.Spec.Submissions).To(Equal(int32(3)))
		kept := map[string]string{}
		for _, system := range receipt.Spec.Systems {
			kept[system.Integration] = system.Kept
		}
		Expect(kept).To(Equal(map[string]string{"crm": "", "marketing": "backups, for 30 days"}))
		Expect(receipt.Spec.Systems).To(HaveLen(2))
		Expect(fmt.Sprint(receipt)).NotTo(ContainSubstring("ada@"))
	})

	It("drops what was received before an erasure and arrives later, and takes what was sent after it", func(ctx context.Context) {
		s := completed(ctx, "first", "ada@example.com")
		ada := &v1alpha1.Contact{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: current(ctx, s).Status.ContactName}}
		before := metav1.NowMicro()
		Expect(api.Delete(ctx, ada)).To(Succeed())
		Eventually(gone(ctx, ada)).Should(BeTrue())
		late := person(namespace, "late", "ada@example.com", func(s *v1alpha1.ContactSubmission) { s.Spec.Source.ReceivedAt = &before })
		Expect(api.Create(ctx, late)).To(Succeed())
		Eventually(gone(ctx, late)).Should(BeTrue())
		Expect(fields(server.CRM, "ada@example.com")).To(BeNil())
		completed(ctx, "again", "ada@example.com")
		Expect(*contactsIn(ctx, namespace)[0].Status.Submissions).To(Equal(int32(1)), "a new Contact, that remembers nothing")
	})

	It("gives up on a system that can't be reached when a person says so, and the receipt tells", func(ctx context.Context) {
		s := completed(ctx, "first", "ada@example.com")
		fault(server.Marketing, server.Fault{Mode: server.ModeReset})
		ada := &v1alpha1.Contact{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: current(ctx, s).Status.ContactName}}
		Expect(api.Delete(ctx, ada)).To(Succeed())
		Eventually(func() []string { return eventsOf(ctx, namespace, "Contact") }).ShouldNot(BeEmpty())
		change(ctx, ada, func(c *v1alpha1.Contact) {
			metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.AnnotationSkipErasure, "")
		})
		Eventually(gone(ctx, ada)).Should(BeTrue())
		receipt := &v1alpha1.ErasureReceipt{}
		Expect(api.Get(ctx, client.ObjectKeyFromObject(ada), receipt)).To(Succeed())
		Expect(receipt.Spec.Outcome).To(Equal(v1alpha1.ErasurePartial))
		results := map[string]v1alpha1.SystemErasureResult{}
		for _, system := range receipt.Spec.Systems {
			results[system.Integration] = system.Result
		}
		Expect(results).To(Equal(map[string]v1alpha1.SystemErasureResult{
			"crm": v1alpha1.SystemErased, "marketing": v1alpha1.SystemSkipped,
		}))
	})

	It("lets completed and rejected submissions expire, and nothing else", func(ctx context.Context) {
		done := completed(ctx, "done", "ada@example.com")
		rejected := person(namespace, "rejected", "ada@disposable.example")
		stalled := person(namespace, "stalled", "eve@example.com", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Name = "INVALID" })
		waiting := person(namespace, "waiting", "bob@example.com", func(s *v1alpha1.ContactSubmission) { s.Spec.PipelineRef.Name = "nowhere" })
		for _, s := range []*v1alpha1.ContactSubmission{rejected, stalled, waiting} {
			Expect(api.Create(ctx, s)).To(Succeed())
		}
		Eventually(reasons(ctx, rejected)).Should(HaveSuffix("Rejected"))
		Eventually(reasons(ctx, stalled)).Should(HaveSuffix("Stalled"))
		op.stop()
		later := startSweepAt(time.Now().Add(8 * 24 * time.Hour))
		Eventually(gone(ctx, done)).Should(BeTrue())
		Consistently(gone(ctx, rejected)).Should(BeFalse(), "rejected ones are kept for longer")
		later.stop()
		startSweepAt(time.Now().Add(31 * 24 * time.Hour))
		Eventually(gone(ctx, rejected)).Should(BeTrue())
		Consistently(func() bool { return gone(ctx, stalled)() || gone(ctx, waiting)() }).Should(BeFalse())
		Expect(contactsIn(ctx, namespace)).NotTo(BeEmpty())
	})

	It("finds out by itself when a system that refused every request is mended on its own side", func(ctx context.Context) {
		deny := fault(server.CRM, server.Fault{Mode: server.ModeStatus, Status: http.StatusNotFound})
		first := person(namespace, "first", "ada@example.com")
		Expect(api.Create(ctx, first)).To(Succeed())
		Eventually(readyOf(ctx, integrationIn(namespace, "crm"))).Should(HavePrefix("Refused"))
		deny()
		Eventually(reasons(ctx, first)).Should(Equal("Deliverable Located Synced Synced Completed"))
		Eventually(readyOf(ctx, integrationIn(namespace, "crm"))).Should(HavePrefix("Ready"))
	})

	It("asks nothing of the API server while submissions are parked, whatever was planned before", func(ctx context.Context) {
		fault(server.CRM, server.Fault{Mode: server.ModeStatus, Status: 503})
		var all []*v1alpha1.ContactSubmission
		for i := range 10 {
			s := person(namespace, fmt.Sprintf("s%d", i), fmt.Sprintf("p%d@example.com", i))
			Expect(api.Create(ctx, s)).To(Succeed())
			all = append(all, s)
		}
		for _, s := range all {
			Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located Retrying Synced Waiting"))
		}
		change(ctx, integrationIn(namespace, "crm"), func(i *v1alpha1.Integration) { i.Spec.Suspend = new(true) })
		for _, s := range all {
			Eventually(reasons(ctx, s)).Should(Equal("Deliverable Located Parked Synced Waiting"))
		}
		// A try that was planned before comes up once more; from then on it is quiet.
		Eventually(func() int { return writes.take()["GET contacts"] }).WithPolling(3 * time.Second).Should(BeZero())
	})

	It("processes many submissions of one address, one after the other", func(ctx context.Context) {
		var all []*v1alpha1.ContactSubmission
		for i := range 200 {
			all = append(all, person(namespace, fmt.Sprintf("s%03d", i), "ada@example.com"))
		}
		create(ctx, all, 8)
		Eventually(func() int {
			var list v1alpha1.ContactSubmissionList
			Expect(api.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{"status.state": "Completed"})).To(Succeed())
			return len(list.Items)
		}).WithTimeout(time.Minute).Should(Equal(200))
		Expect(*contactsIn(ctx, namespace)[0].Status.Submissions).To(Equal(int32(200)))
		Expect(sandbox.Stats()[server.CRM].MaxInFlight).To(Equal(1))
	})

	It("says of a pipeline what is true now, whoever comes first", func(ctx context.Context) {
		for range 5 {
			crm := integrationIn(namespace, "crm")
			Expect(api.Get(ctx, client.ObjectKeyFromObject(crm), crm)).To(Succeed())
			Expect(api.Delete(ctx, crm)).To(Succeed())
			Eventually(readyOf(ctx, pipelineIn(namespace, "trial"))).Should(HavePrefix("IntegrationNotFound"))
			crm.ResourceVersion, crm.UID = "", ""
			Expect(api.Create(ctx, crm)).To(Succeed())
			Eventually(readyOf(ctx, pipelineIn(namespace, "trial"))).Should(HavePrefix("Ready"))
		}
	})
})
