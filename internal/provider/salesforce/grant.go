package salesforce

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// grant says by what an access token is asked for, as the body of a form. now is what Salesforce takes for the time.
type grant func(now time.Time) (url.Values, error)

func newGrant(s provider.Settings, c Config, base string) (grant, error) {
	if c.JWT != nil {
		return newAssertion(s, c, base)
	}
	secret, err := s.Secret(*c.ClientSecretRef)
	if err != nil {
		return nil, err
	}
	return func(time.Time) (url.Values, error) {
		return url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {secret}}, nil
	}, nil
}

// assertionLasts is how long an assertion may be used. Salesforce takes none that lasts longer than five minutes.
const assertionLasts = 3 * time.Minute

// newAssertion is the JWT bearer flow, RFC 7523.
func newAssertion(s provider.Settings, c Config, base string) (grant, error) {
	key, err := privateKey(s, c.JWT.PrivateKeySecretRef)
	if err != nil {
		return nil, err
	}
	audience := c.JWT.Audience
	if audience == "" {
		audience = base
	}
	return func(now time.Time) (url.Values, error) {
		claims, err := json.Marshal(map[string]any{
			"iss": c.ClientID, "sub": c.JWT.User, "aud": audience, "exp": now.Add(assertionLasts).Unix(),
		})
		if err != nil {
			return nil, err
		}
		encode := base64.RawURLEncoding.EncodeToString
		text := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(claims)
		digest := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
		if err != nil {
			return nil, err
		}
		return url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {text + "." + encode(signature)},
		}, nil
	}, nil
}

// privateKey reads an RSA key in PEM. Its error names the Secret and its key, never the value.
func privateKey(s provider.Settings, ref provider.Ref) (*rsa.PrivateKey, error) {
	text, ok := s.Secrets[ref]
	if !ok {
		return nil, provider.Errorf(provider.Config, "Secret %s, key %s: there is no such key: create it", ref.Name, ref.Key)
	}
	wrong := provider.Errorf(provider.Config,
		"Secret %s, key %s: it is no RSA private key in PEM, without a passphrase: make one with openssl genrsa", ref.Name, ref.Key)
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, wrong
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err == nil {
		return key, nil
	}
	other, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, wrong
	}
	key, ok = other.(*rsa.PrivateKey)
	if !ok {
		return nil, wrong
	}
	return key, nil
}
