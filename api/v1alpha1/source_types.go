package v1alpha1

// FormSource is a form tool that posts here what people filled in there, and proves that it is the one that posts.
//
// +kubebuilder:validation:XValidation:rule="self.type != 'HubSpot' || has(self.url)",message="a source of type HubSpot needs url: HubSpot signs the address that it calls"
type FormSource struct {
	// name of the source: the last part of the address that the tool posts to,
	// /v1/{namespace}/{pipeline}/sources/{name}.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// type is the tool, or the kind of signature that it makes.
	// +required
	Type SourceType `json:"type,omitempty"`

	// secretRef names what the tool signs with, in the pipeline's namespace. Its value may hold several, one a line: each is
	// believed, so that a secret can be changed without losing a post. For Jotform, which signs nothing, it is the token in
	// the address, 24 characters or more.
	// +required
	SecretRef SecretKeyReference `json:"secretRef,omitzero"`

	// url is the whole address that was entered at the tool, with https. Needed by HubSpot, which signs it.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https://[!-~]+$`
	URL string `json:"url,omitempty"`

	// fields say which answer is what. What is not named here is recognised by its name or kind where that is plain (email,
	// phone), and kept as an attribute otherwise: nothing that was answered is dropped.
	// +optional
	// +listType=map
	// +listMapKey=from
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Fields []SourceField `json:"fields,omitempty"`
}

// SourceType is a form tool, or a kind of signature.
//
// +kubebuilder:validation:Enum=StandardWebhooks;Typeform;Tally;HubSpot;Jotform;Webflow
type SourceType string

const (
	// SourceStandardWebhooks: anything that signs as www.standardwebhooks.com says.
	SourceStandardWebhooks SourceType = "StandardWebhooks"
	// SourceTypeform: a webhook of Typeform, with a secret.
	SourceTypeform SourceType = "Typeform"
	// SourceTally: a webhook of Tally, with a signing secret.
	SourceTally SourceType = "Tally"
	// SourceHubSpot: the action of a HubSpot workflow that sends a contact, signed by an app.
	SourceHubSpot SourceType = "HubSpot"
	// SourceJotform: a webhook of Jotform. It is not signed: a token in the address stands for a signature.
	SourceJotform SourceType = "Jotform"
	// SourceWebflow: a form_submission webhook of Webflow that was made through its API.
	SourceWebflow SourceType = "Webflow"
)

// SourceField says what an answer is.
//
// +kubebuilder:validation:XValidation:rule="self.to == 'consent.marketing' || !(has(self.granted) || has(self.denied) || has(self.statement))",message="granted, denied and statement go with to: consent.marketing"
type SourceField struct {
	// from is what the tool calls the field: its id, ref or key, or its label.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	From string `json:"from,omitempty"`

	// to is name, email, company, phone, country, page, consent.marketing, or attributes. and the name of an attribute. Answers
	// that go to the same one, such as first and last name, are joined in the order of this list.
	// +required
	// +kubebuilder:validation:MinLength=4
	// +kubebuilder:validation:MaxLength=74
	// +kubebuilder:validation:Pattern=`^(name|email|company|phone|country|page|consent\.marketing|attributes\.[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)$`
	To string `json:"to,omitempty"`

	// granted are the answers that mean consent. Default: true, yes, on and 1. An answer that is neither here nor in denied is
	// no answer about consent, and kept as an attribute. Case does not matter.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	Granted []string `json:"granted,omitempty"`

	// denied are the answers that refuse or withdraw it. Default: false, no, off and 0, unless granted is given.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	Denied []string `json:"denied,omitempty"`

	// statement is the wording that the person agreed to. Default: the field's label, where the tool sends it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Statement string `json:"statement,omitempty"`
}
