package v1alpha1

// HubSpotProvider keeps people as contacts of a HubSpot account. It serves the stage CRMSynced.
type HubSpotProvider struct {
	// url of HubSpot's API, the same for every account.
	// +optional
	// +kubebuilder:default="https://api.hubapi.com"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s?#]+$`
	URL string `json:"url,omitempty"`

	// tokenSecretRef names the Secret that holds the access token of a private app or service key.
	// +required
	TokenSecretRef SecretKeyReference `json:"tokenSecretRef,omitzero"`

	// properties fill contact properties, by their internal names. Left out: firstname, lastname, company, phone and country. The
	// property email is always filled.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Properties []FieldMapping `json:"properties,omitempty"`

	// erase says what is done with the contact of a person who is to be erased.
	// +optional
	// +kubebuilder:default=Archive
	Erase HubSpotErase `json:"erase,omitempty"`
}

// HubSpotErase is a way to erase a person.
//
// +kubebuilder:validation:Enum=Archive;GDPRDelete
type HubSpotErase string

const (
	// HubSpotArchive moves the contact to the recycle bin. HubSpot keeps it there for 90 days, and it can be restored.
	HubSpotArchive HubSpotErase = "Archive"
	// HubSpotGDPRDelete deletes the contact for good, and HubSpot blocks the address for ever: should the person come back,
	// their submission ends as InvalidData.
	HubSpotGDPRDelete HubSpotErase = "GDPRDelete"
)
