package v1alpha1

// FormSpec says what a pipeline's form asks, in which words and languages, how it looks, and who may send it.
type FormSpec struct {
	// language of the texts below, as a BCP 47 tag such as en or pt-BR. Default: en.
	// +optional
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

	// consentStatement is the text beside the marketing check box. Without it the form does not ask.
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

	// channel is what the form sends as source.channel. Defaults to the pipeline's name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Channel string `json:"channel,omitempty"`

	// fields that the form shows, in this order. Default: name, email, company, phone and country, only email required.
	// What a program sends is not bound to them.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=24
	// +kubebuilder:validation:XValidation:rule="self.exists(f, f.name == 'email')",message="one of the fields must be email: a submission without an address can't be processed"
	Fields []FormField `json:"fields,omitempty"`

	// translations of the texts. Each visitor sees the language that fits the browser's settings best.
	// +optional
	// +listType=map
	// +listMapKey=language
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Translations []FormTranslation `json:"translations,omitempty"`

	// colors of the form's pages. Text is made black or white, and other shades are moved, as far as reading them needs.
	// +optional
	Colors *FormColors `json:"colors,omitempty"`

	// redirectURL is where a visitor goes after sending the form, for example the page of the download: an address with
	// https. Default: the thank-you page. The form itself can't name another one.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https://[A-Za-z0-9.:\[\]-]+([/?#][!-~]*)?$`
	RedirectURL string `json:"redirectURL,omitempty"`

	// allowedOrigins are the sites, such as https://www.example.com, whose pages may send to this pipeline from a browser,
	// also by script (CORS). "*" stands for every site. Default: plain forms on every site, and no scripts.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=262
	// +kubebuilder:validation:items:Pattern=`^(\*|https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?)$`
	AllowedOrigins []string `json:"allowedOrigins,omitempty"`

	// limits say how much is taken. Default: no limit. Each replica of the intake counts for itself.
	// +optional
	Limits *FormLimits `json:"limits,omitempty"`

	// knownValues says whether a browser that has sent this form before is shown the values that it sent (Show), or only
	// not asked for them again (Hide). Default: Hide.
	// +optional
	KnownValues KnownValues `json:"knownValues,omitempty"`

	// captcha has a service tell people from programs. Nothing is refused because of it.
	// +optional
	Captcha *FormCaptcha `json:"captcha,omitempty"`
}

// KnownValues says whether a browser is shown what it sent before.
//
// +kubebuilder:validation:Enum=Show;Hide
type KnownValues string

const (
	// KnownValuesShow: the values are shown.
	KnownValuesShow KnownValues = "Show"
	// KnownValuesHide: the values stay on the server.
	KnownValuesHide KnownValues = "Hide"
)

// FormColors are the colours of a form's pages.
//
// +kubebuilder:validation:MinProperties=1
type FormColors struct {
	// main is the colour of buttons and marks, as #rrggbb.
	// +optional
	// +kubebuilder:validation:MinLength=7
	// +kubebuilder:validation:MaxLength=7
	// +kubebuilder:validation:Pattern=`^#[0-9a-fA-F]{6}$`
	Main string `json:"main,omitempty"`

	// background of the page, as #rrggbb. Default: light or dark, as the visitor's system has it.
	// +optional
	// +kubebuilder:validation:MinLength=7
	// +kubebuilder:validation:MaxLength=7
	// +kubebuilder:validation:Pattern=`^#[0-9a-fA-F]{6}$`
	Background string `json:"background,omitempty"`
}

// FormLimits say how many submissions a pipeline takes. What is beyond is answered with 429 and the time to wait; a browser
// keeps what was typed.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.clientBurst) || has(self.clientPerMinute)",message="clientBurst needs clientPerMinute"
type FormLimits struct {
	// clientPerMinute is how many submissions a minute one client may send on average. A client is an IPv4 address or an
	// IPv6 network of 64 bits; a whole office may be one.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=60000
	ClientPerMinute *int32 `json:"clientPerMinute,omitempty"`

	// clientBurst is how many of them may come at once. Default: as many as clientPerMinute.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=60000
	ClientBurst *int32 `json:"clientBurst,omitempty"`

	// pipelinePerMinute is how many submissions a minute are taken from all clients together, on average; as many may
	// come at once.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=6000000
	PipelinePerMinute *int32 `json:"pipelinePerMinute,omitempty"`
}
