package intake

import (
	"net/url"
	"strings"
)

// formKeyField is the hidden field in which a form sends its idempotency key, so that a double click is one submission.
const formKeyField = "idempotencyKey"

// decodeForm reads a body of type application/x-www-form-urlencoded: the names of the JSON contract, flat. It returns a
// *malformed error when the encoding is broken, and the idempotency key that the form carried, or "".
//
// Fields that the contract does not know are ignored: browsers, plugins and form builders add their own. A field that is
// sent more than once is kept whole: an attribute's values (several boxes of one name) are joined with a comma and a
// blank; for the consent answer the last one counts, after the custom of a hidden "no" before the box; for any other
// field two different values are an error.
func decodeForm(body []byte) (s *Submission, key string, errs FieldErrors, err error) {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, "", nil, &malformed{"The form is not properly URL-encoded: look for a % or a ; that is not escaped."}
	}

	s = &Submission{}
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
			s.Consent = answer(sent[len(sent)-1], &errs)
		case name == formKeyField:
			key = sent[0]
		case f != nil:
			*f.value(s) = sent[0]
			for _, other := range sent[1:] {
				if trim(other) != trim(sent[0]) {
					errs.add(name, "This field was sent more than once, with different values.")
				}
			}
		}
	}
	if len(s.Page) > maxPage {
		// Scripts fill this field with whatever the address bar holds, and the visitor could not mend it.
		s.Page = pageAddress(s.Page)
	}
	s.clean(&errs)
	return s, key, errs, nil
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
