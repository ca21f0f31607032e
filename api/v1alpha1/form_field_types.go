package v1alpha1

// FormField is one question of a form.
//
// +kubebuilder:validation:XValidation:rule="has(self.choices) == (has(self.type) && self.type == 'Choice')",message="a field of type Choice needs choices, and no other type has them"
// +kubebuilder:validation:XValidation:rule="self.name != 'email' || !has(self.type) || self.type == 'Text'",message="email is a Text"
type FormField struct {
	// name of the field, as a submission spells it: name, email, company, phone, country, or attributes. and the name of
	// an attribute, for example attributes.plan.
	// +required
	// +kubebuilder:validation:MinLength=4
	// +kubebuilder:validation:MaxLength=74
	// +kubebuilder:validation:Pattern=`^(name|email|company|phone|country|attributes\.[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)$`
	Name string `json:"name,omitempty"`

	// label of the field. Default: that of the five fields, in the visitor's language; the attribute's name otherwise.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=120
	Label string `json:"label,omitempty"`

	// help is a sentence below the label.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=240
	Help string `json:"help,omitempty"`

	// answer is Required when the form is not taken without one; email always is. What a program sends needs nothing but
	// an address, whatever is said here. Default: Optional.
	// +optional
	Answer FieldAnswer `json:"answer,omitempty"`

	// type is Text (one line), Lines (several) or Choice (one of choices). Default: Text.
	// +optional
	Type FieldType `json:"type,omitempty"`

	// choices of a field of type Choice, in this order.
	// +optional
	// +listType=map
	// +listMapKey=value
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Choices []FormChoice `json:"choices,omitempty"`
}

// FieldAnswer says whether a field must be filled in.
//
// +kubebuilder:validation:Enum=Required;Optional
type FieldAnswer string

const (
	// AnswerRequired: the form is not taken without an answer.
	AnswerRequired FieldAnswer = "Required"
	// AnswerOptional: the field may stay blank.
	AnswerOptional FieldAnswer = "Optional"
)

// FieldType says how a field is filled in.
//
// +kubebuilder:validation:Enum=Text;Lines;Choice
type FieldType string

const (
	// FieldText: one line.
	FieldText FieldType = "Text"
	// FieldLines: several lines.
	FieldLines FieldType = "Lines"
	// FieldChoice: one of a list.
	FieldChoice FieldType = "Choice"
)

// FormChoice is one possible answer.
type FormChoice struct {
	// value that is sent.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Value string `json:"value,omitempty"`

	// label that is shown. Default: the value.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=120
	Label string `json:"label,omitempty"`
}

// FormTranslation holds a form's texts in another language. What it leaves out is shown as the form itself has it.
type FormTranslation struct {
	// language of these texts, as a BCP 47 tag such as de or pt-BR.
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=35
	// +kubebuilder:validation:Pattern=`^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$`
	Language string `json:"language,omitempty"`

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

	// consentStatement is the text beside the marketing check box. It is stored as it was shown.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	ConsentStatement string `json:"consentStatement,omitempty"`

	// button is the text on the button that sends the form.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=60
	Button string `json:"button,omitempty"`

	// thankYou is the text of the page that follows.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	ThankYou string `json:"thankYou,omitempty"`

	// fields whose texts are translated.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=24
	Fields []FormFieldTranslation `json:"fields,omitempty"`
}

// FormFieldTranslation holds a field's texts in another language.
type FormFieldTranslation struct {
	// name of the field.
	// +required
	// +kubebuilder:validation:MinLength=4
	// +kubebuilder:validation:MaxLength=74
	Name string `json:"name,omitempty"`

	// label of the field.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=120
	Label string `json:"label,omitempty"`

	// help is a sentence below the label.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=240
	Help string `json:"help,omitempty"`

	// choices whose labels are translated.
	// +optional
	// +listType=map
	// +listMapKey=value
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Choices []FormChoice `json:"choices,omitempty"`
}
