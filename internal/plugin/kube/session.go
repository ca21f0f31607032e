// Package kube is the plugin's way to the API server: with the user's own rights, without a cache, one page at a time.
package kube

import (
	"cmp"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// Session is one run of the plugin: its flags, its streams and its clock.
type Session struct {
	genericiooptions.IOStreams
	// Now tells the time.
	Now func() time.Time
	// Getenv reads the environment.
	Getenv func(string) string

	flags         *genericclioptions.ConfigFlags
	allNamespaces bool
}

// NewSession returns a session that speaks to the cluster of the flags given later.
func NewSession(streams genericiooptions.IOStreams, getenv func(string) string) *Session {
	flags := genericclioptions.NewConfigFlags(true)
	flags.CacheDir = nil // the kinds are known, so nothing is discovered and nothing cached
	return &Session{IOStreams: streams, Now: time.Now, Getenv: getenv, flags: flags}
}

// AddFlags adds the flags by which kubectl chooses a cluster, a user and a namespace.
func (s *Session) AddFlags(flags *pflag.FlagSet) { s.flags.AddFlags(flags) }

// AddAllNamespaces adds -A to a command that can look at every namespace.
func (s *Session) AddAllNamespaces(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&s.allNamespaces, "all-namespaces", "A", false, "look at every namespace; needs the right to read them all")
}

// Cluster is an API server with the namespace that the user chose.
type Cluster struct {
	client.Client
	// Namespace is where names are looked up; it is never empty.
	Namespace string
	// All is set by -A: lists cover every namespace.
	All bool
	// Server is the API server's address.
	Server string
}

// Scope returns the namespace that lists cover; "" is every one.
func (c *Cluster) Scope() string {
	if c.All {
		return ""
	}
	return c.Namespace
}

// Open reads the kubeconfig. It makes no call yet.
func (s *Session) Open() (*Cluster, error) {
	config, err := s.flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	namespace, _, err := s.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // the API server's own priority and fairness does it better
	config.UserAgent = "kubectl-contacts"
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	c, err := client.New(config, client.Options{Scheme: scheme, Mapper: mapper()})
	if err != nil {
		return nil, err
	}
	return &Cluster{Client: c, Namespace: cmp.Or(namespace, "default"), All: s.allNamespaces, Server: config.Host}, nil
}

// mapper knows the kinds of this project, so that no discovery is needed: a user may lack the right, and it costs a call.
func mapper() meta.RESTMapper {
	m := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion})
	for _, kind := range []string{"Contact", "ContactPipeline", "ContactSubmission", "ErasureReceipt", "Integration"} {
		m.Add(v1alpha1.GroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	return m
}
