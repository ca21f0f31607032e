package intake

// The limits mirror those of the ContactSubmission resource, so that the API server never refuses what the intake has
// accepted. They count characters (runes), as the API server does. The suite posts every field at its limit to a real
// API server, which keeps both sides equal.
const (
	maxAttributes     = 32
	maxAttributeName  = 63
	maxAttributeValue = 1024
	maxUserAgent      = 512
	maxPage           = 2048
	maxChannel        = 63
)

// field is one named value of a Submission.
type field struct {
	// name in JSON; in forms, too.
	name string
	// maxRunes is the limit in characters.
	maxRunes int
	// lines: line breaks and tabs are kept. Elsewhere they become blanks.
	lines bool
	// value points at the field.
	value func(*Submission) *string
}

// textFields lists every field that is one string, in the order in which errors are named. Attributes and the answer to
// the consent question have rules of their own.
var textFields = []field{
	{"email", 320, false, func(s *Submission) *string { return &s.Email }},
	{"name", 256, false, func(s *Submission) *string { return &s.Name }},
	{"company", 256, false, func(s *Submission) *string { return &s.Company }},
	{"phone", 64, false, func(s *Submission) *string { return &s.Phone }},
	{"country", 128, false, func(s *Submission) *string { return &s.Country }},
	{"channel", maxChannel, false, func(s *Submission) *string { return &s.Channel }},
	{"page", maxPage, false, func(s *Submission) *string { return &s.Page }},
	{fieldConsentStatement, 1024, true, func(s *Submission) *string { return &s.ConsentStatement }},
}

// Names that are not one plain string, or are nested in JSON.
const (
	fieldAttributes       = "attributes"
	fieldConsent          = "consent"
	fieldConsentMarketing = "consent.marketing"
	fieldConsentStatement = "consent.statement"
	// attributePrefix begins the flat name of an attribute.
	attributePrefix = "attributes."
)

// textField returns the field called name, or nil.
func textField(name string) *field {
	for i := range textFields {
		if textFields[i].name == name {
			return &textFields[i]
		}
	}
	return nil
}
