package mailchimp

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// Config is the mailchimp member of an Integration's spec. Its names are those of the API; a test in the catalog holds the
// two together.
type Config struct {
	URL             string          `json:"url,omitempty"`
	APIKeySecretRef provider.Ref    `json:"apiKeySecretRef"`
	Audience        string          `json:"audience"`
	Confirmation    string          `json:"confirmation,omitempty"`
	MergeFields     []mapping.Field `json:"mergeFields,omitempty"`
	Tags            []string        `json:"tags,omitempty"`
	TagsExpression  string          `json:"tagsExpression,omitempty"`
	Erase           string          `json:"erase,omitempty"`
}

const (
	member = "mailchimp"

	// The values of Confirmation.
	doubleOptIn  = "DoubleOptIn"
	preconfirmed = "Preconfirmed"

	// The values of Erase.
	archive         = "Archive"
	deletePermanent = "DeletePermanent"

	emailField = "EMAIL"
	// maxTag is the longest name of a tag, in characters.
	maxTag = 100
)

func decode(spec json.RawMessage) (Config, error) {
	var c Config
	if err := provider.Decode(member, spec, &c); err != nil {
		return Config{}, err
	}
	if !audienceID.MatchString(c.Audience) {
		return Config{}, provider.Errorf(provider.Config,
			"spec.mailchimp.audience has to be the audience's id, a short code of small letters and digits (Audience → Settings → Audience name and defaults)")
	}
	switch c.Confirmation {
	case "":
		c.Confirmation = doubleOptIn
	case doubleOptIn, preconfirmed:
	default:
		return Config{}, provider.Errorf(provider.Config, "spec.mailchimp.confirmation: %q is neither DoubleOptIn nor Preconfirmed", c.Confirmation)
	}
	switch c.Erase {
	case "":
		c.Erase = archive
	case archive, deletePermanent:
	default:
		return Config{}, provider.Errorf(provider.Config, "spec.mailchimp.erase: %q is neither Archive nor DeletePermanent", c.Erase)
	}
	for _, tag := range c.Tags {
		if !fitsTag(tag) {
			return Config{}, provider.Errorf(provider.Config, "spec.mailchimp.tags: a tag has 1 to %d characters, with no blanks around them", maxTag)
		}
	}
	slices.Sort(c.Tags)
	c.Tags = slices.Compact(c.Tags)
	if len(c.MergeFields) == 0 {
		c.MergeFields = []mapping.Field{{Name: "FNAME", From: "FirstName"}, {Name: "LNAME", From: "LastName"}}
	}
	return c, nil
}

var (
	// audienceID is never the number in the address of the audience's page alone: that is another id, but nothing else tells the two apart.
	audienceID = regexp.MustCompile(`^[0-9a-z]{1,32}$`)
	// dataCentre is what stands behind the last dash of a key. It becomes part of a host name.
	dataCentre = regexp.MustCompile(`^[a-z]{2,4}[0-9]{1,4}$`)
)

// baseURL is where a key's account lives.
func (c Config) baseURL(key string) (string, error) {
	if c.URL != "" {
		return c.URL, nil
	}
	dc := key[strings.LastIndexByte(key, '-')+1:]
	if dc == key || !dataCentre.MatchString(dc) {
		return "", provider.Errorf(provider.Config, "Secret %s, key %s: a key of Mailchimp ends with a dash and its data centre, for example -us21: "+
			"give all of it, or spec.mailchimp.url", c.APIKeySecretRef.Name, c.APIKeySecretRef.Key)
	}
	return "https://" + dc + ".api.mailchimp.com/3.0", nil
}

func fitsTag(tag string) bool {
	n := len([]rune(tag))
	return n > 0 && n <= maxTag && strings.TrimSpace(tag) == tag
}
