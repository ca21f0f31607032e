package v1alpha1

// KickboxProvider verifies addresses by Kickbox. It serves the stage Validated.
type KickboxProvider struct {
	// url of Kickbox's API. Accounts of the EU have https://api.eu.kickbox.com.
	// +optional
	// +kubebuilder:default="https://api.kickbox.com"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s?#]+$`
	URL string `json:"url,omitempty"`

	// keySecretRef names the Secret that holds the API key.
	// +required
	KeySecretRef SecretKeyReference `json:"keySecretRef,omitzero"`

	// mode says what kind of key it is.
	// +optional
	// +kubebuilder:default=Live
	Mode KickboxMode `json:"mode,omitempty"`
}

// KickboxMode is the kind of a Kickbox API key.
//
// +kubebuilder:validation:Enum=Live;Sandbox
type KickboxMode string

const (
	// KickboxLive: a key that verifies. A sandbox key is refused: it would call nearly every address deliverable.
	KickboxLive KickboxMode = "Live"
	// KickboxSandbox: a key that begins with test_. Nothing is verified: nearly every address is deliverable.
	KickboxSandbox KickboxMode = "Sandbox"
)
