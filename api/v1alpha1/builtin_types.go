package v1alpha1

// BuiltinProvider checks addresses and finds countries with nothing but DNS and files.
//
// +kubebuilder:validation:XValidation:rule="has(self.verify) || has(self.locate)",message="give at least one of verify and locate"
type BuiltinProvider struct {
	// verify checks an e-mail address: its syntax, whether its domain takes mail, and lists.
	// +optional
	Verify *BuiltinVerify `json:"verify,omitempty"`

	// locate finds a country from what the person declared, the phone number, and the IP address, in this order.
	// +optional
	Locate *BuiltinLocate `json:"locate,omitempty"`
}

// BuiltinVerify configures the check of e-mail addresses.
type BuiltinVerify struct {
	// resolvers are DNS servers as host:port, tried in order. Default: those of the operator's own machine.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Resolvers []string `json:"resolvers,omitempty"`

	// disposableDomains adds to the short list of well-known throw-away domains that the operator brings.
	// +optional
	DisposableDomains *DomainList `json:"disposableDomains,omitempty"`

	// allowedDomains are never taken for disposable, whatever a list says.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	AllowedDomains []string `json:"allowedDomains,omitempty"`

	// roleNames add to the local parts that name a function or a group, such as info or sales.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	RoleNames []string `json:"roleNames,omitempty"`
}

// DomainList is a list of domains, one a line; a domain covers those below it.
//
// +kubebuilder:validation:ExactlyOneOf=configMapKeyRef;url;path
type DomainList struct {
	// configMapKeyRef names a key of a ConfigMap in the same namespace.
	// +optional
	ConfigMapKeyRef *ConfigMapKeyReference `json:"configMapKeyRef,omitempty"`

	// url the list is fetched from, http or https.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s]+$`
	URL string `json:"url,omitempty"`

	// path of a file that the operator can read.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Path string `json:"path,omitempty"`

	// refreshSeconds is the time between two looks at a url or path. Default: a day.
	// +optional
	// +kubebuilder:default=86400
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=2592000
	RefreshSeconds *int32 `json:"refreshSeconds,omitempty"`
}

// ConfigMapKeyReference names one key of a ConfigMap in the same namespace.
type ConfigMapKeyReference struct {
	// name of the ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// key in the ConfigMap's data.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}

// BuiltinLocate configures the search for a country.
type BuiltinLocate struct {
	// databasePath is an mmdb file that the operator can read, for countries of IP addresses. It is read again when it
	// changes. Default: none, so that IP addresses tell nothing.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	DatabasePath string `json:"databasePath,omitempty"`

	// phoneRegion is the country, as an ISO 3166-1 alpha-2 code, that phone numbers without a country code belong to.
	// Default: none, so that they tell nothing, unless the person declared a country.
	// +optional
	// +kubebuilder:validation:Pattern=`^[A-Z]{2}$`
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=2
	PhoneRegion string `json:"phoneRegion,omitempty"`
}
