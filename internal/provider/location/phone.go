package location

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// phoneRegion reads the country of numbers without a country code from a configuration. field is its place in the Integration.
func phoneRegion(field, typed string) (string, error) {
	if typed == "" {
		return "", nil
	}
	region := ParseCode(typed)
	if region == "" || phonenumbers.GetCountryCodeForRegion(region) == 0 {
		return "", provider.Errorf(provider.Config,
			"%s: %q is no country with telephones: give an ISO 3166-1 alpha-2 code, for example DE", field, typed)
	}
	return region, nil
}

// parsePhone returns a number in E.164 form and the country that issued it. Both are "" for what is no valid number; the
// country alone for one that belongs to none, such as an international freephone number.
func parsePhone(typed, region string) (e164, country string) {
	if strings.TrimSpace(typed) == "" {
		return "", ""
	}
	number, err := phonenumbers.Parse(typed, region)
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", ""
	}
	// Not the region of the calling code alone: +1 would always be the United States.
	return phonenumbers.Format(number, phonenumbers.E164), ParseCode(phonenumbers.GetRegionCodeForNumber(number))
}
