package story

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
	"github.com/contact-operator/contact-operator/internal/plugin/person"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// FindCommand returns "find".
func FindCommand(session *kube.Session) *cobra.Command {
	output := ""
	cmd := &cobra.Command{
		Use:   "find EMAIL",
		Short: "Find a person by e-mail address: the Contact and every submission",
		Long: `Find a person by e-mail address, however it is spelled: the Contact, every submission (also those that the operator
has not looked at yet), and the receipt if the person was erased.

The address is looked up by its hash, so this is quick however many contacts there are.`,
		Example: "  kubectl contacts find ada@example.com\n" +
			"  kubectl contacts find ada@example.com -o name | xargs kubectl contacts retry",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(output, outputJSON, outputYAML, outputName); err != nil {
				return err
			}
			address := contact.NormaliseAddress(args[0])
			if !strings.Contains(address, "@") {
				return fmt.Errorf("%q is no e-mail address; for a name use: kubectl contacts show %s", args[0], args[0])
			}
			cluster, err := session.Open()
			if err != nil {
				return err
			}
			people, err := person.Find(cmd.Context(), cluster, contact.Name(address))
			if err != nil {
				return err
			}
			if len(people) == 0 {
				return notFound(cluster, args[0])
			}
			if output == outputName {
				return printNames(session.Out, people)
			}
			if output != "" {
				return printObject(session.Out, output, people)
			}
			t := &teller{style: screen.NewStyle(session.Out, session.Getenv), now: session.Now()}
			for i, p := range people {
				if i > 0 {
					t.line("")
				}
				t.person(p)
			}
			_, err = io.WriteString(session.Out, t.String())
			return err
		},
	}
	session.AddAllNamespaces(cmd)
	addOutput(cmd, &output, outputJSON, outputYAML, outputName)
	return cmd
}

// person tells what a namespace holds of a person.
func (t *teller) person(p *person.Person) {
	if p.Contact != nil {
		t.contact(p.Contact)
	} else {
		t.line("%s", t.style.Bold("No Contact")+t.style.Dim("  in namespace "+p.Namespace+"; it would be named "+p.ContactName))
	}
	if p.Receipt != nil {
		t.line("")
		t.receipt(p.Receipt)
	}
	t.line("")
	if len(p.Submissions) == 0 {
		t.line("No submission is kept any more.")
		return
	}
	t.line("%s", t.style.Bold(screen.Count(len(p.Submissions), "submission")+" kept, the newest first"))
	t.submissions(p.Submissions)
}

func notFound(cluster *kube.Cluster, what string) error {
	if cluster.All {
		return fmt.Errorf("nothing is known of %s in any namespace", what)
	}
	return fmt.Errorf("nothing is known of %s in namespace %s; look in another one with -n, or in all with -A", what, cluster.Namespace)
}
