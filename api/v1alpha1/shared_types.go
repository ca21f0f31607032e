package v1alpha1

// LocalReference names an object in the same namespace.
type LocalReference struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`
}

// SecretKeyReference names one key of a Secret in the same namespace.
type SecretKeyReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// key in the Secret's data.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}

// Consent is an explicit answer about marketing mail.
//
// +kubebuilder:validation:Enum=Granted;Denied
type Consent string

const (
	// ConsentGranted: the person agreed.
	ConsentGranted Consent = "Granted"
	// ConsentDenied: the person declined, or withdrew.
	ConsentDenied Consent = "Denied"
)

// Verdict is what a validation says of an e-mail address.
//
// +kubebuilder:validation:Enum=Deliverable;Undeliverable;Disposable;Role;AcceptAll;Unknown
type Verdict string
