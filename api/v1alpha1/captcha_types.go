package v1alpha1

// FormCaptcha has a service tell people from programs. It never refuses anybody: what it doubts is kept, and waits for a
// person; what it can't tell, because it is away, goes on with a flag.
type FormCaptcha struct {
	// type is the service.
	// +required
	Type CaptchaType `json:"type,omitempty"`

	// siteKey is the public key, which the form shows.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[0-9A-Za-z_-]+$`
	SiteKey string `json:"siteKey,omitempty"`

	// secretRef names the secret key, in the pipeline's namespace.
	// +required
	SecretRef SecretKeyReference `json:"secretRef,omitzero"`

	// withoutScript is what becomes of a form that a browser without JavaScript sends, where no service can tell: Accept lets
	// it pass with a flag, Hold leaves it to a person. A program can claim to be such a browser. Default: Accept.
	// +optional
	WithoutScript CaptchaAction `json:"withoutScript,omitempty"`

	// hostnames are the sites that the form may have been solved on. Default: those that the service allows for the key.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9.-]+$`
	Hostnames []string `json:"hostnames,omitempty"`

	// url is asked instead of the service itself: for tests with a stand-in. Only there are the service's test keys taken.
	// +optional
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[!-~]+$`
	URL string `json:"url,omitempty"`
}

// CaptchaType is a service that tells people from programs.
//
// +kubebuilder:validation:Enum=Turnstile;HCaptcha
type CaptchaType string

const (
	// CaptchaTurnstile is Cloudflare Turnstile.
	CaptchaTurnstile CaptchaType = "Turnstile"
	// CaptchaHCaptcha is hCaptcha.
	CaptchaHCaptcha CaptchaType = "HCaptcha"
)

// CaptchaAction says what becomes of a submission that no service can judge.
//
// +kubebuilder:validation:Enum=Accept;Hold
type CaptchaAction string

const (
	// CaptchaAccept: it goes on, flagged.
	CaptchaAccept CaptchaAction = "Accept"
	// CaptchaHold: it waits for a person.
	CaptchaHold CaptchaAction = "Hold"
)

// Suspicion says why a submission may come from a program. The intake sets it.
//
// +kubebuilder:validation:Enum=CaptchaFailed;CaptchaMissing;CaptchaUnchecked;CaptchaWithoutScript
type Suspicion string

const (
	// SuspicionFailed: the captcha service says that the token is not good. The submission waits for a person.
	SuspicionFailed Suspicion = "CaptchaFailed"
	// SuspicionMissing: there was no token, though the service was there to make one. The submission waits for a person.
	SuspicionMissing Suspicion = "CaptchaMissing"
	// SuspicionUnchecked: the service could not be asked. The submission goes on.
	SuspicionUnchecked Suspicion = "CaptchaUnchecked"
	// SuspicionWithoutScript: the browser had no JavaScript, and the pipeline accepts that. The submission goes on.
	SuspicionWithoutScript Suspicion = "CaptchaWithoutScript"
)

// Holds tells whether a submission waits for a person because of it.
func (s Suspicion) Holds() bool { return s == SuspicionFailed || s == SuspicionMissing }
