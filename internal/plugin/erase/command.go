// Package erase has a person erased: it shows what will go, asks, deletes the Contact, and waits for the operator's
// receipt.
package erase

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
	"github.com/contact-operator/contact-operator/internal/plugin/person"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
	"github.com/contact-operator/contact-operator/internal/plugin/story"
)

type erase struct {
	session         *kube.Session
	cluster         *kube.Cluster
	style           screen.Style
	out             *screen.Printer
	yes             bool
	skipUnreachable bool
	timeout         time.Duration
	poll            time.Duration
}

// Command returns "erase".
func Command(session *kube.Session) *cobra.Command {
	e := &erase{session: session, poll: time.Second}
	cmd := &cobra.Command{
		Use:   "erase EMAIL|NAME",
		Short: "Erase a person everywhere, and show the receipt",
		Long: `Erase a person: at the CRM, at the marketing system, and here with every submission. It shows what will be erased and
asks first. Then it deletes the Contact, which the operator does not let go before the systems have confirmed, and waits
for the receipt.

Stopping the command, or its time-out, does not stop the erasure. Where a system can't be reached and can't be waited
for, --skip-unreachable gives it up; the receipt then says that somebody has to erase the person there by hand.`,
		Example:           "  kubectl contacts erase ada@example.com",
		Args:              cobra.ExactArgs(1),
		RunE:              func(cmd *cobra.Command, args []string) error { return e.run(cmd.Context(), args[0]) },
		ValidArgsFunction: session.CompleteNames(1, kube.KindContact),
	}
	flags := cmd.Flags()
	flags.BoolVarP(&e.yes, "yes", "y", false, "don't ask")
	flags.BoolVar(&e.skipUnreachable, "skip-unreachable", false, "give up on systems that can't be reached")
	flags.DurationVar(&e.timeout, "timeout", 5*time.Minute, "how long to wait for the receipt; 0 does not wait")
	return cmd
}

func (e *erase) run(ctx context.Context, argument string) error {
	ref, err := kube.ParseRef(argument)
	if err != nil {
		return err
	}
	if ref.Kind == kube.KindSubmission {
		return errors.New("erasing is for people: give an e-mail address or the name of a Contact; a submission alone is deleted with kubectl delete csub")
	}
	if e.cluster, err = e.session.Open(); err != nil {
		return err
	}
	e.style, e.out = screen.NewStyle(e.session.Out, e.session.Getenv), screen.NewPrinter(e.session.Out)
	people, err := person.Find(ctx, e.cluster, ref.Name)
	if err != nil {
		return err
	}
	if len(people) == 0 {
		return fmt.Errorf("nothing is known of %s in namespace %s: nothing to erase. Is it another namespace (-n)?", argument, e.cluster.Namespace)
	}
	p := people[0]
	e.out.Print(plan(p, e.style))
	switch {
	case p.Contact != nil:
	case len(p.Submissions) == 0: // a receipt alone
		e.out.Print(story.Receipt(p.Receipt, e.style))
		return e.out.Err()
	default:
		return e.withoutContact(ctx, p)
	}
	if err := e.confirm("Erase this person?"); err != nil {
		return err
	}
	return e.contact(ctx, p)
}

func (e *erase) confirm(question string) error {
	if err := e.out.Err(); err != nil || e.yes {
		return err
	}
	return screen.Confirm(e.session.In, e.session.ErrOut, question)
}

// contact has the operator erase a person whose Contact exists.
func (e *erase) contact(ctx context.Context, p *person.Person) error {
	c := p.Contact
	if c.DeletionTimestamp != nil && p.Receipt != nil && !p.Receipt.Spec.ErasedAt.Time.Before(c.DeletionTimestamp.Time) {
		p.Receipt = nil // it is no earlier one: the operator writes it just before it lets the Contact go
	}
	if e.skipUnreachable {
		if err := e.giveUp(ctx, c); err != nil {
			return fmt.Errorf("annotate the Contact: %w", err)
		}
	}
	if c.DeletionTimestamp == nil {
		err := e.cluster.Delete(ctx, c, client.Preconditions{UID: &c.UID})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete the Contact: %w", err)
		}
		e.out.Line("Contact ", c.Name, " is being erased.")
	}
	if e.timeout == 0 {
		e.out.Line("Its receipt will be: kubectl get receipt ", c.Name, " -n ", c.Namespace)
		return e.out.Err()
	}
	receipt, err := e.wait(ctx, p)
	if err != nil {
		return err
	}
	e.out.Line()
	e.out.Print(story.Receipt(receipt, e.style))
	return e.out.Err()
}

// giveUp tells the operator not to wait for systems that can't be reached.
func (e *erase) giveUp(ctx context.Context, c *v1alpha1.Contact) error {
	marked := &v1alpha1.Contact{}
	marked.Namespace, marked.Name, marked.UID = c.Namespace, c.Name, c.UID
	before := marked.DeepCopy()
	before.UID = "" // so that the patch carries the UID, which the API server compares
	marked.Annotations = map[string]string{v1alpha1.AnnotationSkipErasure: "true"}
	return client.IgnoreNotFound(e.cluster.Patch(ctx, marked, client.MergeFrom(before)))
}

// withoutContact deletes the submissions of a person who has no Contact: the outside systems know nothing of them.
func (e *erase) withoutContact(ctx context.Context, p *person.Person) error {
	question := "Delete " + screen.Count(len(p.Submissions), "submission") + "?"
	if err := e.confirm(question); err != nil {
		return err
	}
	deleted := 0
	for i := range p.Submissions {
		s := &p.Submissions[i]
		err := e.cluster.Delete(ctx, s, client.Preconditions{UID: &s.UID})
		switch {
		case apierrors.IsNotFound(err), apierrors.IsConflict(err): // gone, or another one of its name
		case err != nil:
			return fmt.Errorf("delete contactsubmission/%s (%s deleted so far): %w", s.Name, screen.Number(deleted), err)
		default:
			deleted++
		}
	}
	e.out.Line(screen.Count(deleted, "submission"), " deleted.")

	// One of them may have been processed in the meantime.
	c := &v1alpha1.Contact{}
	err := e.cluster.Get(ctx, types.NamespacedName{Namespace: p.Namespace, Name: p.ContactName}, c)
	switch {
	case apierrors.IsNotFound(err):
		e.out.Line("There is no receipt for this: none of the outside systems had been told of the person.")
		return e.out.Err()
	case err != nil:
		return err
	}
	e.out.Line("A Contact has come into being meanwhile; it is erased as well.")
	p.Contact = c
	return e.contact(ctx, p)
}
