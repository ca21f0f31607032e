package httpx

import (
	"net/url"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// BaseURL checks the address of an API, and takes the slash from its end. field is its place in the Integration, for
// messages. Its error is a *provider.Error of class Config.
func BaseURL(field, raw string) (string, error) {
	wrong := func(message string) (string, error) {
		return "", provider.Errorf(provider.Config, "%s: %s", field, message)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return wrong("it is not a valid URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return wrong("its scheme has to be http or https")
	case u.Hostname() == "":
		return wrong("it names no host")
	case u.User != nil:
		return wrong("it holds credentials: give them in a Secret")
	case strings.ContainsAny(raw, "?#"):
		return wrong("it has a query or a fragment: give the address of the API alone")
	}
	return strings.TrimRight(raw, "/"), nil
}
