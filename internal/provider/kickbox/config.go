package kickbox

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// Config is the kickbox member of an Integration's spec. Its names are those of the API; a test in the catalog holds the two
// together.
type Config struct {
	URL          string       `json:"url,omitempty"`
	KeySecretRef provider.Ref `json:"keySecretRef"`
	Mode         string       `json:"mode,omitempty"`
}

const (
	member     = "kickbox"
	vendor     = "Kickbox"
	urlField   = "spec.kickbox.url"
	defaultURL = "https://api.kickbox.com"

	// The values of Mode.
	live    = "Live"
	sandbox = "Sandbox"

	// sandboxKey is how a sandbox key begins.
	sandboxKey = "test_"
)

// Factory makes the provider Kickbox.
func Factory() provider.Factory {
	return provider.Factory{Member: member, Refs: refs, New: newProvider}
}

func decode(spec json.RawMessage) (c Config, err error) {
	if err := provider.Decode(member, spec, &c); err != nil {
		return Config{}, err
	}
	c.URL, c.Mode = cmp.Or(c.URL, defaultURL), cmp.Or(c.Mode, live)
	if c.Mode != live && c.Mode != sandbox {
		return Config{}, provider.Errorf(provider.Config, "spec.kickbox.mode: %q is neither Live nor Sandbox", c.Mode)
	}
	return c, nil
}

func refs(spec json.RawMessage) (provider.Refs, error) {
	c, err := decode(spec)
	if err != nil {
		return provider.Refs{}, err
	}
	return provider.Refs{Secrets: []provider.Ref{c.KeySecretRef}}, nil
}

func newProvider(s provider.Settings) (provider.Provider, error) {
	c, err := decode(s.Spec)
	if err != nil {
		return provider.Provider{}, err
	}
	a := &account{client: s.HTTP, sandbox: c.Mode == sandbox}
	if a.base, err = httpx.BaseURL(urlField, c.URL); err != nil {
		return provider.Provider{}, err
	}
	if a.key, err = s.Secret(c.KeySecretRef); err != nil {
		return provider.Provider{}, err
	}
	switch isSandboxKey := strings.HasPrefix(a.key, sandboxKey); {
	case isSandboxKey && !a.sandbox:
		return provider.Provider{}, provider.Errorf(provider.Config,
			"Secret %s, key %s holds a sandbox key, which calls nearly every address deliverable: give a live key, or, for a trial, set spec.kickbox.mode to Sandbox",
			c.KeySecretRef.Name, c.KeySecretRef.Key)
	case !isSandboxKey && a.sandbox:
		return provider.Provider{}, provider.Errorf(provider.Config,
			"Secret %s, key %s holds no sandbox key (one that begins with test_), yet spec.kickbox.mode is Sandbox: leave mode out",
			c.KeySecretRef.Name, c.KeySecretRef.Key)
	}
	return provider.Provider{Verifier: a, Health: a}, nil
}
