package v1alpha1

// EspoCRMProvider keeps people as contacts or leads in EspoCRM. It serves the stage CRMSynced.
type EspoCRMProvider struct {
	// url of EspoCRM, without /api/v1.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s?#]+$`
	URL string `json:"url,omitempty"`

	// apiKeySecretRef names the Secret that holds the API user's key.
	// +required
	APIKeySecretRef SecretKeyReference `json:"apiKeySecretRef,omitzero"`

	// hmacSecretRef names the Secret that holds the API user's secret key, for an API user with the authentication method
	// HMAC. Left out: the method is API Key.
	// +optional
	HMACSecretRef *SecretKeyReference `json:"hmacSecretRef,omitempty"`

	// entity is what people are kept as.
	// +optional
	// +kubebuilder:default=Contact
	Entity EspoCRMEntity `json:"entity,omitempty"`

	// fields fill attributes of the entity, by their names in the API. Left out, for a Contact: firstName, lastName, phoneNumber
	// and addressCountry; for a Lead also accountName. The address is always filled.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Fields []FieldMapping `json:"fields,omitempty"`

	// placeholder fills the last name of a new record where the person gave none: EspoCRM takes no record without. It never
	// overwrites.
	// +optional
	// +kubebuilder:default="[not provided]"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	Placeholder string `json:"placeholder,omitempty"`

	// erase says what is done with the record of a person who is to be erased.
	// +optional
	// +kubebuilder:default=Delete
	Erase EspoCRMErase `json:"erase,omitempty"`
}

// EspoCRMEntity is what people are kept as.
//
// +kubebuilder:validation:Enum=Contact;Lead
type EspoCRMEntity string

const (
	// EspoCRMContact keeps people as contacts.
	EspoCRMContact EspoCRMEntity = "Contact"
	// EspoCRMLead keeps people as leads.
	EspoCRMLead EspoCRMEntity = "Lead"
)

// EspoCRMErase is a way to erase a person.
//
// +kubebuilder:validation:Enum=Delete;EraseAndDelete
type EspoCRMErase string

const (
	// EspoCRMDelete marks the record as deleted. EspoCRM's clean-up job removes it later.
	EspoCRMDelete EspoCRMErase = "Delete"
	// EspoCRMEraseAndDelete empties the record's personal fields first. The role needs the Data Privacy permission.
	EspoCRMEraseAndDelete EspoCRMErase = "EraseAndDelete"
)
