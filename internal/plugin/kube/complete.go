package kube

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd/api"
)

// completionTimeout keeps a shell from hanging on a cluster that does not answer.
const completionTimeout = 3 * time.Second

// Kinds whose names can be completed.
const (
	KindContact    = "Contact"
	KindSubmission = "ContactSubmission"
	KindPipeline   = "ContactPipeline"
)

// CompleteNames completes arguments with the names of objects; maximum is how many arguments make sense, 0 any number.
func (s *Session) CompleteNames(maximum int, kinds ...string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if maximum > 0 && len(args) >= maximum {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		cluster, err := s.Open()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
		defer cancel()
		var found []cobra.Completion
		for _, kind := range kinds {
			all, err := names(ctx, cluster, kind, cluster.Namespace)
			if err != nil {
				continue // a shell has no place for an error, and another kind may be allowed
			}
			for _, name := range all {
				if strings.HasPrefix(name, prefix) && !slices.Contains(args, name) {
					found = append(found, name)
				}
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// CompleteFlags completes the flags of AddFlags: contexts, clusters and users come from the kubeconfig.
func (s *Session) CompleteFlags(cmd *cobra.Command) error {
	for flag, keys := range map[string]func(*api.Config) []string{
		"context": func(c *api.Config) []string { return keysOf(c.Contexts) },
		"cluster": func(c *api.Config) []string { return keysOf(c.Clusters) },
		"user":    func(c *api.Config) []string { return keysOf(c.AuthInfos) },
		"namespace": func(c *api.Config) []string {
			var namespaces []string
			for _, context := range c.Contexts {
				namespaces = append(namespaces, context.Namespace)
			}
			return namespaces
		},
	} {
		err := cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
			config, err := s.flags.ToRawKubeConfigLoader().RawConfig()
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			found := slices.DeleteFunc(keys(&config), func(k string) bool { return k == "" || !strings.HasPrefix(k, prefix) })
			slices.Sort(found)
			return slices.Compact(found), cobra.ShellCompDirectiveNoFileComp
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func keysOf[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

// fixed completes a flag with fixed words.
func fixed(words ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// CompleteWords completes a flag with fixed words. The flag must exist.
func CompleteWords(cmd *cobra.Command, flag string, words ...string) {
	must(cmd.RegisterFlagCompletionFunc(flag, fixed(words...)))
}

// CompletePipelineFlag completes a flag with the names of pipelines. The flag must exist.
func (s *Session) CompletePipelineFlag(cmd *cobra.Command, flag string) {
	must(cmd.RegisterFlagCompletionFunc(flag, s.CompleteNames(0, KindPipeline)))
}

// must stops on what can only be a slip in the code: a completion for a flag that does not exist.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
