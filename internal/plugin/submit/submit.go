// Package submit sends one submission from the command line.
package submit

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/plugin/entry"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// source keeps the names of what is typed here apart from those of other doors.
const source = "kubectl-contacts submit"

type submit struct {
	session    *kube.Session
	entry      entry.Entry
	attributes []string
	consent    string
	receivedAt string
	pipeline   string
	key        string
	output     string
	dryRun     bool
}

// Command returns "submit".
func Command(session *kube.Session) *cobra.Command {
	s := &submit{session: session}
	cmd := &cobra.Command{
		Use:   "submit --pipeline NAME --email ADDRESS",
		Short: "Send one submission",
		Long: `Send one submission, as if the person had filled in the pipeline's form.

With --idempotency-key the submission's name follows from the key and the data, so that repeating the command makes no
second one.`,
		Example: "  kubectl contacts submit --pipeline trial --email ada@example.com --name 'Ada Example' --attribute plan=pro --consent granted",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return s.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&s.pipeline, "pipeline", "", "the ContactPipeline that treats it; required")
	flags.StringVar(&s.entry.Email, "email", "", "e-mail address; required")
	flags.StringVar(&s.entry.Name, "name", "", "name of the person")
	flags.StringVar(&s.entry.Company, "company", "", "company the person works for")
	flags.StringVar(&s.entry.Phone, "phone", "", "phone number")
	flags.StringVar(&s.entry.Country, "country", "", "country, a name or a code")
	flags.StringVar(&s.entry.Channel, "channel", "", "kind of form (default: the pipeline's)")
	flags.StringVar(&s.entry.Page, "page", "", "address of the page that the person came from")
	flags.StringArrayVar(&s.attributes, "attribute", nil, "a further answer as name=value; may be repeated")
	flags.StringVar(&s.consent, "consent", "", "answer to the marketing question: granted or denied (default: not asked)")
	flags.StringVar(&s.entry.ConsentStatement, "consent-statement", "", "the text that the person agreed to or declined")
	flags.StringVar(&s.receivedAt, "received-at", "", "when the person said so, for example 2019-03-31T14:05:00Z (default: now)")
	flags.StringVar(&s.key, "idempotency-key", "", "repeating the command with the same key and data makes no second submission")
	flags.BoolVar(&s.dryRun, "dry-run", false, "only print what would be created")
	flags.StringVarP(&s.output, "output", "o", "", "name or yaml")
	kube.CompleteWords(cmd, "consent", "granted", "denied")
	kube.CompleteWords(cmd, "output", "name", "yaml")
	session.CompletePipelineFlag(cmd, "pipeline")
	return cmd
}

func (s *submit) run(cmd *cobra.Command) error {
	if err := s.complete(); err != nil {
		return err
	}
	cluster, err := s.session.Open()
	if err != nil {
		return err
	}
	pipeline, err := kube.Pipeline(cmd.Context(), cluster, s.pipeline)
	if err != nil {
		return err
	}
	name := contact.RandomName()
	if s.key != "" {
		if name, err = entry.NameFor(cluster.Namespace, s.pipeline, source, s.key, &s.entry); err != nil {
			return err
		}
	}
	object := s.entry.Object(cluster.Namespace, name, s.pipeline, kube.Channel(pipeline), s.entry.ReceivedAt)
	options := []client.CreateOption{}
	said := "created"
	if s.dryRun {
		options, said = append(options, client.DryRunAll), "would be created"
	}
	err = cluster.Create(cmd.Context(), object, options...)
	if apierrors.IsAlreadyExists(err) {
		said, err = "is there already: nothing was sent twice", nil
	}
	if err != nil {
		return fmt.Errorf("create the submission: %w", err)
	}
	return s.print(object, said)
}

func (s *submit) complete() error {
	if s.pipeline == "" {
		return errors.New("--pipeline is required: which ContactPipeline treats it? (kubectl get cpipe)")
	}
	if s.output != "" && s.output != "name" && s.output != "yaml" {
		return fmt.Errorf("--output is name or yaml, not %q", s.output)
	}
	for _, a := range s.attributes {
		name, value, found := strings.Cut(a, "=")
		if !found {
			return errors.New("--attribute is written as name=value")
		}
		if s.entry.Attributes == nil {
			s.entry.Attributes = map[string]string{}
		}
		s.entry.Attributes[name] = value
	}
	var err error
	if s.entry.Consent, err = entry.ParseConsent(s.consent); err != nil {
		return fmt.Errorf("--consent: %w", err)
	}
	if s.entry.ReceivedAt, err = entry.ParseTime(s.receivedAt, s.session.Now()); err != nil {
		return fmt.Errorf("--received-at: %w", err)
	}
	return s.entry.Clean()
}

func (s *submit) print(object *v1alpha1.ContactSubmission, said string) error {
	out := screen.NewPrinter(s.session.Out)
	switch s.output {
	case "yaml":
		object.ManagedFields = nil
		object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kube.KindSubmission))
		text, err := yaml.Marshal(object)
		if err != nil {
			return err
		}
		out.Print(string(text))
	case "name":
		out.Line("contactsubmission.contact-operator.io/", object.Name)
	default:
		out.Line("contactsubmission.contact-operator.io/", object.Name, " ", said)
	}
	return out.Err()
}
