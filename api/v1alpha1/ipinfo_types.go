package v1alpha1

// IPinfoProvider finds a country from what the person declared, the phone number, and the IP address, in this order; for IP
// addresses it asks ipinfo. It serves the stage Located.
type IPinfoProvider struct {
	// url of the service, without a path. Default: ipinfo's own.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s?#]+$`
	URL string `json:"url,omitempty"`

	// service that is asked.
	// +optional
	// +kubebuilder:default=Lite
	Service IPinfoService `json:"service,omitempty"`

	// tokenSecretRef names the Secret that holds the access token.
	// +required
	TokenSecretRef SecretKeyReference `json:"tokenSecretRef,omitzero"`

	// lookUp says when the service is asked. Each question tells ipinfo who visits, and counts in most plans.
	// +optional
	// +kubebuilder:default=IfNeeded
	LookUp AddressLookUp `json:"lookUp,omitempty"`

	// phoneRegion is the country, as an ISO 3166-1 alpha-2 code, that phone numbers without a country code belong to.
	// Default: none, so that they tell nothing, unless the person declared a country.
	// +optional
	// +kubebuilder:validation:Pattern=`^[A-Z]{2}$`
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=2
	PhoneRegion string `json:"phoneRegion,omitempty"`
}

// IPinfoService names one of ipinfo's services.
//
// +kubebuilder:validation:Enum=Lite;Lookup;Legacy
type IPinfoService string

const (
	// IPinfoLite knows countries, and is free.
	IPinfoLite IPinfoService = "Lite"
	// IPinfoLookup is that of the plans Core and Plus. It knows proxies and VPNs, whose country is not the visitor's.
	IPinfoLookup IPinfoService = "Lookup"
	// IPinfoLegacy is the older one at ipinfo.io.
	IPinfoLegacy IPinfoService = "Legacy"
)
