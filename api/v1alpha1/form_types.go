package v1alpha1

// FormSpec holds the texts of a pipeline's form. Each has a plain English default.
type FormSpec struct {
	// title of the form.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=120
	Title string `json:"title,omitempty"`

	// intro is a paragraph above the fields.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Intro string `json:"intro,omitempty"`

	// consentStatement is the text beside the marketing check box. Without it the form does not ask.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	ConsentStatement string `json:"consentStatement,omitempty"`

	// thankYou is the text of the page that follows.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	ThankYou string `json:"thankYou,omitempty"`

	// channel is what the form sends as source.channel. Defaults to the pipeline's name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Channel string `json:"channel,omitempty"`
}
