package act

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// maxReason is the longest reason that the operator takes, in characters.
const maxReason = 256

// AcceptCommand returns "accept".
func AcceptCommand(session *kube.Session) *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use:   "accept NAME… --reason TEXT",
		Short: "Let rejected submissions pass",
		Long: `Let submissions pass whose address was rejected, or on which no verdict was reached. The reason stays on the submission
for whoever asks later; it is copied nowhere else. Don't put personal data into it.`,
		Example: "  kubectl contacts accept k3jfu2m5x7c4wq6ynzt5arb2de --reason 'known customer, called back'",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			reason, err := checkReason(reason)
			if err != nil {
				return err
			}
			cluster, err := session.Open()
			if err != nil {
				return err
			}
			targets, err := named(cmd.Context(), cluster, args)
			if err != nil {
				return err
			}
			for _, t := range targets {
				if err := acceptable(t, reason); err != nil {
					return err
				}
			}
			out := screen.NewPrinter(session.Out)
			for _, t := range targets {
				if err := annotate(cmd.Context(), cluster, t, v1alpha1.AnnotationAccept, reason); err != nil {
					return fmt.Errorf("contactsubmission/%s: %w", t.Name, err)
				}
				out.Line("contactsubmission/", t.Name, " accepted (was ", t.validated, ")")
			}
			return out.Err()
		},
		ValidArgsFunction: session.CompleteNames(0, kube.KindSubmission),
	}
	cmd.Flags().StringVar(&reason, "reason", "", fmt.Sprintf("why it is let pass, at most %d characters; required", maxReason))
	return cmd
}

// checkReason returns the reason as it is stored.
func checkReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	switch n := utf8.RuneCountInString(reason); {
	case n == 0:
		return "", errors.New("--reason is required: say why this is let pass")
	case n > maxReason:
		return "", fmt.Errorf("--reason has %d characters; use at most %d", n, maxReason)
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl):
		return "", errors.New("--reason must be one line of text")
	}
	return reason, nil
}

// acceptable tells whether accepting a submission has an effect. The operator acts on it after a rejection only, so
// anything else is said here, rather than done without effect.
func acceptable(t target, reason string) error {
	if t.accepted == reason {
		return fmt.Errorf("contactsubmission/%s was accepted before for this very reason, and rejected again: give another reason. Nothing was changed", t.Name)
	}
	switch t.validated {
	case v1alpha1.ReasonUndeliverable, v1alpha1.ReasonDisposable, v1alpha1.ReasonRole, v1alpha1.ReasonAcceptAll, v1alpha1.ReasonHeld:
		return nil
	case "":
		return fmt.Errorf("contactsubmission/%s has not been checked yet: there is nothing to accept. Nothing was changed", t.Name)
	default:
		return fmt.Errorf("contactsubmission/%s is not rejected (its address is %s): there is nothing to accept. Nothing was changed", t.Name, t.validated)
	}
}
