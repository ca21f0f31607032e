package kube

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
)

// kinds are the ways to write a kind before a slash, as kubectl prints and takes it.
var kinds = map[string]string{
	"contact": KindContact, "contacts": KindContact,
	"csub": KindSubmission, "contactsubmission": KindSubmission, "contactsubmissions": KindSubmission,
}

// Ref is what an argument names.
type Ref struct {
	// Kind is KindContact, KindSubmission, or "" when the argument does not say.
	Kind string
	// Name of the object. For an address it is the name of that person's Contact.
	Name string
	// Address is the normalised address, when the argument is one.
	Address string
}

// ParseRef reads an argument: a name, a name after its kind ("csub/x"), or an e-mail address.
func ParseRef(argument string) (Ref, error) {
	if address := contact.NormaliseAddress(argument); strings.Contains(address, "@") {
		return Ref{Kind: KindContact, Name: contact.Name(address), Address: address}, nil
	}
	ref := Ref{Name: argument}
	if kind, name, found := strings.Cut(argument, "/"); found {
		resource, group, _ := strings.Cut(strings.ToLower(kind), ".")
		ref.Kind, ref.Name = kinds[resource], name
		if ref.Kind == "" || (group != "" && group != v1alpha1.GroupVersion.Group) {
			return Ref{}, fmt.Errorf("%q is no kind that this command knows: give a name, contact/NAME or contactsubmission/NAME", kind)
		}
	}
	if ref.Name == "" || strings.ContainsAny(ref.Name, "/ %?#") {
		return Ref{}, fmt.Errorf("%q is neither a name nor an e-mail address", argument)
	}
	return ref, nil
}

// In returns the key of a name in a namespace.
func In(namespace, name string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: name}
}

// Unpicked selects the submissions that the operator has not looked at yet: nothing but their data says whose they are.
var Unpicked = client.MatchingFields{"status.contactName": ""}

// OfContact selects the submissions of a Contact.
func OfContact(name string) client.MatchingFields {
	return client.MatchingFields{"status.contactName": name}
}
