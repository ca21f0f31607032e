package v1alpha1

// AddressLookUp says when a service is asked about a visitor's IP address.
//
// +kubebuilder:validation:Enum=IfNeeded;Always
type AddressLookUp string

const (
	// LookUpIfNeeded asks only where neither what the person declared nor the phone number tells a country.
	LookUpIfNeeded AddressLookUp = "IfNeeded"
	// LookUpAlways asks about every address, so that one that disagrees is noted.
	LookUpAlways AddressLookUp = "Always"
)
