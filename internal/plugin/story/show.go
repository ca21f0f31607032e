package story

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
	"github.com/contact-operator/contact-operator/internal/plugin/person"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// ShowCommand returns "show".
func ShowCommand(session *kube.Session) *cobra.Command {
	output := ""
	cmd := &cobra.Command{
		Use:   "show NAME|EMAIL",
		Short: "Tell the story of one submission, or of one person",
		Long: `Tell the story of one submission: each stage, what failed, when it is tried again. Of a person: every field with the
submission that it came from, and what each system holds.`,
		Example: "  kubectl contacts show ada@example.com\n  kubectl contacts show contactsubmission/k3jfu2m5x7c4wq6ynzt5arb2de",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(output, outputJSON, outputYAML); err != nil {
				return err
			}
			ref, err := kube.ParseRef(args[0])
			if err != nil {
				return err
			}
			cluster, err := session.Open()
			if err != nil {
				return err
			}
			t := &teller{style: screen.NewStyle(session.Out, session.Getenv), now: session.Now()}
			object, err := t.tell(cmd.Context(), cluster, ref)
			if err != nil {
				return err
			}
			if object == nil {
				return notFound(cluster, args[0])
			}
			if output != "" {
				return printObject(session.Out, output, object)
			}
			_, err = io.WriteString(session.Out, t.String())
			return err
		},
		ValidArgsFunction: session.CompleteNames(1, kube.KindSubmission, kube.KindContact),
	}
	addOutput(cmd, &output, outputJSON, outputYAML)
	return cmd
}

// tell writes the story of what a reference names and returns it; nil when there is no such thing.
func (t *teller) tell(ctx context.Context, cluster *kube.Cluster, ref kube.Ref) (any, error) {
	if ref.Kind != kube.KindContact {
		s := &v1alpha1.ContactSubmission{}
		err := cluster.Get(ctx, kube.In(cluster.Namespace, ref.Name), s)
		switch {
		case err == nil:
			return s, t.tellSubmission(ctx, cluster, s)
		case !apierrors.IsNotFound(err) || kube.Missing(err):
			return nil, err
		case ref.Kind == kube.KindSubmission:
			return nil, nil
		}
	}
	people, err := person.Find(ctx, cluster, ref.Name)
	if err != nil || len(people) == 0 {
		return nil, err
	}
	t.person(people[0])
	return people[0], nil
}

func (t *teller) tellSubmission(ctx context.Context, cluster *kube.Cluster, s *v1alpha1.ContactSubmission) error {
	p := &v1alpha1.ContactPipeline{}
	err := cluster.Get(ctx, kube.In(s.Namespace, s.Spec.PipelineRef.Name), p)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		p = nil
	case err != nil:
		return fmt.Errorf("read the submission's pipeline: %w", err)
	}
	integrations, err := kube.Integrations(ctx, cluster, client.InNamespace(s.Namespace))
	if err != nil && !apierrors.IsForbidden(err) {
		return fmt.Errorf("read the Integrations: %w", err)
	}
	byName := map[string]*v1alpha1.Integration{}
	for i := range integrations {
		byName[integrations[i].Name] = &integrations[i]
	}
	t.submission(s, p, byName)
	return nil
}
