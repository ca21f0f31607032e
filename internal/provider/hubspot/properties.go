package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// property is how HubSpot describes one.
type property struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Options []struct {
		Value string `json:"value"`
	} `json:"options"`
	Calculated           bool `json:"calculated"`
	ModificationMetadata struct {
		ReadOnlyValue bool `json:"readOnlyValue"`
	} `json:"modificationMetadata"`
}

// checkProperties reads the properties that the mapping fills, and no others: all of them are more than an answer may hold.
func (a *account) checkProperties(ctx context.Context) error {
	type name struct {
		Name string `json:"name"`
	}
	inputs := []name{}
	for _, n := range a.fields.Names() {
		inputs = append(inputs, name{n})
	}
	res, err := a.succeed(ctx, http.MethodPost, propertiesPath, map[string]any{"archived": false, "inputs": inputs})
	if err != nil {
		return err
	}
	var out struct {
		Status  string      `json:"status"`
		Results *[]property `json:"results"`
	}
	if json.Unmarshal(res.Body, &out) != nil || out.Results == nil {
		return errUnreadable()
	}
	known := map[string]property{}
	for _, p := range *out.Results {
		known[p.Name] = p
	}
	var missing, fixed []string
	for _, n := range a.fields.Names() {
		switch p, found := known[n]; {
		case !found:
			missing = append(missing, n)
		case p.Calculated || p.ModificationMetadata.ReadOnlyValue:
			fixed = append(fixed, n)
		case !a.takes(p):
			return provider.Errorf(provider.Config, "spec.hubspot.properties[%s].value is none of the options that the property has at HubSpot", n)
		}
	}
	switch {
	case missing != nil:
		return provider.Errorf(provider.Config, "HubSpot has no contact property %s: create it there, or take it out of spec.hubspot.properties", strings.Join(missing, ", "))
	case fixed != nil:
		return provider.Errorf(provider.Config, "HubSpot lets nobody write the contact property %s: take it out of spec.hubspot.properties", strings.Join(fixed, ", "))
	}
	return nil
}

// takes tells whether a value that is the same for everybody is one of a property's options. Several are separated by
// semicolons.
func (a *account) takes(p property) bool {
	value := a.fields.Fixed(p.Name)
	if value == "" || p.Type != "enumeration" || len(p.Options) == 0 {
		return true
	}
	var options []string
	for _, o := range p.Options {
		options = append(options, o.Value)
	}
	for part := range strings.SplitSeq(value, ";") {
		if !slices.Contains(options, part) {
			return false
		}
	}
	return true
}
