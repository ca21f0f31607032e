package httpjson

import (
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// headers makes what every call sends. Messages name the Secret and its key, never the value.
func headers(list []Header, secrets map[provider.Ref]string) (http.Header, error) {
	h := http.Header{"Accept": {"application/json"}}
	for _, given := range list {
		if err := checkName(given.Name); err != nil {
			return nil, err
		}
		value := given.Value
		source := "spec.http.headers: the value of " + given.Name
		if ref := given.SecretKeyRef; ref != nil {
			source = "Secret " + ref.Name + ", key " + ref.Key + " (header " + given.Name + ")"
			secret, ok := secrets[*ref]
			if !ok {
				return nil, provider.Errorf(provider.Config, "%s: there is no such key: create it", source)
			}
			value = trimNewline(secret)
			if value == "" {
				return nil, provider.Errorf(provider.Config, "%s: it is empty: fill it in", source)
			}
		}
		value = given.Prefix + value
		if hasControl(value) {
			return nil, provider.Errorf(provider.Config,
				"%s has a line break or another control character, which no header may have: write it without", source)
		}
		h.Set(given.Name, value)
	}
	return h, nil
}

// checkName refuses headers that belong to the connection, or to the client that has to make sense of the answer.
func checkName(name string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return provider.Errorf(provider.Config, "spec.http.headers: %q is not the name of a header", name)
	}
	switch http.CanonicalHeaderKey(name) {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer",
		"Upgrade", "Expect", "Accept-Encoding":
		return provider.Errorf(provider.Config, "spec.http.headers: %s is set by the connection itself: leave it out", name)
	}
	return nil
}

// trimNewline takes away the one line break that editors and `base64` put at the end of a file.
func trimNewline(s string) string {
	s = strings.TrimSuffix(s, "\n")
	return strings.TrimSuffix(s, "\r")
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
