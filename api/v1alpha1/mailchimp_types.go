package v1alpha1

// MailchimpProvider keeps people as members of an audience at Mailchimp. It serves the stage MarketingSynced.
type MailchimpProvider struct {
	// url of Mailchimp's API. Left out: that of the data centre at the end of the API key.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s?#]+$`
	URL string `json:"url,omitempty"`

	// apiKeySecretRef names the Secret that holds the API key, with the data centre at its end.
	// +required
	APIKeySecretRef SecretKeyReference `json:"apiKeySecretRef,omitzero"`

	// audience is the id of the audience, a short code. It is not the number in the address of the audience's page.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[0-9a-z]+$`
	Audience string `json:"audience,omitempty"`

	// confirmation says whether somebody new has yet to confirm.
	// +optional
	// +kubebuilder:default=DoubleOptIn
	Confirmation MailchimpConfirmation `json:"confirmation,omitempty"`

	// mergeFields fill the audience's merge fields, by their tags. The field EMAIL is always filled. Left out: FNAME and LNAME.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	MergeFields []FieldMapping `json:"mergeFields,omitempty"`

	// tags that everybody gets who agrees. None is ever taken away.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=100
	Tags []string `json:"tags,omitempty"`

	// tagsExpression gives more tags, a list of texts, for example contact.channels. What is too long for a tag is left out.
	// +optional
	TagsExpression Expression `json:"tagsExpression,omitempty"`

	// erase says what is done with the member of a person who is to be erased.
	// +optional
	// +kubebuilder:default=Archive
	Erase MailchimpErase `json:"erase,omitempty"`
}

// MailchimpConfirmation says who confirms a subscription.
//
// +kubebuilder:validation:Enum=DoubleOptIn;Preconfirmed
type MailchimpConfirmation string

const (
	// MailchimpDoubleOptIn: Mailchimp sends a mail, and the person has to confirm.
	MailchimpDoubleOptIn MailchimpConfirmation = "DoubleOptIn"
	// MailchimpPreconfirmed: the person has confirmed elsewhere and gets mail at once. People are written one by one.
	MailchimpPreconfirmed MailchimpConfirmation = "Preconfirmed"
)

// MailchimpErase is a way to erase a person.
//
// +kubebuilder:validation:Enum=Archive;DeletePermanent
type MailchimpErase string

const (
	// MailchimpArchive archives the contact, which Mailchimp keeps until somebody deletes it there.
	MailchimpArchive MailchimpErase = "Archive"
	// MailchimpDeletePermanent deletes it for good. No API can ever add the address again.
	MailchimpDeletePermanent MailchimpErase = "DeletePermanent"
)
