package story

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/contact-operator/contact-operator/internal/plugin/kube"
	"github.com/contact-operator/contact-operator/internal/plugin/person"
)

const (
	outputJSON = "json"
	outputYAML = "yaml"
	outputName = "name"
)

func addOutput(cmd *cobra.Command, output *string, words ...string) {
	cmd.Flags().StringVarP(output, "output", "o", "", strings.Join(words, ", ")+"; left out: words for people")
	kube.CompleteWords(cmd, "output", words...)
}

func checkOutput(output string, words ...string) error {
	if output == "" || slices.Contains(words, output) {
		return nil
	}
	return fmt.Errorf("--output is one of %s; not %q", strings.Join(words, ", "), output)
}

func printObject(out io.Writer, output string, object any) error {
	var text []byte
	var err error
	if output == outputYAML {
		text, err = yaml.Marshal(object)
	} else {
		text, err = json.MarshalIndent(object, "", "  ")
		text = append(text, '\n')
	}
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// printNames prints what other commands, and kubectl, take as arguments.
func printNames(out io.Writer, people []*person.Person) error {
	var b strings.Builder
	for _, p := range people {
		for i := range p.Submissions {
			b.WriteString("contactsubmission.contact-operator.io/" + p.Submissions[i].Name + "\n")
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
