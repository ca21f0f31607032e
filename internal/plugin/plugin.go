// Package plugin is the kubectl plugin "kubectl contacts": a person's hands on submissions and contacts. It works through
// the API server alone, with the user's own rights; each command has a package of its own.
package plugin

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/contact-operator/contact-operator/internal/plugin/act"
	"github.com/contact-operator/contact-operator/internal/plugin/erase"
	"github.com/contact-operator/contact-operator/internal/plugin/export"
	"github.com/contact-operator/contact-operator/internal/plugin/importer"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
	"github.com/contact-operator/contact-operator/internal/plugin/status"
	"github.com/contact-operator/contact-operator/internal/plugin/story"
	"github.com/contact-operator/contact-operator/internal/plugin/submit"
)

// completionName is what kubectl looks for on the PATH when it completes "kubectl contacts". A link of that name to the
// plugin is enough.
const completionName = "kubectl_complete-contacts"

// The exit codes. That of a stopped command is the one that shells use for Ctrl-C.
const (
	exitOK      = 0
	exitFailed  = 1
	exitStopped = 130
)

// Run runs the plugin with the arguments of its process, the first being its own name, and returns the exit code.
func Run(ctx context.Context, arguments []string, streams genericiooptions.IOStreams, getenv func(string) string) int {
	name, args := filepath.Base(arguments[0]), arguments[1:]
	if name == completionName {
		args = append([]string{cobra.ShellCompRequestCmd}, args...)
	}
	cmd, err := New(streams, getenv)
	if err == nil {
		cmd.SetArgs(args)
		err = cmd.ExecuteContext(ctx)
	}
	if err == nil {
		return exitOK
	}
	// Nothing can be done when not even this can be written.
	_, _ = io.WriteString(streams.ErrOut, "error: "+kube.Explain(err)+"\n")
	if errors.Is(err, context.Canceled) {
		return exitStopped
	}
	return exitFailed
}

// New returns the command with all that is below it.
func New(streams genericiooptions.IOStreams, getenv func(string) string) (*cobra.Command, error) {
	session := kube.NewSession(streams, getenv)
	root := &cobra.Command{
		Use:   "contacts",
		Short: "See and steer the submissions and contacts of contact-operator",
		Long: `See and steer the submissions and contacts of contact-operator: how each link is, what became of a submission, what is
known of a person. Works through the API server alone, with your own rights.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl contacts"},
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	session.AddFlags(root.PersistentFlags())
	if err := session.CompleteFlags(root); err != nil {
		return nil, err
	}
	root.AddCommand(
		status.Command(session), story.FindCommand(session), story.ShowCommand(session),
		act.RetryCommand(session), act.AcceptCommand(session), erase.Command(session),
		submit.Command(session), importer.Command(session), export.Command(session),
	)
	return root, nil
}
