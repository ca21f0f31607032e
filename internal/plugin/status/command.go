package status

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// maxHeld bounds how many rejected and stalled submissions are counted: they may be kept for a month, and a number that
// is "at least 5,000" says as much.
const maxHeld = 5000

// Command returns "status".
func Command(session *kube.Session) *cobra.Command {
	output := ""
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Draw the way of a submission, with the health of each link and what waits there",
		Long: `Draw the way of a submission as a row of links, one row for each pipeline: the system that serves it, how it is,
how many submissions wait there, and for how long. Below, the weakest link is named, with what to do about it.

A submission that waits for several systems is counted at each of them.`,
		Example: "  kubectl contacts status\n  kubectl contacts status -A -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "" && output != "json" {
				return fmt.Errorf("--output is json, or left out; not %q", output)
			}
			cluster, err := session.Open()
			if err != nil {
				return err
			}
			report, heldMore, err := collect(cmd.Context(), cluster, session)
			if err != nil {
				return err
			}
			if output == "json" {
				encoder := json.NewEncoder(session.Out)
				encoder.SetIndent("", "  ")
				return encoder.Encode(report)
			}
			_, err = io.WriteString(session.Out, draw(report, screen.NewStyle(session.Out, session.Getenv), session.Now(), heldMore))
			return err
		},
	}
	session.AddAllNamespaces(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "json for programs")
	kube.CompleteWords(cmd, "output", "json")
	return cmd
}

// collect counts what is on its way, one page at a time, and reads how the Integrations are.
func collect(ctx context.Context, cluster *kube.Cluster, session *kube.Session) (Report, bool, error) {
	scope := client.InNamespace(cluster.Scope())
	counts := newTally()
	onTheirWay := client.MatchingFieldsSelector{Selector: notState(v1alpha1.StateCompleted, v1alpha1.StateHeld)}
	progress := newCounter(session)
	err := kube.EachSubmission(ctx, cluster, func(s *v1alpha1.ContactSubmission) error {
		counts.waiting(s)
		return progress.add()
	}, scope, onTheirWay)
	if err != nil {
		return Report{}, false, err
	}
	held := 0
	err = kube.EachSubmission(ctx, cluster, func(s *v1alpha1.ContactSubmission) error {
		if held == maxHeld {
			held++
			return kube.ErrEnough
		}
		held++
		counts.held(s)
		return nil
	}, scope, client.MatchingFields{"status.state": string(v1alpha1.StateHeld)})
	if err != nil {
		return Report{}, false, err
	}
	pipelines, err := kube.Pipelines(ctx, cluster, scope)
	if err != nil {
		return Report{}, false, err
	}
	integrations, err := kube.Integrations(ctx, cluster, scope)
	if err != nil {
		return Report{}, false, err
	}
	return counts.report(pipelines, integrations, session.Now()), held > maxHeld, progress.clear()
}
