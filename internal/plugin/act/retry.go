package act

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

const (
	// askAbove is how many submissions are retried without asking.
	askAbove = 100
	// inFlight is how many patches are on their way at a time: more would only queue inside the API server.
	inFlight = 4
)

type retry struct {
	session         *kube.Session
	selector        string
	fieldSelector   string
	allStalled      bool
	dryRun, confirm bool // confirm: --yes was given
}

// RetryCommand returns "retry".
func RetryCommand(session *kube.Session) *cobra.Command {
	r := &retry{session: session}
	cmd := &cobra.Command{
		Use:   "retry NAME… | -l SELECTOR | --field-selector SELECTOR | --all-stalled",
		Short: "Ask for submissions to be processed again, now",
		Long: `Ask for everything to be done again, now: stages that have not ended well are taken, whatever was planned, and the CRM
and marketing are written to, whatever they are believed to hold.

A submission that waits for a system goes on by itself when the system answers again, so it needs no retry.`,
		Example: "  kubectl contacts retry k3jfu2m5x7c4wq6ynzt5arb2de\n" +
			"  kubectl contacts retry --all-stalled --dry-run\n" +
			"  kubectl contacts retry --field-selector status.state=Held",
		RunE:              func(cmd *cobra.Command, args []string) error { return r.run(cmd.Context(), args) },
		ValidArgsFunction: session.CompleteNames(0, kube.KindSubmission),
	}
	session.AddAllNamespaces(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&r.selector, "selector", "l", "", "retry the submissions with these labels, as kubectl selects them")
	flags.StringVar(&r.fieldSelector, "field-selector", "", "retry the submissions with these fields: status.state, status.contactName, metadata.name")
	flags.BoolVar(&r.allStalled, "all-stalled", false, "retry the submissions that can't move without a person and were not rejected")
	flags.BoolVar(&r.dryRun, "dry-run", false, "only print what would be retried")
	flags.BoolVarP(&r.confirm, "yes", "y", false, fmt.Sprintf("don't ask when there are more than %d", askAbove))
	return cmd
}

func (r *retry) run(ctx context.Context, args []string) error {
	selecting := r.selector != "" || r.fieldSelector != "" || r.allStalled
	if selecting == (len(args) > 0) {
		return errors.New("give either names, or one of --selector, --field-selector and --all-stalled")
	}
	cluster, err := r.session.Open()
	if err != nil {
		return err
	}
	if cluster.All && !selecting {
		return errors.New("a name stands for a submission in one namespace: give it with -n instead of -A")
	}
	var targets []target
	if selecting {
		targets, err = r.selected(ctx, cluster)
	} else {
		targets, err = named(ctx, cluster, args)
	}
	if err != nil {
		return err
	}
	out := screen.NewPrinter(r.session.Out)
	switch {
	case len(targets) == 0:
		out.Line("No submission is selected: nothing to retry.")
		return out.Err()
	case r.dryRun:
		for _, t := range targets {
			out.Line("contactsubmission/", t.Name, " would be retried (", describe(t), ")")
		}
		out.Line(screen.Count(len(targets), "submission"), " would be retried.")
		return out.Err()
	case len(targets) > askAbove && !r.confirm:
		question := "Retry " + screen.Count(len(targets), "submission") + "?"
		if err := screen.Confirm(r.session.In, r.session.ErrOut, question); err != nil {
			return err
		}
	}
	return r.request(ctx, cluster, targets, out)
}

// selected reads the submissions that the flags select.
func (r *retry) selected(ctx context.Context, cluster *kube.Cluster) ([]target, error) {
	byLabel, err := labels.Parse(r.selector)
	if err != nil {
		return nil, fmt.Errorf("--selector: %w", err)
	}
	byField, err := fields.ParseSelector(r.fieldSelector)
	if err != nil {
		return nil, fmt.Errorf("--field-selector: %w", err)
	}
	if r.allStalled {
		byField = fields.AndSelectors(byField, fields.OneTermEqualSelector("status.state", string(v1alpha1.StateHeld)))
	}
	var targets []target
	err = kube.EachSubmission(ctx, cluster, func(s *v1alpha1.ContactSubmission) error {
		t := targetOf(s)
		if !r.allStalled || t.ready == v1alpha1.ReasonStalled {
			targets = append(targets, t)
		}
		return nil
	}, client.InNamespace(cluster.Scope()), client.MatchingLabelsSelector{Selector: byLabel}, client.MatchingFieldsSelector{Selector: byField})
	return targets, err
}

// request asks for the retries, a few at a time. One that has gone meanwhile is no failure.
func (r *retry) request(ctx context.Context, cluster *kube.Cluster, targets []target, out *screen.Printer) error {
	at := r.session.Now().UTC().Format(time.RFC3339Nano)
	var asked, gone, completed atomic.Int64
	var mu sync.Mutex
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for _, t := range targets {
		if groupCtx.Err() != nil {
			break
		}
		group.Go(func() error {
			err := annotate(groupCtx, cluster, t, v1alpha1.AnnotationRetry, at)
			if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
				gone.Add(1)
				return nil
			}
			if err != nil {
				return fmt.Errorf("contactsubmission/%s: %w", t.Name, err)
			}
			asked.Add(1)
			if t.state == v1alpha1.StateCompleted {
				completed.Add(1)
			}
			mu.Lock()
			defer mu.Unlock()
			out.Line("contactsubmission/", t.Name, " retry requested (", describe(t), ")")
			return nil
		})
	}
	err := group.Wait()
	if err == nil {
		err = ctx.Err()
	}
	if len(targets) > 1 || err != nil {
		out.Line(screen.Number(int(asked.Load())), " of ", screen.Count(len(targets), "submission"), " asked to be retried.")
	}
	if n := gone.Load(); n > 0 {
		out.Line(screen.Count(int(n), "submission"), " had been deleted meanwhile.")
	}
	if n := completed.Load(); n > 0 {
		out.Line(screen.Count(int(n), "completed submission"), " among them: the operator looks at those within the hour.")
	}
	return errors.Join(err, out.Err())
}

// describe says how a submission is.
func describe(t target) string {
	if t.ready == "" {
		return "not picked up yet"
	}
	return t.ready
}
