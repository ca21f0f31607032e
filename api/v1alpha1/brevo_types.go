package v1alpha1

// BrevoProvider keeps people as contacts of a Brevo account. It serves the stage MarketingSynced.
type BrevoProvider struct {
	// url of Brevo's API, the same for every account.
	// +optional
	// +kubebuilder:default="https://api.brevo.com/v3"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s?#]+$`
	URL string `json:"url,omitempty"`

	// apiKeySecretRef names the Secret that holds the API key.
	// +required
	APIKeySecretRef SecretKeyReference `json:"apiKeySecretRef,omitzero"`

	// lists are the ids of the lists that a person who agrees is put on. Other lists of the person stay as they are.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:Minimum=1
	Lists []int32 `json:"lists,omitempty"`

	// attributes fill the contact's attributes, by their names in the account, in capitals. Left out: FIRSTNAME and LASTNAME.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Attributes []FieldMapping `json:"attributes,omitempty"`
}
