package controllers_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

var _ = Describe("What comes in by other ways", func() {
	var namespace string

	BeforeEach(func(ctx context.Context) {
		sandbox.Reset() // an earlier story may have left another token behind
		namespace = namespaceWithSamples(ctx)
		DeferCleanup(func(ctx context.Context) {
			Expect(api.DeleteAllOf(ctx, &v1alpha1.ContactSubmission{}, client.InNamespace(namespace))).To(Succeed())
		})
	})

	It("is refused without an address, unless a form tool sent it so", func(ctx context.Context) {
		empty := func(s *v1alpha1.ContactSubmission) { s.Spec.Contact = v1alpha1.ContactFields{} }
		Expect(api.Create(ctx, person(namespace, "empty", "", empty))).To(MatchError(ContainSubstring("unless a form tool sent this")))
		via := func(s *v1alpha1.ContactSubmission) { s.Spec.Source.Via = "typeform" }
		Expect(api.Create(ctx, person(namespace, "named", "", via))).To(Succeed())
		Expect(api.Create(ctx, person(namespace, "unnamed", "", empty, via))).To(Succeed())

		startOperator()
		for _, name := range []string{"named", "unnamed"} {
			s := &v1alpha1.ContactSubmission{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
			Eventually(ctx, func(g Gomega) {
				g.Expect(api.Get(ctx, client.ObjectKeyFromObject(s), s)).To(Succeed())
				validated := meta.FindStatusCondition(s.Status.Conditions, string(v1alpha1.StageValidated))
				g.Expect(validated).NotTo(BeNil())
				g.Expect(validated.Reason).To(Equal(v1alpha1.ReasonUndeliverable))
			}).Should(Succeed())
		}
		var contacts v1alpha1.ContactList
		Expect(api.List(ctx, &contacts, client.InNamespace(namespace))).To(Succeed())
		Expect(contacts.Items).To(BeEmpty())
	})

	It("waits for a person when a program may have sent it, is found by that, and is rescued", func(ctx context.Context) {
		s := person(namespace, "suspect", "ada@example.com", func(s *v1alpha1.ContactSubmission) {
			s.Spec.Source.Suspicion = v1alpha1.SuspicionFailed
		})
		Expect(api.Create(ctx, s)).To(Succeed())
		startOperator()
		Eventually(ctx, func(g Gomega) {
			g.Expect(api.Get(ctx, client.ObjectKeyFromObject(s), s)).To(Succeed())
			g.Expect(s.Status.State).To(Equal(v1alpha1.StateHeld))
		}).Should(Succeed())
		var suspects v1alpha1.ContactSubmissionList
		Expect(api.List(ctx, &suspects, client.InNamespace(namespace), client.MatchingFields{"spec.source.suspicion": "CaptchaFailed"})).To(Succeed())
		Expect(suspects.Items).To(HaveLen(1))

		s.Annotations = map[string]string{v1alpha1.AnnotationAccept: "I know her"}
		Expect(api.Update(ctx, s)).To(Succeed())
		Eventually(ctx, func(g Gomega) {
			g.Expect(api.Get(ctx, client.ObjectKeyFromObject(s), s)).To(Succeed())
			g.Expect(s.Status.State).To(Equal(v1alpha1.StateCompleted))
			validated := meta.FindStatusCondition(s.Status.Conditions, string(v1alpha1.StageValidated))
			g.Expect(validated.Reason).To(Equal(v1alpha1.ReasonDeliverable), "the address is checked like any other")
		}).Should(Succeed())
	})

	It("has a condition that names a Secret that is missing", func(ctx context.Context) {
		p := &v1alpha1.ContactPipeline{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "tools"},
			Spec: v1alpha1.ContactPipelineSpec{
				Sources: []v1alpha1.FormSource{{Name: "tally", Type: v1alpha1.SourceTally, SecretRef: v1alpha1.SecretKeyReference{Name: "form-tools", Key: "tally"}}},
				Form: v1alpha1.FormSpec{Captcha: &v1alpha1.FormCaptcha{
					Type: v1alpha1.CaptchaTurnstile, SiteKey: "k", SecretRef: v1alpha1.SecretKeyReference{Name: "form-tools", Key: "turnstile"},
				}},
			},
		}
		Expect(api.Create(ctx, p)).To(Succeed())
		startOperator()
		says := func(g Gomega, status metav1.ConditionStatus, message string) {
			g.Expect(api.Get(ctx, client.ObjectKeyFromObject(p), p)).To(Succeed())
			c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionSourcesReady)
			g.Expect(c).NotTo(BeNil())
			g.Expect(c.Status).To(Equal(status))
			g.Expect(c.Message).To(Equal(message))
			g.Expect(meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady)).To(BeTrue(), "what is here already goes on")
		}
		Eventually(ctx, func(g Gomega) {
			says(g, metav1.ConditionFalse, "spec.sources[tally]: Secret form-tools does not exist; spec.form.captcha: Secret form-tools does not exist")
		}).Should(Succeed())

		Expect(api.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "form-tools"}, Data: map[string][]byte{"tally": []byte("s3cret")},
		})).To(Succeed())
		Eventually(ctx, func(g Gomega) {
			says(g, metav1.ConditionFalse, "spec.form.captcha: Secret form-tools has no key turnstile, or it is blank")
		}).WithTimeout(30 * time.Second).Should(Succeed())

		Expect(api.Get(ctx, client.ObjectKeyFromObject(p), p)).To(Succeed())
		p.Spec.Form.Captcha = nil
		Expect(api.Update(ctx, p)).To(Succeed())
		Eventually(ctx, func(g Gomega) { says(g, metav1.ConditionTrue, "") }).Should(Succeed())
		p.Spec.Sources = nil
		Expect(api.Update(ctx, p)).To(Succeed())
		Eventually(ctx, func(g Gomega) {
			g.Expect(api.Get(ctx, client.ObjectKeyFromObject(p), p)).To(Succeed())
			g.Expect(meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionSourcesReady)).To(BeNil())
		}).Should(Succeed())
	})
})
