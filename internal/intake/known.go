package intake

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
)

// A browser that has sent a form holds a token for it, and is not asked again for what it sent.
//
// Anyone can type anyone's address, so a token proves nothing about who holds it. That is why a token speaks of the
// fields that its own submissions filled in and of no others, and why a value is shown only if it is the very one that
// was sent with the token. docs/intake.md says what follows from this.

// tokenCookie holds the token in a browser. It has no Path: browsers then keep it for the directory of the request that
// set it, which is that of the pipeline, behind a proxy that adds a path as well.
const tokenCookie = "contact_token"

// otherPersonParameter of a form's address asks for the whole form, whoever is known.
const otherPersonParameter = "new"

// personFields are the five fields of the form, in its order.
var personFields = []string{"name", "email", "company", "phone", "country"}

// person is somebody who sent this pipeline's form before. nil stands for everybody else.
type person struct {
	claims  *claims
	contact *v1alpha1.Contact
}

// claimsOf returns what a request's token says of this pipeline, or nil: there is none, it is not ours, it is about
// another form, or it has expired. Nobody is told which.
func (h *Handler) claimsOf(r *http.Request, pipeline *v1alpha1.ContactPipeline) *claims {
	keys := h.keys.keys()
	if len(keys) == 0 {
		return nil
	}
	var tokens []string
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		tokens = append(tokens, strings.TrimSpace(token))
	} else {
		for _, cookie := range r.CookiesNamed(tokenCookie) {
			tokens = append(tokens, cookie.Value)
		}
	}
	for _, token := range tokens[:min(len(tokens), 4)] {
		c, ok := keys.verify(token, h.now())
		if ok && c.Namespace == pipeline.Namespace && c.Pipeline == pipeline.Name {
			return c
		}
	}
	return nil
}

// person finds out who sent a request. It reads the Contact, so that nothing is taken for known that is not, or no
// longer, stored. When that fails, everything is asked.
func (h *Handler) person(r *http.Request, pipeline *v1alpha1.ContactPipeline) *person {
	c := h.claimsOf(r, pipeline)
	if c == nil {
		return nil
	}
	record, err := h.contacts.Get(r.Context(), c.Namespace, c.Contact)
	if err != nil {
		h.log.Error(nil, "can't read a Contact, so a visitor is asked everything again; look at the API server, and whether the "+
			"intake's ServiceAccount may get contacts", "namespace", c.Namespace, "pipeline", c.Pipeline, "error", describe(err))
		return nil
	}
	p := &person{claims: c, contact: record}
	if record == nil || !p.knows("email") {
		return nil
	}
	return p
}

// knows says whether a field was sent with this token and has reached the Contact. It tells nothing of what the Contact
// held before: until the submission has been processed, the field is not known.
func (p *person) knows(field string) bool {
	if p == nil {
		return false
	}
	by := p.claims.of(field)
	if by == nil {
		return false
	}
	switch field {
	case "email":
		status := p.contact.Status
		return slices.Contains(status.RecentSubmissions, by.ID) ||
			(status.LastSeen != nil && status.LastSeen.Unix() >= time.UnixMicro(by.At).Unix())
	case fieldConsentMarketing:
		answer := p.contact.Spec.Consent
		return answer != nil && by.reached(answer.Origin)
	}
	value := p.stored(field)
	return value != nil && by.reached(value.Origin)
}

// reached says whether a field holds what a submission said, or something newer.
func (s *sent) reached(origin v1alpha1.Origin) bool {
	return origin.Submission == s.ID || origin.Time.UnixMicro() >= s.At
}

// value returns the value of a known field if it is the very one that was sent with this token; "" otherwise.
func (p *person) value(field string) string {
	if !p.knows(field) {
		return ""
	}
	if field == "email" {
		return p.contact.Spec.Email
	}
	if value := p.stored(field); value != nil && value.Submission == p.claims.of(field).ID {
		return value.Value
	}
	return ""
}

func (p *person) stored(field string) *v1alpha1.FieldValue {
	switch field {
	case "name":
		return p.contact.Spec.Name
	case "company":
		return p.contact.Spec.Company
	case "phone":
		return p.contact.Spec.Phone
	case "country":
		return p.contact.Spec.Country
	}
	return nil
}

// knownAnswer is what /me says.
type knownAnswer struct {
	// Known lists the fields that need not be asked for again.
	Known []string `json:"known"`
	// Values are those of the fields that came with this very token, where the pipeline shows them.
	Values map[string]string `json:"values,omitempty"`
}

// me says which fields are known of whoever holds the token. Without a good token the answer is the same as for somebody
// of whom nothing is known.
func (h *Handler) me(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline) {
	answer := knownAnswer{Known: []string{}}
	who := h.person(r, pipeline)
	for _, field := range personFields {
		if !who.knows(field) {
			continue
		}
		answer.Known = append(answer.Known, field)
		if value := who.value(field); value != "" && pipeline.Spec.Form.KnownValues == v1alpha1.KnownValuesShow {
			if answer.Values == nil {
				answer.Values = map[string]string{}
			}
			answer.Values[field] = value
		}
	}
	w.Header().Add("Vary", "Authorization, Cookie")
	writeJSON(w, "application/json", http.StatusOK, answer)
}

// token makes the token that follows an accepted submission: what the browser had, if it is about the same Contact, and
// this submission. "" without a key.
func (h *Handler) token(pipeline *v1alpha1.ContactPipeline, before *claims, s *Submission, id string, at time.Time) string {
	next := claims{}
	name := contact.Name(contact.NormaliseAddress(s.Email))
	if before != nil && before.Contact == name {
		next = *before
	}
	next.Namespace, next.Pipeline, next.Contact = pipeline.Namespace, pipeline.Name, name
	next.Expires = h.now().Add(h.tokenLifetime).Unix()
	next = next.add(sent{ID: id, At: at.UnixMicro(), Fields: sentFields(s)})
	return h.keys.keys().sign(next)
}

// remember hands the browser its token.
func (h *Handler) remember(w http.ResponseWriter, token string) {
	if token == "" {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name:     tokenCookie,
		Value:    token,
		MaxAge:   int(h.tokenLifetime / time.Second),
		HttpOnly: true,
		Secure:   true,
		SameSite: http.SameSiteLaxMode,
	})
}
