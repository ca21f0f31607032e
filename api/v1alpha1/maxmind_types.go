package v1alpha1

// MaxMindProvider finds a country from what the person declared, the phone number, and the IP address, in this order; for IP
// addresses it asks a GeoIP2 or GeoLite2 database, or MaxMind's web service. It serves the stage Located.
//
// +kubebuilder:validation:ExactlyOneOf=database;webService
type MaxMindProvider struct {
	// database is a file that the operator can read.
	// +optional
	Database *MaxMindDatabase `json:"database,omitempty"`

	// webService is MaxMind's web service.
	// +optional
	WebService *MaxMindWebService `json:"webService,omitempty"`

	// phoneRegion is the country, as an ISO 3166-1 alpha-2 code, that phone numbers without a country code belong to.
	// Default: none, so that they tell nothing, unless the person declared a country.
	// +optional
	// +kubebuilder:validation:Pattern=`^[A-Z]{2}$`
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=2
	PhoneRegion string `json:"phoneRegion,omitempty"`
}

// MaxMindDatabase is a GeoIP2 or GeoLite2 database of countries, cities or enterprises.
type MaxMindDatabase struct {
	// path of the mmdb file. It is read again when it changes.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Path string `json:"path,omitempty"`

	// maxAgeDays is the age of the data from which the condition DataCurrent is False.
	// +optional
	// +kubebuilder:default=30
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	MaxAgeDays *int32 `json:"maxAgeDays,omitempty"`
}

// MaxMindWebService is MaxMind's web service.
type MaxMindWebService struct {
	// url of the service, without a path: https://geolite.info is the free one. Default: https://geoip.maxmind.com.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s?#]+$`
	URL string `json:"url,omitempty"`

	// service that is asked. Insights, which costs more, knows proxies and VPNs, whose country is not the visitor's.
	// +optional
	// +kubebuilder:default=Country
	Service MaxMindService `json:"service,omitempty"`

	// accountID is the number of the MaxMind account.
	// +required
	// +kubebuilder:validation:Minimum=1
	AccountID int32 `json:"accountID,omitempty"`

	// licenseKeySecretRef names the Secret that holds a license key of the account.
	// +required
	LicenseKeySecretRef SecretKeyReference `json:"licenseKeySecretRef,omitzero"`

	// lookUp says when the service is asked. Each answer costs, and tells MaxMind who visits.
	// +optional
	// +kubebuilder:default=IfNeeded
	LookUp AddressLookUp `json:"lookUp,omitempty"`
}

// MaxMindService names one of MaxMind's web services.
//
// +kubebuilder:validation:Enum=Country;Insights
type MaxMindService string

const (
	// MaxMindCountry knows countries.
	MaxMindCountry MaxMindService = "Country"
	// MaxMindInsights knows proxies and VPNs, too.
	MaxMindInsights MaxMindService = "Insights"
)
