package v1alpha1

// ZeroBounceProvider verifies addresses by ZeroBounce. It serves the stage Validated.
type ZeroBounceProvider struct {
	// url of ZeroBounce's API. https://api-us.zerobounce.net/v2 and https://api-eu.zerobounce.net/v2 keep to a region.
	// +optional
	// +kubebuilder:default="https://api.zerobounce.net/v2"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s?#]+$`
	URL string `json:"url,omitempty"`

	// keySecretRef names the Secret that holds the API key.
	// +required
	KeySecretRef SecretKeyReference `json:"keySecretRef,omitzero"`
}
