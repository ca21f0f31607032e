package intake

// What the intake's ServiceAccount may do, and all it may do: know the pipelines, and create submissions. It can't read
// a submission back.
//
// +kubebuilder:rbac:groups=contact-operator.io,resources=contactpipelines,verbs=get;list;watch
// +kubebuilder:rbac:groups=contact-operator.io,resources=contactsubmissions,verbs=create
