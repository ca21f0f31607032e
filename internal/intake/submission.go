package intake

// Submission is what a person or a program sent, decoded and cleaned: blank values are absent, texts are trimmed, within
// their limits and valid UTF-8. Its JSON form is the canonical payload that the object's name is computed from: adding a
// field that is left out when absent keeps the names of all earlier payloads.
type Submission struct {
	Email   string `json:"email"`
	Name    string `json:"name,omitempty"`
	Company string `json:"company,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Country string `json:"country,omitempty"`
	Channel string `json:"channel,omitempty"`
	Page    string `json:"page,omitempty"`
	// Attributes are further answers, by name.
	Attributes map[string]string `json:"attributes,omitempty"`
	// Consent is the answer to the marketing question; nil: not asked, or not answered.
	Consent *bool `json:"consent,omitempty"`
	// ConsentStatement is the question's text. It is kept only with an answer.
	ConsentStatement string `json:"consentStatement,omitempty"`
}
