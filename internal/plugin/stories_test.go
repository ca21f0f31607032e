package plugin

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/contactsgen/generate"
	"github.com/contact-operator/contact-operator/internal/contact"
)

// process writes the status that the operator would.
func process(ctx context.Context, s *v1alpha1.ContactSubmission, state v1alpha1.SubmissionState, validated, ready string) {
	GinkgoHelper()
	status := func(reason string) metav1.ConditionStatus {
		switch reason {
		case v1alpha1.ReasonDeliverable, v1alpha1.ReasonCompleted:
			return metav1.ConditionTrue
		case v1alpha1.ReasonRetrying, v1alpha1.ReasonWaiting:
			return metav1.ConditionUnknown
		}
		return metav1.ConditionFalse
	}
	now := metav1.Now()
	s.Status = v1alpha1.ContactSubmissionStatus{
		State: state, ContactName: contact.Name(contact.NormaliseAddress(s.Spec.Contact.Email)),
		Conditions: []metav1.Condition{
			{Type: "Validated", Status: status(validated), Reason: validated, LastTransitionTime: now},
			{Type: v1alpha1.ConditionReady, Status: status(ready), Reason: ready, LastTransitionTime: now},
		},
	}
	Expect(api.Status().Update(ctx, s)).To(Succeed())
}

func createContact(ctx context.Context, ns, email string) *v1alpha1.Contact {
	GinkgoHelper()
	c := &v1alpha1.Contact{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: ns, Name: contact.Name(contact.NormaliseAddress(email)), Finalizers: []string{v1alpha1.FinalizerErase},
		},
		Spec: v1alpha1.ContactSpec{Email: contact.NormaliseAddress(email), Name: &v1alpha1.FieldValue{
			Value: "Ada Example", Origin: v1alpha1.Origin{Submission: "first", Time: metav1.NowMicro()},
		}},
		Status: v1alpha1.ContactStatus{Syncs: []v1alpha1.ContactSync{{
			Stage: v1alpha1.StageCRMSynced, Integration: "crm", State: v1alpha1.SyncStateSynced, Time: metav1.Now(),
		}}},
	}
	Expect(api.Create(ctx, c)).To(Succeed())
	return c
}

var _ = Describe("the plugin", func() {
	var ns string
	BeforeEach(func() { ns = namespace() })

	It("finds a person in every spelling, with what is not picked up yet", func(ctx SpecContext) {
		createContact(ctx, ns, "ada@example.com")
		process(ctx, createSubmission(ctx, ns, "done", "ADA@example.com"), v1alpha1.StateCompleted, v1alpha1.ReasonDeliverable, v1alpha1.ReasonCompleted)
		createSubmission(ctx, ns, "new", " Ada@Example.com. ")
		createSubmission(ctx, ns, "of-another", "bob@example.com")

		out := plugin(ctx, "find", "-n", ns, "Ada@EXAMPLE.com")
		Expect(out).To(And(ContainSubstring("Ada Example"), ContainSubstring("done"), ContainSubstring("not picked up yet")))
		Expect(out).NotTo(ContainSubstring("of-another"))
		names := strings.Fields(plugin(ctx, "find", "-n", ns, "ada@example.com", "-o", "name"))
		Expect(names).To(ConsistOf("contactsubmission.contact-operator.io/done", "contactsubmission.contact-operator.io/new"))
		Expect(plugin(ctx, "find", "-A", "ada@example.com")).To(ContainSubstring("in namespace " + ns))
		Expect(refused(ctx, "find", "-n", ns, "nobody@example.com")).To(ContainSubstring("nothing is known"))
		Expect(refused(ctx, "find", "-n", ns, "done")).To(ContainSubstring("is no e-mail address"))
	})

	It("shows a submission and a person", func(ctx SpecContext) {
		createPipeline(ctx, ns, "trial")
		createContact(ctx, ns, "ada@example.com")
		process(ctx, createSubmission(ctx, ns, "rejected", "info@example.com"), v1alpha1.StateHeld, v1alpha1.ReasonRole, v1alpha1.ReasonRejected)

		Expect(plugin(ctx, "show", "-n", ns, "csub/rejected")).To(And(
			ContainSubstring("Rejected"), ContainSubstring("kubectl contacts accept rejected"), ContainSubstring("by verifier")))
		Expect(plugin(ctx, "show", "-n", ns, "ada@example.com")).To(ContainSubstring("from first"))
		Expect(plugin(ctx, "show", "-n", ns, contact.Name("ada@example.com"))).To(ContainSubstring("Ada Example"))
		Expect(refused(ctx, "show", "-n", ns, "nothing")).To(ContainSubstring("nothing is known"))
		var found v1alpha1.ContactSubmission
		Expect(json.Unmarshal([]byte(plugin(ctx, "show", "-n", ns, "rejected", "-o", "json")), &found)).To(Succeed())
		Expect(found.Name).To(Equal("rejected"))
		completions := plugin(ctx, "__complete", "show", "-n", ns, "rej")
		Expect(completions).To(HavePrefix("rejected\n"))
	})

	It("counts what waits where", func(ctx SpecContext) {
		createPipeline(ctx, ns, "trial")
		createSubmission(ctx, ns, "new", "a@example.com")
		process(ctx, createSubmission(ctx, ns, "retrying", "b@example.com"), v1alpha1.StateActive, v1alpha1.ReasonRetrying, v1alpha1.ReasonWaiting)
		process(ctx, createSubmission(ctx, ns, "stalled", "c@example.com"), v1alpha1.StateHeld, v1alpha1.ReasonHeld, v1alpha1.ReasonStalled)
		process(ctx, createSubmission(ctx, ns, "done", "d@example.com"), v1alpha1.StateCompleted, v1alpha1.ReasonDeliverable, v1alpha1.ReasonCompleted)

		var report struct {
			Pipelines []struct {
				Waiting, Stalled int
				Links            []struct {
					Stage, Health string
					Waiting       int
				}
			}
			Weak []struct{ Name, Health string }
		}
		Expect(json.Unmarshal([]byte(plugin(ctx, "status", "-n", ns, "-o", "json")), &report)).To(Succeed())
		Expect(report.Pipelines).To(HaveLen(1))
		Expect(report.Pipelines[0].Waiting).To(Equal(2))
		Expect(report.Pipelines[0].Stalled).To(Equal(1))
		Expect(report.Pipelines[0].Links[0].Waiting).To(Equal(1))
		Expect(report.Pipelines[0].Links[1].Waiting).To(Equal(1))
		Expect(report.Weak[0].Name).To(Equal("Integration verifier"))
		Expect(plugin(ctx, "status", "-n", ns)).To(ContainSubstring("Weakest link: Integration verifier"))
	})

	It("asks for retries, once each", func(ctx SpecContext) {
		for _, name := range []string{"stalled-1", "stalled-2"} {
			process(ctx, createSubmission(ctx, ns, name, name+"@example.com"), v1alpha1.StateHeld, v1alpha1.ReasonDeliverable, v1alpha1.ReasonStalled)
		}
		process(ctx, createSubmission(ctx, ns, "rejected", "r@example.com"), v1alpha1.StateHeld, v1alpha1.ReasonRole, v1alpha1.ReasonRejected)
		process(ctx, createSubmission(ctx, ns, "done", "d@example.com"), v1alpha1.StateCompleted, v1alpha1.ReasonDeliverable, v1alpha1.ReasonCompleted)
		asked := func(name string) string {
			return get(ctx, ns, name, &v1alpha1.ContactSubmission{}).Annotations[v1alpha1.AnnotationRetry]
		}

		Expect(plugin(ctx, "retry", "-n", ns, "--all-stalled", "--dry-run")).To(ContainSubstring("2 submissions would be retried"))
		Expect(asked("stalled-1")).To(BeEmpty())
		Expect(plugin(ctx, "retry", "-n", ns, "--all-stalled")).To(ContainSubstring("2 of 2 submissions"))
		first := asked("stalled-1")
		Expect(time.Parse(time.RFC3339Nano, first)).NotTo(BeZero())
		Expect(asked("stalled-2")).To(Equal(first))
		Expect(asked("rejected")).To(BeEmpty())

		Expect(plugin(ctx, "retry", "-n", ns, "contactsubmission.contact-operator.io/done", "stalled-1")).To(ContainSubstring("1 completed submission among them"))
		Expect(asked("stalled-1")).NotTo(Equal(first))
		Expect(plugin(ctx, "retry", "-n", ns, "--field-selector", "status.state=Held,metadata.name=rejected")).To(ContainSubstring("rejected retry requested"))
		Expect(refused(ctx, "retry", "-n", ns)).To(ContainSubstring("either names"))
		Expect(refused(ctx, "retry", "-n", ns, "gone")).To(ContainSubstring(`"gone" not found`))
	})

	It("accepts what was rejected, and nothing else", func(ctx SpecContext) {
		process(ctx, createSubmission(ctx, ns, "rejected", "info@example.com"), v1alpha1.StateHeld, v1alpha1.ReasonRole, v1alpha1.ReasonRejected)
		process(ctx, createSubmission(ctx, ns, "done", "d@example.com"), v1alpha1.StateCompleted, v1alpha1.ReasonDeliverable, v1alpha1.ReasonCompleted)

		Expect(refused(ctx, "accept", "-n", ns, "rejected")).To(ContainSubstring("--reason is required"))
		Expect(refused(ctx, "accept", "-n", ns, "rejected", "done", "--reason", "known")).To(ContainSubstring("done is not rejected"))
		Expect(get(ctx, ns, "rejected", &v1alpha1.ContactSubmission{}).Annotations).To(BeEmpty(), "nothing was changed")
		Expect(plugin(ctx, "accept", "-n", ns, "rejected", "--reason", "known")).To(ContainSubstring("accepted (was Role)"))
		Expect(get(ctx, ns, "rejected", &v1alpha1.ContactSubmission{}).Annotations).To(HaveKeyWithValue(v1alpha1.AnnotationAccept, "known"))
	})

	It("submits once per key", func(ctx SpecContext) {
		createPipeline(ctx, ns, "trial")
		args := []string{
			"submit", "-n", ns, "--pipeline", "trial", "--email", " Ada@example.com", "--name", "Ada", "--attribute", "plan=pro",
			"--consent", "granted", "--idempotency-key", "k",
		}
		Expect(plugin(ctx, append(args, "--dry-run")...)).To(ContainSubstring("would be created"))
		Expect(plugin(ctx, args...)).To(ContainSubstring("created"))
		Expect(plugin(ctx, args...)).To(ContainSubstring("is there already"))
		Expect(plugin(ctx, append(args, "--phone", "1")...)).To(ContainSubstring("created"), "other data is another submission")
		list := &v1alpha1.ContactSubmissionList{}
		Expect(api.List(ctx, list, client.InNamespace(ns))).To(Succeed())
		Expect(list.Items).To(HaveLen(2))
		Expect(list.Items[0].Spec.Source.Channel).To(Equal("trial-download"))
		Expect(list.Items[0].Spec.Consent.Marketing).To(Equal(v1alpha1.ConsentGranted))
		Expect(list.Items[0].Annotations).To(BeEmpty())
		Expect(refused(ctx, "submit", "-n", ns, "--pipeline", "tiral", "--email", "a@b")).To(ContainSubstring("only: trial"))
		Expect(refused(ctx, "submit", "-n", ns, "--pipeline", "trial")).To(ContainSubstring("email is missing"))
	})

	It("imports a file to the exact number, although it is interrupted", func(ctx SpecContext) {
		createPipeline(ctx, ns, "trial")
		path := filepath.Join(GinkgoT().TempDir(), "old.csv")
		file, err := os.Create(path)
		Expect(err).NotTo(HaveOccurred())
		expect, err := generate.Write(file, 600, 5)
		Expect(err).NotTo(HaveOccurred())
		Expect(file.Close()).To(Succeed())
		args := []string{"import", "-n", ns, path, "--pipeline", "trial", "--consent-column", "Newsletter", "--received-at-column", "Last Contact"}
		count := func() int {
			list := &v1alpha1.ContactSubmissionList{}
			Expect(api.List(ctx, list, client.InNamespace(ns))).To(Succeed())
			return len(list.Items)
		}

		Expect(plugin(ctx, append(args, "--dry-run")...)).To(ContainSubstring("Nothing was sent"))
		Expect(count()).To(BeZero())

		interrupted, interrupt := context.WithCancel(ctx)
		first := &call{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			first.run(interrupted, append(args, "--rate", "100")...)
		}()
		Eventually(count).Should(BeNumerically(">", 20))
		interrupt()
		Eventually(done).Should(BeClosed())
		Expect(first.code).To(Equal(exitStopped), first.err.String())
		Expect(first.out.String()).To(ContainSubstring("goes on from there"))
		Expect(count()).To(BeNumerically("<", expect.Submissions))

		second := (&call{}).run(ctx, append(args, "--rate", "0", "--concurrency", "8")...)
		Expect(second.code).To(Equal(exitFailed), "the broken lines are told of")
		Expect(second.out.String()).To(ContainSubstring("Going on"))
		Expect(count()).To(Equal(expect.Submissions))
		var progress struct{ Read, Created, Already, Blank, Failed int }
		text, err := os.ReadFile(path + ".progress")
		Expect(err).NotTo(HaveOccurred())
		Expect(json.Unmarshal(text, &progress)).To(Succeed())
		Expect(progress.Read).To(Equal(expect.Lines))
		Expect(progress.Created).To(Equal(expect.Submissions))
		Expect(progress.Already).To(Equal(expect.Repeated))
		Expect(progress.Blank).To(Equal(expect.Blank))
		Expect(progress.Failed).To(Equal(expect.Broken))

		third := (&call{}).run(ctx, append(args, "--restart", "--rate", "0")...)
		Expect(third.code).To(Equal(exitFailed))
		Expect(count()).To(Equal(expect.Submissions), "nothing is sent twice")
	}, NodeTimeout(2*time.Minute))

	It("exports contacts", func(ctx SpecContext) {
		createContact(ctx, ns, "ada@example.com")
		createContact(ctx, ns, "bob@example.com")
		Expect(strings.Split(strings.TrimSpace(plugin(ctx, "export", "contacts", "-n", ns)), "\n")).To(HaveLen(3))
		Expect(strings.Split(strings.TrimSpace(plugin(ctx, "export", "contacts", "-n", ns, "-o", "jsonl")), "\n")).To(HaveLen(2))
	})
})

var _ = Describe("erasing", func() {
	var ns string
	BeforeEach(func() { ns = namespace() })

	// receipt writes what the operator would.
	receipt := func(ctx context.Context, name string, outcome v1alpha1.ErasureOutcome, at time.Time) {
		GinkgoHelper()
		Expect(api.Create(ctx, &v1alpha1.ErasureReceipt{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
			Spec: v1alpha1.ErasureReceiptSpec{
				ErasedAt: metav1.NewMicroTime(at), ExpiresAt: metav1.NewTime(at.Add(time.Hour)), Outcome: outcome, Submissions: new(int32(1)),
				Systems: []v1alpha1.SystemErasure{{
					Stage: v1alpha1.StageCRMSynced, Integration: "crm",
					ErasureResult: v1alpha1.ErasureResult{Result: v1alpha1.SystemErased, Time: metav1.NewTime(at)},
				}},
			},
		})).To(Succeed())
	}

	It("shows what will go, asks, and waits for the receipt", func(ctx SpecContext) {
		c := createContact(ctx, ns, "ada@example.com")
		process(ctx, createSubmission(ctx, ns, "done", "ada@example.com"), v1alpha1.StateCompleted, v1alpha1.ReasonDeliverable, v1alpha1.ReasonCompleted)

		declined := (&call{in: "n\n"}).run(ctx, "erase", "-n", ns, "Ada@Example.com")
		Expect(declined.code).To(Equal(exitFailed))
		Expect(declined.out.String()).To(And(ContainSubstring("at the CRM (crm)"), ContainSubstring("the Contact and 1 submission")))
		Expect(get(ctx, ns, c.Name, &v1alpha1.Contact{}).DeletionTimestamp).To(BeNil())

		asked := &call{in: "y\n"}
		done := make(chan struct{})
		go func() {
			defer close(done)
			asked.run(ctx, "erase", "-n", ns, "Ada@Example.com", "--skip-unreachable")
		}()
		Eventually(func() bool {
			return !get(ctx, ns, c.Name, &v1alpha1.Contact{}).DeletionTimestamp.IsZero()
		}).Should(BeTrue())
		deleted := get(ctx, ns, c.Name, &v1alpha1.Contact{})
		Expect(deleted.Annotations).To(HaveKey(v1alpha1.AnnotationSkipErasure))
		Eventually(asked.err.String).Should(ContainSubstring("waiting for the operator"))
		receipt(ctx, c.Name, v1alpha1.ErasureComplete, time.Now())
		deleted.Finalizers = nil
		Expect(api.Update(ctx, deleted)).To(Succeed())
		Eventually(done).Should(BeClosed())
		Expect(asked.code).To(Equal(exitOK), asked.err.String())
		Expect(asked.out.String()).To(And(ContainSubstring("Erased everywhere"), ContainSubstring("crm")))
		Expect(plugin(ctx, "find", "-n", ns, "ada@example.com")).To(ContainSubstring("Receipt"))
	})

	It("does not take an earlier receipt for this one, and says what to do when time is up", func(ctx SpecContext) {
		c := createContact(ctx, ns, "ada@example.com")
		receipt(ctx, c.Name, v1alpha1.ErasureComplete, time.Now().Add(-time.Hour))
		said := refused(ctx, "erase", "-n", ns, c.Name, "--yes", "--timeout", "1s")
		Expect(said).To(And(ContainSubstring("no receipt after 1s"), ContainSubstring("repeat the command")))
	})

	It("deletes the submissions of a person who has no Contact", func(ctx SpecContext) {
		process(ctx, createSubmission(ctx, ns, "rejected", "info@example.com"), v1alpha1.StateHeld, v1alpha1.ReasonRole, v1alpha1.ReasonRejected)
		createSubmission(ctx, ns, "new", "INFO@example.com")
		createSubmission(ctx, ns, "of-another", "ada@example.com")
		out := plugin(ctx, "erase", "-n", ns, "info@example.com", "--yes")
		Expect(out).To(And(ContainSubstring("There is no Contact"), ContainSubstring("2 submissions deleted")))
		list := &v1alpha1.ContactSubmissionList{}
		Expect(api.List(ctx, list, client.InNamespace(ns))).To(Succeed())
		Expect(list.Items).To(HaveLen(1))
		Expect(refused(ctx, "erase", "-n", ns, "info@example.com")).To(ContainSubstring("nothing to erase"))
	})
})

var _ = Describe("rights", func() {
	It("needs no more than those of one namespace, and says which are missing", func(ctx SpecContext) {
		ns := namespace()
		createPipeline(ctx, ns, "trial")
		config := kubeconfigOf(envtest.User{Name: "viewer"})
		Expect(api.Create(ctx, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "viewer"}, Rules: []rbacv1.PolicyRule{{
			APIGroups: []string{v1alpha1.GroupVersion.Group},
			Resources: []string{"contactsubmissions", "contacts", "contactpipelines", "integrations"}, Verbs: []string{"get", "list"},
		}}})).To(Succeed())
		Expect(api.Create(ctx, &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "viewer"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "viewer"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "viewer"}},
		})).To(Succeed())
		as := func(args ...string) *call { return (&call{config: config}).run(ctx, append(args, "-n", ns)...) }
		createContact(ctx, ns, "ada@example.com")

		Eventually(func() int { return as("status").code }).Should(Equal(exitOK), "the binding takes effect")
		Expect(as("find", "ada@example.com").code).To(Equal(exitOK), "without the right to read receipts")
		denied := as("submit", "--pipeline", "trial", "--email", "a@b")
		Expect(denied.code).To(Equal(exitFailed))
		Expect(denied.err.String()).To(ContainSubstring("contact-operator-contactsubmission-editor"))
		everywhere := as("status", "-A")
		Expect(everywhere.code).To(Equal(exitFailed))
		Expect(everywhere.err.String()).To(ContainSubstring("Without -A"))
	})

	It("says that the API server can't be reached", func(ctx SpecContext) {
		Expect(refused(ctx, "status", "--server", "https://127.0.0.1:1")).To(ContainSubstring("can't be reached"))
	})
})
