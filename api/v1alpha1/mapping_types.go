package v1alpha1

// ContactField names something that a Contact holds.
//
// FirstName and LastName are made of the name: what stands before a comma, or else the last word, is the last name. Country is
// as typed, Location the ISO 3166-1 alpha-2 code that was found. Channels is a list. Consent is Granted or Denied.
//
// +kubebuilder:validation:Enum=Name;FirstName;LastName;Company;Phone;Country;Location;Channels;Consent;ConsentStatement;ConsentTime
type ContactField string

// FieldMapping says what fills one field of a system. What is blank is left out, so that it overwrites nothing there.
//
// +kubebuilder:validation:ExactlyOneOf=from;attribute;value;expression
type FieldMapping struct {
	// name of the field at the system.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name,omitempty"`

	// from takes a field of the Contact.
	// +optional
	From ContactField `json:"from,omitempty"`

	// attribute takes an attribute of the Contact.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Attribute string `json:"attribute,omitempty"`

	// value is the same for everybody.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Value string `json:"value,omitempty"`

	// expression is in CEL and sees the variable contact, as in spec.http.upsert.body.
	// +optional
	Expression Expression `json:"expression,omitempty"`
}
