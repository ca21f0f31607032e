package intake

// What the intake's ServiceAccount may do, and all it may do: know the pipelines, create submissions, and read a
// Contact whose name it knows. It can't list Contacts, nor read a submission back. Secrets that
// pipelines name it may read where a Role in their namespace says so, by name: docs/decisions/0010.
//
// +kubebuilder:rbac:groups=contact-operator.io,resources=contactpipelines,verbs=get;list;watch
// +kubebuilder:rbac:groups=contact-operator.io,resources=contactsubmissions,verbs=create
// +kubebuilder:rbac:groups=contact-operator.io,resources=contacts,verbs=get
