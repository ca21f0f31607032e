package v1alpha1

// ListmonkProvider keeps people as subscribers of lists in listmonk, version 5 or 6. It serves the stage MarketingSynced.
type ListmonkProvider struct {
	// url of listmonk, without /api.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s?#]+$`
	URL string `json:"url,omitempty"`

	// user is the name of an API user in listmonk.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[^\s:]+$`
	User string `json:"user,omitempty"`

	// tokenSecretRef names the Secret that holds the API user's token.
	// +required
	TokenSecretRef SecretKeyReference `json:"tokenSecretRef,omitzero"`

	// lists are the ids of the lists that a person who agrees is put on. Other lists of the person stay as they are.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:Minimum=1
	Lists []int32 `json:"lists,omitempty"`

	// confirmation says whether the person has yet to confirm.
	// +optional
	// +kubebuilder:default=ByList
	Confirmation ListmonkConfirmation `json:"confirmation,omitempty"`

	// attributes fill the subscriber's attributes. Others that listmonk holds stay as they are. Left out: company, country,
	// location and channels.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Attributes []FieldMapping `json:"attributes,omitempty"`
}

// ListmonkConfirmation says who confirms a subscription.
//
// +kubebuilder:validation:Enum=ByList;Preconfirmed
type ListmonkConfirmation string

const (
	// ListmonkByList leaves it to the list: on one with double opt-in, the person gets a mail and has to confirm.
	ListmonkByList ListmonkConfirmation = "ByList"
	// ListmonkPreconfirmed confirms for the person, who has confirmed elsewhere.
	ListmonkPreconfirmed ListmonkConfirmation = "Preconfirmed"
)
