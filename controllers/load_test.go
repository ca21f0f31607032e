package controllers_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

var _ = Describe("Many submissions of fewer people", func() {
	It("end as exactly one record per person in each system, holding the newest data", func(ctx context.Context) {
		const submissions, people, writers = 1000, 300, 12
		sandbox.Reset()
		namespace := namespaceWithSamples(ctx)
		startOperator()
		DeferCleanup(func(ctx context.Context) {
			Expect(api.DeleteAllOf(ctx, &v1alpha1.ContactSubmission{}, client.InNamespace(namespace))).To(Succeed())
		})
		random := rand.New(rand.NewPCG(2026, uint64(GinkgoRandomSeed())))
		begin := time.Now().Add(-time.Hour)
		newest := map[string]int{} // what a simple model says: the last one by the time it was received
		var all []*v1alpha1.ContactSubmission
		for i := range submissions {
			who := random.IntN(people)
			if i < people {
				who = i
			}
			email := fmt.Sprintf("person-%03d@example.com", who)
			newest[email] = i
			received := metav1.NewMicroTime(begin.Add(time.Duration(i) * time.Millisecond))
			all = append(all, person(namespace, fmt.Sprintf("s%04d", i), email, func(s *v1alpha1.ContactSubmission) {
				s.Spec.Contact.Name = fmt.Sprintf("Name %d", i)
				s.Spec.Source.ReceivedAt = &received
			}))
		}
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] }) // they arrive in any order
		create(ctx, all, writers)

		Eventually(func() int {
			var done v1alpha1.ContactSubmissionList
			Expect(api.List(ctx, &done, client.InNamespace(namespace), client.MatchingFields{"status.state": "Completed"})).To(Succeed())
			return len(done.Items)
		}).WithTimeout(3 * time.Minute).WithPolling(time.Second).Should(Equal(submissions))

		for _, service := range []server.Service{server.CRM, server.Marketing} {
			records := sandbox.Records(service)
			Expect(records).To(HaveLen(people), string(service))
			for _, r := range records {
				Expect(r.Fields["name"]).To(Equal(fmt.Sprintf("Name %d", newest[r.Email])), "%s: %s", service, r.Email)
			}
		}
		contacts := contactsIn(ctx, namespace)
		Expect(contacts).To(HaveLen(people))
		counted := 0
		for _, c := range contacts {
			counted += int(*c.Status.Submissions)
		}
		Expect(counted).To(Equal(submissions))
	})
})

// create creates objects from several writers, as several intakes would.
func create(ctx context.Context, all []*v1alpha1.ContactSubmission, writers int) {
	GinkgoHelper()
	queue := make(chan *v1alpha1.ContactSubmission)
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			defer GinkgoRecover()
			for s := range queue {
				Expect(api.Create(ctx, s)).To(Succeed())
			}
		})
	}
	for _, s := range all {
		queue <- s
	}
	close(queue)
	group.Wait()
}

// unsubscribe does what a person does in the marketing system's own mails.
func unsubscribe(email string) {
	GinkgoHelper()
	request, err := http.NewRequest(http.MethodPost, sandboxURL+"/marketing/v1/subscribers/"+email+"/unsubscribe", nil)
	Expect(err).NotTo(HaveOccurred())
	request.Header.Set("Authorization", "Bearer "+server.DefaultToken(server.Marketing))
	response, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	Expect(response.Body.Close()).To(Succeed())
	Expect(response.StatusCode).To(Equal(http.StatusOK))
}
