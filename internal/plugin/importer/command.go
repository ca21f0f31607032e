// Package importer sends a file of contacts as submissions. It can be stopped at any time and goes on where it was: the
// names of the submissions follow from the file, so nothing is sent twice.
package importer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/entry"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// options are the flags of "import".
type options struct {
	session *kube.Session

	pipeline         string
	maps, ignored    []string
	consentColumn    string
	consentStatement string
	receivedAtColumn string
	receivedAt       string
	encoding         string
	separator        string
	progressFile     string
	errorsFile       string
	concurrency      int
	rate             float64
	dryRun, restart  bool
}

// Command returns "import".
func Command(session *kube.Session) *cobra.Command {
	o := &options{session: session}
	cmd := &cobra.Command{
		Use:   "import FILE.csv|FILE.jsonl --pipeline NAME",
		Short: "Send a file of contacts as submissions; can be stopped, and goes on where it was",
		Long: `Send a file of contacts as submissions of a pipeline, which treats them like any other: they are checked, located,
merged by address, and sent on. They give way to what visitors send meanwhile.

Columns are found by their names, whatever the case: email, name, company, phone, country, channel, page, consent,
received-at. --map finds others; what has no field becomes an attribute unless --ignore leaves it out. Try it first with
--dry-run, which says what would be sent and which lines can't be.

Ctrl-C stops it cleanly. The same command goes on from there: how far it has come stands in FILE.progress, and the names
of the submissions follow from the file's content, so that nothing is sent twice in any case. Lines that can't be
imported are written to FILE.errors.csv with the reason.`,
		Example: "  kubectl contacts import old.csv --pipeline newsletter --dry-run\n" +
			"  kubectl contacts import old.csv --pipeline newsletter --map name='First Name+Last Name' --map attributes.plan=Tarif\n" +
			"  kubectl contacts import old.csv --pipeline newsletter --consent-column Newsletter --received-at-column Date",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return []cobra.Completion{"csv", "jsonl"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.pipeline, "pipeline", "", "the ContactPipeline that treats them; required")
	flags.StringArrayVar(&o.maps, "map", nil, "FIELD=COLUMN, or FIELD=COLUMN+COLUMN; may be repeated")
	flags.StringArrayVar(&o.ignored, "ignore", nil, "a column to leave out; may be repeated")
	flags.StringVar(&o.consentColumn, "consent-column", "", "the column with the answer to the marketing question: yes or no; blank is no answer")
	flags.StringVar(&o.consentStatement, "consent-statement", "", "the text that was agreed to or declined")
	flags.StringVar(&o.receivedAtColumn, "received-at-column", "", "the column with the time of each entry; of two about one person the later one wins")
	flags.StringVar(&o.receivedAt, "received-at", "", "the time of every entry without one, for example 2019-03-31 (default: now, so that they win over what is known)")
	flags.StringVar(&o.encoding, "encoding", encodingUTF8, "utf8, latin1 (Windows-1252) or utf16")
	flags.StringVar(&o.separator, "separator", "", "of columns: comma, semicolon or tab (default: found out from the header)")
	flags.StringVar(&o.progressFile, "progress-file", "", "where to keep how far it has come (default: FILE.progress)")
	flags.StringVar(&o.errorsFile, "errors-file", "", "where to write the lines that can't be imported (default: FILE.errors.csv)")
	flags.IntVar(&o.concurrency, "concurrency", 4, "how many are sent at a time, at most 64")
	flags.Float64Var(&o.rate, "rate", 50, "how many are sent a second at most; 0 is no limit")
	flags.BoolVar(&o.dryRun, "dry-run", false, "send nothing; say what would be sent, and which lines can't be")
	flags.BoolVar(&o.restart, "restart", false, "begin anew, although an earlier import of the file is not complete")
	session.CompletePipelineFlag(cmd, "pipeline")
	kube.CompleteWords(cmd, "encoding", encodingUTF8, encodingLatin1, encodingUTF16)
	kube.CompleteWords(cmd, "separator", "comma", "semicolon", "tab")
	return cmd
}

// work is what the flags come to.
type work struct {
	source   *source
	survey   survey
	mapping  *mapping
	received *time.Time
}

// prepare checks the flags and reads the file once. It sends nothing.
func (o *options) prepare(path string) (*work, error) {
	separators := map[string]byte{"": 0, "comma": ',', "semicolon": ';', "tab": '\t'}
	separator, known := separators[o.separator]
	switch {
	case o.pipeline == "":
		return nil, errors.New("--pipeline is required: which ContactPipeline treats them? (kubectl get cpipe)")
	case o.concurrency < 1 || o.concurrency > 64:
		return nil, errors.New("--concurrency is between 1 and 64")
	case o.rate < 0:
		return nil, errors.New("--rate is 0 for no limit, or a number a second")
	case !known:
		return nil, fmt.Errorf("--separator is comma, semicolon or tab, not %q", o.separator)
	case o.encoding != encodingUTF8 && o.encoding != encodingLatin1 && o.encoding != encodingUTF16:
		return nil, fmt.Errorf("--encoding is utf8, latin1 or utf16, not %q", o.encoding)
	}
	w := &work{source: &source{path: path, encoding: o.encoding, separator: separator}}
	var err error
	if w.received, err = entry.ParseTime(o.receivedAt, o.session.Now()); err != nil {
		return nil, fmt.Errorf("--received-at: %w", err)
	}
	if w.mapping, err = newMapping(o.maps, o.ignored); err != nil {
		return nil, err
	}
	for field, column := range map[string]string{fieldConsent: o.consentColumn, fieldReceivedAt: o.receivedAtColumn} {
		if column == "" {
			continue
		}
		if err := w.mapping.set(field, column); err != nil {
			return nil, err
		}
	}
	if w.survey, err = w.source.look(); err != nil {
		return nil, err
	}
	return w, nil
}

// settings is a hash of what decides, beside the file, what is sent.
func (o *options) settings() string {
	text := fmt.Sprintf("%q", []any{
		o.maps, o.ignored, o.consentColumn, o.consentStatement, o.receivedAtColumn, o.receivedAt, o.encoding, o.separator,
	})
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

func (o *options) run(cmd *cobra.Command, path string) error {
	w, err := o.prepare(path)
	if err != nil {
		return err
	}
	if err := o.introduce(w); err != nil {
		return err
	}
	cluster, err := o.session.Open()
	if err != nil {
		return err
	}
	pipeline, err := kube.Pipeline(cmd.Context(), cluster, o.pipeline)
	if err != nil {
		return err
	}
	if o.dryRun {
		return o.rehearse(cmd.Context(), w)
	}
	return o.send(cmd.Context(), w, cluster, pipeline)
}

// introduce says where each column goes.
func (o *options) introduce(w *work) error {
	out := screen.NewPrinter(o.session.ErrOut)
	out.Line(w.source.path, ": ", screen.Count(int(w.survey.total), "line"))
	if w.survey.header != nil {
		p, err := w.mapping.resolve(w.survey.header, true)
		if err != nil {
			return err
		}
		out.Print(screen.Columns(p.describe(w.survey.header)))
	}
	return out.Err()
}

// send imports the file, or what is left of it.
func (o *options) send(ctx context.Context, w *work, cluster *kube.Cluster, pipeline *v1alpha1.ContactPipeline) error {
	progressFile, errorsFile := o.progressFile, o.errorsFile
	if progressFile == "" {
		progressFile = w.source.path + ".progress"
	}
	if errorsFile == "" {
		errorsFile = w.source.path + ".errors.csv"
	}
	goal := target{
		File: w.survey.hash, Namespace: cluster.Namespace, Pipeline: o.pipeline, Settings: o.settings(),
		// An address of the cluster may change; that of a pipeline that can't be read is the best there is.
		UID: cmp.Or(string(pipeline.UID), cluster.Server),
	}
	out := screen.NewPrinter(o.session.Out)
	state, err := o.state(progressFile, goal)
	if err != nil {
		return err
	}
	if state.Complete {
		out.Line("This file has been imported already; --restart sends it again, which creates only what is not there any more.")
		out.Print(summary(state.counts, errorsFile))
		return out.Err()
	}
	if state.Read > 0 {
		out.Line("Going on: ", screen.Number(int(state.Read)), " of ", screen.Count(int(w.survey.total), "line"), " are done.")
	}
	all, file, err := w.source.open()
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	problems, err := openFaults(errorsFile, state.ErrorsSize)
	if err != nil {
		return err
	}
	r := &run{
		records: all, plans: &plans{mapping: w.mapping}, sender: newSender(cluster, o.rate, o.concurrency), target: goal,
		channel: kube.Channel(pipeline), received: w.received, statement: o.consentStatement, concurrency: o.concurrency, now: o.session.Now,
		state: state, path: progressFile, faults: problems,
		progress: newProgress(o.session.ErrOut, w.survey.total, state.Read, o.session.Getenv("NO_COLOR") == ""),
	}
	err = r.do(ctx)
	r.progress.end()
	err = errors.Join(err, problems.close())
	out.Print(summary(state.counts, errorsFile))
	if err != nil {
		out.Line("Stopped with ", screen.Number(int(state.Read)), " of ", screen.Count(int(w.survey.total), "line"),
			" done. The same command goes on from there.")
	} else if state.Failed > 0 {
		err = fmt.Errorf("%s could not be imported; see %s", screen.Count(int(state.Failed), "line"), errorsFile)
	}
	return errors.Join(err, out.Err())
}

// state returns how far the import has come.
func (o *options) state(path string, goal target) (*checkpoint, error) {
	fresh := &checkpoint{Target: goal, Began: o.session.Now().UTC().Truncate(time.Millisecond)}
	if o.restart {
		return fresh, nil
	}
	state, err := loadCheckpoint(path)
	if err != nil {
		return nil, err
	}
	if state == nil {
		return fresh, nil
	}
	return state, state.fits(path, goal)
}

// summary tells what became of the lines.
func summary(c counts, errorsFile string) string {
	rows := [][]string{
		{"read", screen.Number(int(c.Read)), ""},
		{"created", screen.Number(int(c.Created)), ""},
		{"already there", screen.Number(int(c.Already)), ""},
		{"blank, skipped", screen.Number(int(c.Blank)), ""},
		{"failed", screen.Number(int(c.Failed)), ""},
	}
	if c.Failed > 0 {
		rows[4][2] = "see " + errorsFile
	}
	width := 0
	for _, row := range rows {
		width = max(width, screen.Width(row[1]))
	}
	for _, row := range rows {
		row[0] = "  " + row[0]
		row[1] = strings.Repeat(" ", width-screen.Width(row[1])) + row[1]
	}
	return screen.Columns(rows)
}
