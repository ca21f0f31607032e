package v1alpha1

// SalesforceProvider keeps people as contacts or leads of a Salesforce org. It serves the stage CRMSynced.
//
// +kubebuilder:validation:ExactlyOneOf=clientSecretRef;jwt
type SalesforceProvider struct {
	// url is the org's My Domain, for example https://example.my.salesforce.com. Sign-in goes there; the other calls go where
	// that sends them.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s?#]+$`
	URL string `json:"url,omitempty"`

	// apiVersion is the version of the REST API.
	// +optional
	// +kubebuilder:default="62.0"
	// +kubebuilder:validation:MinLength=4
	// +kubebuilder:validation:MaxLength=6
	// +kubebuilder:validation:Pattern=`^(4[6-9]|[5-9][0-9]|[1-9][0-9]{2})\.0$`
	APIVersion string `json:"apiVersion,omitempty"`

	// clientID is the consumer key of the external client app or connected app.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^\S+$`
	ClientID string `json:"clientID,omitempty"`

	// clientSecretRef names the Secret that holds the app's consumer secret, for the client credentials flow.
	// +optional
	ClientSecretRef *SecretKeyReference `json:"clientSecretRef,omitempty"`

	// jwt is for the JWT bearer flow.
	// +optional
	JWT *SalesforceJWT `json:"jwt,omitempty"`

	// object is what people are kept as.
	// +optional
	// +kubebuilder:default=Contact
	Object SalesforceObject `json:"object,omitempty"`

	// externalIDField is the custom field that holds the address as the key, by its API name. It has to be an External ID and
	// Unique.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[A-Za-z][A-Za-z0-9_]*__c$`
	ExternalIDField string `json:"externalIDField,omitempty"`

	// fields fill fields of the object, by their API names. Left out, for a Contact: FirstName, LastName, Phone and
	// MailingCountry; for a Lead: FirstName, LastName, Company, Phone and Country. Email and the external id are always filled.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Fields []FieldMapping `json:"fields,omitempty"`

	// placeholder fills the last name, and a lead's company, of a new record where the person gave none: Salesforce takes no
	// record without. It never overwrites.
	// +optional
	// +kubebuilder:default="[not provided]"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	Placeholder string `json:"placeholder,omitempty"`

	// duplicateRules says what happens when one of the org's duplicate rules finds another record to be the same person.
	// +optional
	// +kubebuilder:default=Respect
	DuplicateRules SalesforceDuplicateRules `json:"duplicateRules,omitempty"`
}

// SalesforceJWT signs in by an assertion that is signed with a private key, for a user.
type SalesforceJWT struct {
	// user is the user name that calls are made as.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:Pattern=`^\S+$`
	User string `json:"user,omitempty"`

	// privateKeySecretRef names the Secret that holds the RSA key, as PEM, whose certificate the app has.
	// +required
	PrivateKeySecretRef SecretKeyReference `json:"privateKeySecretRef,omitzero"`

	// audience is whom the assertion is for. Left out: the url. Some orgs want https://login.salesforce.com, sandboxes
	// https://test.salesforce.com.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s?#]+$`
	Audience string `json:"audience,omitempty"`
}

// SalesforceObject is what people are kept as.
//
// +kubebuilder:validation:Enum=Contact;Lead
type SalesforceObject string

const (
	// SalesforceContact keeps people as contacts.
	SalesforceContact SalesforceObject = "Contact"
	// SalesforceLead keeps people as leads. One that has been converted takes no more changes.
	SalesforceLead SalesforceObject = "Lead"
)

// SalesforceDuplicateRules says what a duplicate rule leads to.
//
// +kubebuilder:validation:Enum=Respect;SaveAnyway
type SalesforceDuplicateRules string

const (
	// SalesforceRespect ends the submission as Conflict: a person decides.
	SalesforceRespect SalesforceDuplicateRules = "Respect"
	// SalesforceSaveAnyway saves, where the rule allows it.
	SalesforceSaveAnyway SalesforceDuplicateRules = "SaveAnyway"
)
