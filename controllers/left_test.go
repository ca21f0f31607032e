package controllers_test

import (
	"context"
	"maps"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/contact"
)

var _ = Describe("Those who have left the newsletter there", func() {
	var namespace string
	var op *operator

	BeforeEach(func(ctx context.Context) {
		sandbox.Reset()
		namespace = namespaceWithSamples(ctx)
		for _, object := range readSamples("providers/mailchimp.yaml") {
			object.SetNamespace(namespace)
			if object.GetKind() == "Integration" {
				Expect(unstructured.SetNestedField(object.Object, int64(1), "spec", "suppressions", "sweepSeconds")).To(Succeed())
				Expect(unstructured.SetNestedField(object.Object, int64(50), "spec", "batch", "lingerMilliseconds")).To(Succeed())
			}
			Expect(api.Create(ctx, object)).To(Succeed())
		}
		change(ctx, pipelineIn(namespace, "trial"), func(p *v1alpha1.ContactPipeline) { p.Spec.Marketing.IntegrationRef.Name = "mailchimp" })
		op = startOperator()
		DeferCleanup(func(ctx context.Context) {
			Expect(api.DeleteAllOf(ctx, &v1alpha1.ContactSubmission{}, client.InNamespace(namespace))).To(Succeed())
			Expect(api.Delete(ctx, integrationIn(namespace, "mailchimp"))).To(Succeed()) // or it would be swept in other stories
		})
		Eventually(readyOf(ctx, integrationIn(namespace, "mailchimp"))).Should(HavePrefix("Ready"))
		Eventually(readyOf(ctx, pipelineIn(namespace, "trial"))).Should(HavePrefix("Ready"))
	})

	become := func(email, status string) {
		GinkgoHelper()
		_, _, err := members.Put(email, func(current map[string]any) map[string]any {
			next := map[string]any{"email_address": email, "merge_fields": map[string]any{}}
			maps.Copy(next, current)
			next["status"], next["last_changed"] = status, time.Now().UTC().Format(time.RFC3339)
			return next
		})
		Expect(err).NotTo(HaveOccurred())
	}
	state := func(ctx context.Context, email string) func() v1alpha1.SyncState {
		return func() v1alpha1.SyncState {
			c := &v1alpha1.Contact{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: contact.Name(email)}}
			if err := api.Get(ctx, client.ObjectKeyFromObject(c), c); err != nil {
				return v1alpha1.SyncState(err.Error())
			}
			if held := contact.Sync(c, v1alpha1.StageMarketingSynced, "mailchimp"); held != nil {
				return held.State
			}
			return ""
		}
	}
	swept := func(ctx context.Context) func() time.Time {
		return func() time.Time {
			i := integrationIn(namespace, "mailchimp")
			if api.Get(ctx, client.ObjectKeyFromObject(i), i) != nil || i.Status.Suppressions == nil || i.Status.Suppressions.KnownUntil == nil {
				return time.Time{}
			}
			return i.Status.Suppressions.KnownUntil.Time
		}
	}

	It("are found by the sweep, at one write each, and are never pushed again until a person asks", func(ctx context.Context) {
		first := person(namespace, "first", "ada@example.com")
		Expect(api.Create(ctx, first)).To(Succeed())
		other := person(namespace, "other", "eve@example.com")
		Expect(api.Create(ctx, other)).To(Succeed())
		for _, s := range []*v1alpha1.ContactSubmission{first, other} {
			Eventually(reasons(ctx, s)).Should(Equal(completed))
		}
		Expect(fields(server.Mailchimp, "ada@example.com")).To(HaveKeyWithValue("status", "pending"))

		writes.take()
		become("stranger@example.com", "unsubscribed")
		become("ada@example.com", "unsubscribed")
		Eventually(state(ctx, "ada@example.com")).Should(Equal(v1alpha1.SyncStateSuppressed))
		since := swept(ctx)()
		Eventually(swept(ctx)).Should(BeTemporally(">", since.Add(2*time.Second)), "sweeps go on")
		Expect(writes.take()["PUT contacts"]).To(Equal(1), "nobody is written twice, and strangers never")
		Expect(state(ctx, "eve@example.com")()).To(Equal(v1alpha1.SyncStateSynced))
		Expect(contactsIn(ctx, namespace)).To(HaveLen(2))

		again := person(namespace, "again", "ada@example.com", func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Name = "Grace Lovelace" })
		Expect(api.Create(ctx, again)).To(Succeed())
		Eventually(reasons(ctx, again)).Should(Equal("Deliverable Located Synced Suppressed Completed"))
		merge := func() any {
			return fields(server.Mailchimp, "ada@example.com")["merge_fields"].(map[string]any)["FNAME"]
		}
		Expect(merge()).To(Equal("Ada"), "nothing was written")

		op.stop()
		startOperator()
		Eventually(swept(ctx)).Should(BeTemporally(">", swept(ctx)()))
		Expect(state(ctx, "ada@example.com")()).To(Equal(v1alpha1.SyncStateSuppressed))

		become("ada@example.com", "subscribed") // by a form of Mailchimp's
		change(ctx, again.DeepCopy(), func(s *v1alpha1.ContactSubmission) {
			metav1.SetMetaDataAnnotation(&s.ObjectMeta, v1alpha1.AnnotationRetry, "2026-11-25T12:00:00Z")
		})
		Eventually(merge).Should(Equal("Grace"))
		Eventually(state(ctx, "ada@example.com")).Should(Equal(v1alpha1.SyncStateSynced))
		Expect(fields(server.Mailchimp, "ada@example.com")).To(HaveKeyWithValue("status", "subscribed"))
	})
})
