// Package spoolcmd is contact-intake spool: what an administrator does with the spool, above all with its dead letters.
//
// It asks the intake that has the spool open, through the socket in the spool's folder; where none runs, it opens the file
// itself.
package spoolcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/intake/spool"
)

// settings of all subcommands.
type settings struct {
	dir, keyFile string
	limit        int64
	query        spool.Query
	all, yes     bool
	asJSON       bool
}

// New makes the command.
func New() *cobra.Command {
	s := &settings{}
	root := &cobra.Command{
		Use:   "spool",
		Short: "Look at the intake's spool, and decide about its dead letters.",
		Long: "The spool keeps what the API server could not take at once, until it is handed over. What the API server refuses for good, and what\n" +
			"can't be read, becomes a dead letter: nothing happens to it until an administrator retries or purges it.",
		SilenceUsage: true, SilenceErrors: true,
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: "contact-intake spool"},
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.PersistentFlags().StringVar(&s.dir, "spool-dir", "", "Folder of the spool, as given to the intake.")
	root.PersistentFlags().StringVar(&s.keyFile, "spool-key-file", "", "Keys of an encrypted spool. Needed only while no intake runs.")
	root.PersistentFlags().Int64Var(&s.limit, "spool-max-bytes", 1<<30, "Limit of the spool's file, as given to the intake. Needed only while no intake runs.")
	_ = root.MarkPersistentFlagRequired("spool-dir")

	list := s.command("list [NAME...]", "List dead letters, without what was sent.", s.list)
	list.Flags().BoolVar(&s.asJSON, "json", false, "One JSON object a line.")
	show := s.command("show NAME...", "Show entries with what was sent. That is personal data.", s.show)
	export := s.command("export [NAME...]", "Write entries as ContactSubmissions, one JSON object a line, for kubectl create -f -. That is personal data.", s.export)
	retry := s.command("retry NAME...|--all", "Put dead letters back in the queue.", s.retry)
	retry.Flags().BoolVar(&s.all, "all", false, "All that the other flags name.")
	purge := s.command("purge NAME...|--all --yes", "Delete dead letters for good.", s.purge)
	purge.Flags().BoolVar(&s.all, "all", false, "All that the other flags name.")
	purge.Flags().BoolVar(&s.yes, "yes", false, "Needed: what is purged is nowhere else.")
	for _, c := range []*cobra.Command{list, show, export, purge} {
		c.Flags().BoolVar(&s.query.Pending, "pending", false, "What waits, instead of the dead letters.")
	}
	for _, c := range []*cobra.Command{list, show, export, retry, purge} {
		c.Flags().StringVarP(&s.query.Namespace, "namespace", "n", "", "Of this namespace only.")
		c.Flags().StringVar(&s.query.Reason, "reason", "", "Dead letters with this reason only: invalid, too_large, corrupt, newer_version or no_key.")
	}
	stats := s.command("stats", "Say how much there is, as JSON.", s.stats)
	stats.Args = cobra.NoArgs
	root.AddCommand(list, show, export, retry, purge, stats)
	return root
}

func (s *settings) command(use, short string, run func(ctx context.Context, admin spool.Admin, out io.Writer) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, RunE: func(cmd *cobra.Command, names []string) error {
		s.query.Names = names
		admin, done, err := s.open(cmd.Context())
		if err != nil {
			return err
		}
		defer done()
		return run(cmd.Context(), admin, cmd.OutOrStdout())
	}}
}

// open finds the intake that has the spool, or opens the file.
func (s *settings) open(ctx context.Context) (spool.Admin, func(), error) {
	if _, err := os.Stat(s.dir); err != nil {
		return nil, nil, fmt.Errorf("--spool-dir: %w", err)
	}
	admin, err := spool.Dial(ctx, s.dir)
	if err == nil {
		return admin, func() {}, nil
	}
	if !errors.Is(err, spool.ErrNoServer) {
		return nil, nil, err
	}
	var ring *spool.Keyring
	if s.keyFile != "" {
		content, err := os.ReadFile(s.keyFile)
		if err != nil {
			return nil, nil, fmt.Errorf("--spool-key-file: %w", err)
		}
		if ring, err = spool.ParseKeys(content); err != nil {
			return nil, nil, fmt.Errorf("--spool-key-file %s: %w", s.keyFile, err)
		}
	}
	store, err := spool.Open(spool.Options{
		Dir: s.dir, Limit: s.limit, Keys: func() *spool.Keyring { return ring }, KeepDamaged: true, MustExist: true, Log: logr.Discard(),
	})
	if errors.Is(err, spool.ErrLocked) {
		return nil, nil, fmt.Errorf("%w, and does not answer on the socket beside it: look at that intake's log, or stop it first", err)
	}
	if err != nil {
		return nil, nil, err
	}
	return store, store.Close, nil
}

// each calls visit for every entry that is meant.
func (s *settings) each(ctx context.Context, admin spool.Admin, visit func(spool.Item) error) (int, error) {
	found := 0
	for q := s.query; ; {
		page, err := admin.List(ctx, q)
		if err != nil {
			return found, err
		}
		for _, item := range page.Items {
			found++
			if err := visit(item); err != nil {
				return found, err
			}
		}
		if q.After = page.Next; q.After == "" {
			return found, nil
		}
	}
}

func (s *settings) list(ctx context.Context, admin spool.Admin, out io.Writer) error {
	if s.asJSON {
		encoder := json.NewEncoder(out)
		_, err := s.each(ctx, admin, func(i spool.Item) error { return encoder.Encode(i) })
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(table, "NAMESPACE\tNAME\tRECEIVED\tBYTES\tREASON\tSINCE")
	found, err := s.each(ctx, admin, func(i spool.Item) error {
		since := ""
		if !i.DiedAt.IsZero() {
			since = i.DiedAt.Format(time.RFC3339)
		}
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n", i.Namespace, i.Name, i.ReceivedAt.Format(time.RFC3339), i.Bytes, i.Reason, since)
		return err
	})
	if err != nil {
		return err
	}
	if found == 0 {
		_, err := fmt.Fprintln(out, "There are none.")
		return err
	}
	return table.Flush()
}

func (s *settings) show(ctx context.Context, admin spool.Admin, out io.Writer) error {
	if len(s.query.Names) == 0 {
		return errors.New("name what to show")
	}
	s.query.Objects = true
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	found, err := s.each(ctx, admin, func(i spool.Item) error { return encoder.Encode(i) })
	if err == nil && found == 0 {
		err = errNone
	}
	return err
}

var errNone = errors.New("there is no such entry; see contact-intake spool list, with --pending for what waits")

// export writes what kubectl can create. What can't be read is named at the end.
func (s *settings) export(ctx context.Context, admin spool.Admin, out io.Writer) error {
	s.query.Objects = true
	encoder := json.NewEncoder(out)
	unreadable := map[string]int{}
	_, err := s.each(ctx, admin, func(i spool.Item) error {
		submission := &v1alpha1.ContactSubmission{}
		problem := i.Problem
		if problem == "" && json.Unmarshal(i.Object, submission) != nil {
			problem = "it is no submission"
		}
		if problem != "" {
			unreadable[problem]++
			return nil
		}
		submission.APIVersion, submission.Kind = v1alpha1.GroupVersion.String(), "ContactSubmission"
		submission.Namespace, submission.Name = i.Namespace, i.Name
		return encoder.Encode(submission)
	})
	if err != nil {
		return err
	}
	for _, problem := range slices.Sorted(maps.Keys(unreadable)) {
		err = errors.Join(err, fmt.Errorf("%d not exported: %s", unreadable[problem], problem))
	}
	return err
}

// meant refuses to act on everything by oversight.
func (s *settings) meant() error {
	if s.all == (len(s.query.Names) > 0) {
		return errors.New("give either names or --all")
	}
	return nil
}

func (s *settings) retry(ctx context.Context, admin spool.Admin, out io.Writer) error {
	if err := s.meant(); err != nil {
		return err
	}
	n, err := admin.Retry(ctx, s.query)
	return s.report(out, n, err, "put back in the queue")
}

func (s *settings) purge(ctx context.Context, admin spool.Admin, out io.Writer) error {
	if err := s.meant(); err != nil {
		return err
	}
	if !s.yes {
		return errors.New("what is purged is lost: export it first if in doubt, then give --yes")
	}
	n, err := admin.Purge(ctx, s.query)
	return s.report(out, n, err, "deleted")
}

func (s *settings) report(out io.Writer, n int, err error, done string) error {
	if err != nil {
		return err
	}
	if n == 0 && !s.all {
		return errNone
	}
	_, err = fmt.Fprintf(out, "%d %s\n", n, done)
	return err
}

func (s *settings) stats(ctx context.Context, admin spool.Admin, out io.Writer) error {
	figures, err := admin.Stats(ctx)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(figures)
}
