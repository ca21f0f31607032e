package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
)

func TestParseRef(t *testing.T) {
	ada := contact.Name("ada@example.com")
	for name, tc := range map[string]struct {
		argument string
		want     Ref
		wantErr  bool
	}{
		"a name":                {argument: "k3jf", want: Ref{Name: "k3jf"}},
		"as kubectl prints it":  {argument: "contactsubmission.contact-operator.io/k3jf", want: Ref{Kind: KindSubmission, Name: "k3jf"}},
		"short name":            {argument: "csub/k3jf", want: Ref{Kind: KindSubmission, Name: "k3jf"}},
		"a contact":             {argument: "contacts/k3jf", want: Ref{Kind: KindContact, Name: "k3jf"}},
		"an address":            {argument: " Ada@Example.COM", want: Ref{Kind: KindContact, Name: ada, Address: "ada@example.com"}},
		"of another group":      {argument: "contact.example.com/k3jf", wantErr: true},
		"of another kind":       {argument: "pod/k3jf", wantErr: true},
		"nothing":               {argument: "", wantErr: true},
		"a path":                {argument: "csub/../k3jf", wantErr: true},
		"an address with slash": {argument: "a/b@example.com", want: Ref{Kind: KindContact, Name: contact.Name("a/b@example.com"), Address: "a/b@example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseRef(tc.argument)
			if (err != nil) != tc.wantErr {
				t.Fatalf("error %v, want one: %v", err, tc.wantErr)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	submissions := schema.GroupResource{Group: "contact-operator.io", Resource: "contactsubmissions"}
	refused := &url.Error{Op: "Get", URL: "https://127.0.0.1:1", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}
	for name, tc := range map[string]struct {
		reason string
		err    error
		want   string
	}{
		"no kind": {
			"the API server knows no such path",
			apierrors.NewGenericServerResponse(http.StatusNotFound, "list", submissions, "", "404 page not found", 0, true),
			"not installed",
		},
		"no object": {"what is missing is named", apierrors.NewNotFound(submissions, "k3jf"), `"k3jf" not found`},
		"may not read": {
			"the role that is missing is named",
			apierrors.NewForbidden(submissions, "", errors.New(`User "eve" cannot list resource`)),
			"contact-operator-contactsubmission-viewer",
		},
		"may not write": {
			"another role is missing", apierrors.NewForbidden(submissions, "k3jf", errors.New(`User "eve" cannot patch resource`)),
			"contact-operator-contactsubmission-editor",
		},
		"no login":      {"say what to do", apierrors.NewUnauthorized("no"), "log in again"},
		"no connection": {"say where to look", fmt.Errorf("list: %w", refused), "--kubeconfig"},
		"stopped":       {"no trace of what was being asked", fmt.Errorf("%w; goes on by itself", context.Canceled), "stopped; goes on by itself"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Explain(tc.err); !strings.Contains(got, tc.want) {
				t.Errorf("%s: got %q, want it to hold %q", tc.reason, got, tc.want)
			}
		})
	}
}

func TestPagesGoOnAfterExpiry(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	var tokens []string
	pages := map[string]string{"": "first", "again": "second"}
	c := fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(interceptor.Funcs{
		List: func(_ context.Context, _ client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			asked := (&client.ListOptions{}).ApplyOptions(options)
			tokens = append(tokens, asked.Continue)
			if asked.Limit != pageSize {
				t.Errorf("asked for %d objects at a time", asked.Limit)
			}
			if asked.Continue == "old" {
				expired := apierrors.NewResourceExpired("too old")
				expired.ErrStatus.Continue = "again"
				return expired
			}
			found := list.(*v1alpha1.ContactList)
			found.Items = []v1alpha1.Contact{{ObjectMeta: metav1.ObjectMeta{Name: pages[asked.Continue]}}}
			if asked.Continue == "" {
				found.Continue = "old"
			}
			return nil
		},
	}).Build()
	var names []string
	err := EachContact(t.Context(), c, func(c *v1alpha1.Contact) error { names = append(names, c.Name); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"first", "second"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"", "old", "again"}, tokens); diff != "" {
		t.Error(diff)
	}
}
