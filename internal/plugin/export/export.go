// Package export writes what the cluster holds to files that other programs read.
package export

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/entry"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
)

// Command returns "export".
func Command(session *kube.Session) *cobra.Command {
	cmd := &cobra.Command{Use: "export", Short: "Write contacts to a file", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return cmd.Help()
	}}
	cmd.AddCommand(contactsCommand(session))
	return cmd
}

func contactsCommand(session *kube.Session) *cobra.Command {
	output, selector := "csv", ""
	cmd := &cobra.Command{
		Use:   "contacts",
		Short: "Write every contact to standard output, as CSV or as one JSON object a line",
		Long: `Write every contact to standard output, as CSV or as one JSON object a line, page by page, so that it takes no memory
however many there are.

In CSV, a cell that a spreadsheet would take for a formula (one that begins with =, +, - or @) gets an apostrophe in
front; "import" takes it away again. Further answers stand in the column attributes, as JSON. The file holds personal
data: keep it accordingly.`,
		Example: "  kubectl contacts export contacts > contacts.csv\n  kubectl contacts export contacts -A -o jsonl | gzip > contacts.jsonl.gz",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			byLabel, err := labels.Parse(selector)
			if err != nil {
				return fmt.Errorf("--selector: %w", err)
			}
			cluster, err := session.Open()
			if err != nil {
				return err
			}
			buffered := bufio.NewWriter(session.Out)
			write, err := writer(output, buffered)
			if err != nil {
				return err
			}
			err = kube.EachContact(cmd.Context(), cluster, write,
				client.InNamespace(cluster.Scope()), client.MatchingLabelsSelector{Selector: byLabel})
			if err != nil {
				return err
			}
			return buffered.Flush()
		},
	}
	session.AddAllNamespaces(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", output, "csv or jsonl")
	cmd.Flags().StringVarP(&selector, "selector", "l", "", "only contacts with these labels, as kubectl selects them")
	kube.CompleteWords(cmd, "output", "csv", "jsonl")
	return cmd
}

// writer returns what writes one contact.
func writer(output string, out io.Writer) (func(*v1alpha1.Contact) error, error) {
	switch output {
	case "csv":
		w := csv.NewWriter(out)
		if err := w.Write(header); err != nil {
			return nil, err
		}
		w.Flush() // a file without contacts has its header, too
		return func(c *v1alpha1.Contact) error {
			row, err := cells(c)
			if err != nil {
				return err
			}
			if err := w.Write(row); err != nil {
				return err
			}
			w.Flush()
			return w.Error()
		}, nil
	case "jsonl":
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		return func(c *v1alpha1.Contact) error { return encoder.Encode(recordOf(c)) }, nil
	}
	return nil, fmt.Errorf("--output is csv or jsonl, not %q", output)
}

// record is a contact as one flat object. The names are those that "import" and the intake know.
type record struct {
	Namespace        string            `json:"namespace"`
	ID               string            `json:"id"`
	Email            string            `json:"email"`
	Name             string            `json:"name,omitempty"`
	Company          string            `json:"company,omitempty"`
	Phone            string            `json:"phone,omitempty"`
	Country          string            `json:"country,omitempty"`
	Location         string            `json:"location,omitempty"`
	Channels         []string          `json:"channels,omitempty"`
	Consent          v1alpha1.Consent  `json:"consent,omitempty"`
	ConsentStatement string            `json:"consentStatement,omitempty"`
	ConsentAt        *time.Time        `json:"consentAt,omitempty"`
	Verdict          v1alpha1.Verdict  `json:"verdict,omitempty"`
	CRM              string            `json:"crm,omitempty"`
	Marketing        string            `json:"marketing,omitempty"`
	Submissions      int32             `json:"submissions"`
	FirstSeen        *time.Time        `json:"firstSeen,omitempty"`
	LastSeen         *time.Time        `json:"lastSeen,omitempty"`
	Attributes       map[string]string `json:"attributes,omitempty"`
}

func recordOf(c *v1alpha1.Contact) record {
	r := record{Namespace: c.Namespace, ID: c.Name, Email: c.Spec.Email, Channels: c.Spec.Channels}
	value := func(v *v1alpha1.FieldValue) string {
		if v == nil {
			return ""
		}
		return v.Value
	}
	r.Name, r.Company = value(c.Spec.Name), value(c.Spec.Company)
	r.Phone, r.Country = value(c.Spec.Phone), value(c.Spec.Country)
	for name, v := range c.Spec.Attributes {
		if r.Attributes == nil {
			r.Attributes = map[string]string{}
		}
		r.Attributes[name] = v.Value
	}
	if a := c.Spec.Consent; a != nil {
		r.Consent, r.ConsentStatement, r.ConsentAt = a.Marketing, a.Statement, &a.AnsweredAt.Time
	}
	if v := c.Status.Verdict; v != nil {
		r.Verdict = v.Result
	}
	if l := c.Status.Location; l != nil {
		r.Location = l.Country
	}
	for _, s := range c.Status.Syncs {
		switch s.Stage {
		case v1alpha1.StageCRMSynced:
			r.CRM = string(s.State)
		case v1alpha1.StageMarketingSynced:
			r.Marketing = string(s.State)
		}
	}
	if c.Status.Submissions != nil {
		r.Submissions = *c.Status.Submissions
	}
	if t := c.Status.FirstSeen; t != nil {
		r.FirstSeen = &t.Time
	}
	if t := c.Status.LastSeen; t != nil {
		r.LastSeen = &t.Time
	}
	return r
}

var header = []string{
	"namespace", "id", "email", "name", "company", "phone", "country", "location", "channels", "consent", "consentStatement",
	"consentAt", "verdict", "crm", "marketing", "submissions", "firstSeen", "lastSeen", "attributes",
}

func cells(c *v1alpha1.Contact) ([]string, error) {
	r := recordOf(c)
	moment := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	attributes := ""
	if len(r.Attributes) > 0 {
		text, err := json.Marshal(r.Attributes)
		if err != nil {
			return nil, err
		}
		attributes = string(text)
	}
	row := []string{
		r.Namespace, r.ID, r.Email, r.Name, r.Company, r.Phone, r.Country, r.Location, strings.Join(r.Channels, " "),
		string(r.Consent), r.ConsentStatement, moment(r.ConsentAt), string(r.Verdict), r.CRM, r.Marketing,
		strconv.Itoa(int(r.Submissions)), moment(r.FirstSeen), moment(r.LastSeen), attributes,
	}
	for i := range row {
		row[i] = entry.Guard(row[i])
	}
	return row, nil
}
