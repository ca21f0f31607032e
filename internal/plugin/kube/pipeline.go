package kube

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// Pipeline reads the pipeline that new submissions name. It fails when there is none, since they would wait for it.
// Without the right to read pipelines it returns one with nothing but its name.
func Pipeline(ctx context.Context, cluster *Cluster, name string) (*v1alpha1.ContactPipeline, error) {
	p := &v1alpha1.ContactPipeline{}
	err := cluster.Get(ctx, In(cluster.Namespace, name), p)
	switch {
	case err == nil:
		return p, nil
	case apierrors.IsForbidden(err):
		p.Namespace, p.Name = cluster.Namespace, name
		return p, nil
	case !apierrors.IsNotFound(err) || Missing(err):
		return nil, err
	}
	all, err := Pipelines(ctx, cluster, client.InNamespace(cluster.Namespace))
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range all {
		names = append(names, all[i].Name)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no ContactPipeline %s, nor any other, in namespace %s; choose the namespace with -n",
			name, cluster.Namespace)
	}
	return nil, fmt.Errorf("there is no ContactPipeline %s in namespace %s, only: %s", name, cluster.Namespace, strings.Join(names, ", "))
}

// Channel is what submissions of a pipeline are said to come from when they don't say it themselves.
func Channel(p *v1alpha1.ContactPipeline) string { return cmp.Or(p.Spec.Form.Channel, p.Name) }
