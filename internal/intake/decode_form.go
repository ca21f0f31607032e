package intake

import (
	"net/url"
	"strings"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/intake/captcha"
)

// Hidden fields of our own form.
const (
	// formKeyField holds the idempotency key, so that a double click is one submission.
	formKeyField = "idempotencyKey"
	// knownField says that the form left out what is known of the visitor already: see known.go.
	knownField = "knownPerson"
	// trapField is out of sight and asks to be left empty. Programs that fill in whatever they find give themselves away.
	// No browser completes a field of this name, and no other form has one.
	trapField = "contact_homepage_url"
)

// formInput is what a form sent.
type formInput struct {
	submission *Submission
	// key is the idempotency key, "" when there was none.
	key string
	// known: the form did not ask for what is known of the visitor.
	known bool
	// trapped: the field that asks to be left empty was filled in.
	trapped bool
	// captcha: what it says about who filled it in.
	captcha captchaInput
	errs    FieldErrors
}

// decodeForm reads a body of type application/x-www-form-urlencoded: the names of the JSON contract, flat. It returns a
// *malformed error when the encoding is broken.
func decodeForm(body []byte) (*formInput, error) {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, &malformed{"The form is not properly URL-encoded: look for a % or a ; that is not escaped."}
	}
	return decodeValues(values, nil), nil
}

// decodeValues turns a form's fields into a submission; errs are what was wrong with them already.
//
// Fields that the contract does not know are ignored: browsers, plugins and form builders add their own. A field that is
// sent more than once is kept whole: an attribute's values (several boxes of one name) are joined with a comma and a
// blank; for the consent answer the last one counts, after the custom of a hidden "no" before the box; for any other
// field two different values are an error.
func decodeValues(values url.Values, errs FieldErrors) *formInput {
	in := &formInput{submission: &Submission{}, errs: errs}
	s := in.submission
	for name, sent := range values {
		sent = nonBlank(sent)
		if len(sent) == 0 {
			continue
		}
		attribute, isAttribute := strings.CutPrefix(name, attributePrefix)
		switch f := textField(name); {
		case isAttribute:
			if s.Attributes == nil {
				s.Attributes = map[string]string{}
			}
			s.Attributes[attribute] = strings.Join(sent, ", ")
		case name == fieldConsentMarketing:
			s.Consent = answer(sent[len(sent)-1], &in.errs)
		case name == formKeyField:
			in.key = sent[0]
		case name == knownField:
			in.known = true
		case name == trapField:
			in.trapped = true
		case name == withoutScriptField:
			in.captcha.withoutScript = true
		case name == captcha.Field(v1alpha1.CaptchaTurnstile), name == captcha.Field(v1alpha1.CaptchaHCaptcha):
			if in.captcha.tokens == nil {
				in.captcha.tokens = map[string]string{}
			}
			in.captcha.tokens[name] = sent[0]
		case f != nil:
			*f.value(s) = sent[0]
			for _, other := range sent[1:] {
				if trim(other) != trim(sent[0]) {
					in.errs.add(name, "This field was sent more than once, with different values.")
				}
			}
		}
	}
	if len(s.Page) > maxPage {
		// Scripts fill this field with whatever the address bar holds, and the visitor could not mend it.
		s.Page = pageAddress(s.Page)
	}
	s.clean(&in.errs)
	return in
}

// answer reads what a check box or a pair of radio buttons sends.
func answer(value string, errs *FieldErrors) *bool {
	yes, no := true, false
	switch strings.ToLower(trim(value)) {
	case "on", "true", "1", "yes":
		return &yes
	case "off", "false", "0", "no":
		return &no
	}
	errs.add(fieldConsentMarketing, "Answer with on, true, 1 or yes, or with off, false, 0 or no.")
	return nil
}

// nonBlank returns the values that are not blank, in order.
func nonBlank(values []string) []string {
	var kept []string
	for _, v := range values {
		if trim(v) != "" {
			kept = append(kept, v)
		}
	}
	return kept
}
