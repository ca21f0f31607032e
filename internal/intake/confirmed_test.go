package intake

import (
	"context"
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// apiSaying is an API server that has one pipeline, or fails.
type apiSaying struct {
	client.Reader
	has   string
	err   error
	asked int
}

func (a *apiSaying) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	a.asked++
	if a.err != nil {
		return a.err
	}
	if key.Name != a.has {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "contactpipelines"}, key.Name)
	}
	o.SetNamespace(key.Namespace)
	o.SetName(key.Name)
	return nil
}

func TestAnUnknownPipelineIsConfirmed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		namespace, name string
		api             apiSaying
		want            string
		err             error
		asked           int
	}{
		"known to the watch":                {namespace: "contacts", name: "trial", want: "trial"},
		"made while the watch was behind":   {namespace: "contacts", name: "new", api: apiSaying{has: "new"}, want: "new", asked: 1},
		"not there":                         {namespace: "contacts", name: "wrong", asked: 1},
		"not to be read":                    {namespace: "contacts", name: "new", api: apiSaying{err: apierrors.NewForbidden(schema.GroupResource{}, "new", nil)}, asked: 1},
		"the API server is away":            {namespace: "contacts", name: "new", api: apiSaying{err: errors.New("connection refused")}, err: errUnconfirmed, asked: 1},
		"in a namespace that is not served": {namespace: "others", name: "new", api: apiSaying{has: "new"}},
		"no name at all":                    {namespace: "contacts", name: "../secrets", api: apiSaying{has: "../secrets"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trial := v1alpha1.ContactPipeline{}
			trial.Namespace, trial.Name = "contacts", "trial"
			watch := &watchedPipelines{synced: true, all: []v1alpha1.ContactPipeline{trial}}
			got, err := confirm(watch, &tc.api, "contacts").Get(t.Context(), tc.namespace, tc.name)
			if !errors.Is(err, tc.err) || (got == nil) != (tc.want == "") || (got != nil && got.Name != tc.want) {
				t.Errorf("got %v, %v; want %q, %v", got, err, tc.want, tc.err)
			}
			if tc.api.asked != tc.asked {
				t.Errorf("the API server was asked %d times, want %d", tc.api.asked, tc.asked)
			}
		})
	}
}

func TestStrangersCantHaveTheAPIServerAsked(t *testing.T) {
	t.Parallel()
	api := &apiSaying{}
	p := confirm(&watchedPipelines{synced: true}, api, "")
	for range 1000 {
		if got, err := p.Get(t.Context(), "contacts", "guess"); got != nil || err != nil {
			t.Fatalf("got %v, %v", got, err)
		}
	}
	if api.asked < 1 || api.asked > 100 {
		t.Errorf("the API server was asked %d times about 1000 guesses", api.asked)
	}
}
