package v1alpha1

// ReacherProvider verifies addresses by a Reacher server of one's own (check-if-email-exists, from version 0.11). It serves the
// stage Validated.
type ReacherProvider struct {
	// url of Reacher, without /v1.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s?#]+$`
	URL string `json:"url,omitempty"`

	// headerSecretRef names the Secret that holds what RCH__HEADER_SECRET is at Reacher. Left out: Reacher asks for none.
	// +optional
	HeaderSecretRef *SecretKeyReference `json:"headerSecretRef,omitempty"`
}
