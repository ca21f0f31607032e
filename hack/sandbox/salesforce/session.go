package salesforce

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// PublicKey reads an app's certificate, in PEM.
func PublicKey(certificate []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(certificate)
	if block == nil {
		return nil, errors.New("the certificate is no PEM")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the certificate is not one of an RSA key")
	}
	return key, nil
}

// issued is a session. It goes with the secret that it was got by, so that a new secret ends it.
type issued struct {
	at     time.Time
	secret string
}

// token signs in.
func (o *org) token(r *http.Request, body []byte, secret string) server.VendorAnswer {
	form, err := url.ParseQuery(string(body))
	if err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return o.refused("invalid_request", "the body is no form")
	}
	switch form.Get("grant_type") {
	case "client_credentials":
		if form.Get("client_id") != ClientID {
			return o.refused("invalid_client_id", "client identifier invalid")
		}
		if subtle.ConstantTimeCompare([]byte(form.Get("client_secret")), []byte(secret)) != 1 {
			return o.refused("invalid_client", "invalid client credentials")
		}
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		if o.PublicKey == nil {
			return o.refused("invalid_grant", "user hasn't approved this consumer")
		}
		if message := o.wrongAssertion(r, form.Get("assertion")); message != "" {
			return o.refused("invalid_grant", message)
		}
	default:
		return o.refused("unsupported_grant_type", "grant type not supported")
	}
	o.serial++
	access := "00Dsandbox!session." + strconv.Itoa(o.serial)
	o.sessions[access] = issued{at: o.Now(), secret: secret}
	return server.VendorAnswer{Status: http.StatusOK, Body: map[string]string{
		"access_token": access, "instance_url": base(r), "id": base(r) + "/id/00Dsandbox/005sandbox", "token_type": "Bearer",
		"scope": "api", "issued_at": strconv.FormatInt(o.Now().UnixMilli(), 10),
	}}
}

// base is where the stand-in is reached.
func base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + "/" + string(server.Salesforce)
}

// refused is the error body of a sign-in. It tells the time, as Salesforce does.
func (o *org) refused(code, text string) server.VendorAnswer {
	return server.VendorAnswer{
		Status: http.StatusBadRequest, Unauthorized: true, Header: http.Header{"Date": {o.Now().UTC().Format(http.TimeFormat)}},
		Body: map[string]string{"error": code, "error_description": text},
	}
}

// wrongAssertion says what is wrong with a JWT.
func (o *org) wrongAssertion(r *http.Request, assertion string) string {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return "invalid assertion"
	}
	decoded := make([][]byte, len(parts))
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return "invalid assertion"
		}
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	var claims struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
	}
	if json.Unmarshal(decoded[0], &header) != nil || json.Unmarshal(decoded[1], &claims) != nil || header.Algorithm != "RS256" {
		return "invalid assertion"
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	left := time.Unix(claims.Expires, 0).Sub(o.Now())
	switch {
	case claims.Issuer != ClientID:
		return "invalid client"
	case claims.Subject != User:
		return "user hasn't approved this consumer"
	case claims.Audience != base(r) && claims.Audience != "https://login.salesforce.com":
		return "audience is invalid"
	case left < 0, left > 5*time.Minute:
		return "expired authorization code"
	case rsa.VerifyPKCS1v15(o.PublicKey, crypto.SHA256, digest[:], decoded[2]) != nil:
		return "invalid assertion"
	}
	return ""
}

// signedIn tells whether a call has a session.
func (o *org) signedIn(r *http.Request, secret string) bool {
	scheme, access, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	s, found := o.sessions[access]
	return scheme == "Bearer" && found && s.secret == secret && (o.SessionLasts == 0 || o.Now().Sub(s.at) < o.SessionLasts)
}

// unlimited is the quota of an org that has none.
const unlimited = 1_000_000

func (o *org) most() int {
	if o.PerDay == 0 {
		return unlimited
	}
	return o.PerDay
}

// count counts a call, or refuses it for the quota of the last 24 hours. Sign-ins don't count.
func (o *org) count() (refused server.VendorAnswer, over bool) {
	now := o.Now()
	for len(o.calls) > 0 && now.Sub(o.calls[0]) >= 24*time.Hour {
		o.calls = o.calls[1:]
	}
	if len(o.calls) >= o.most() {
		refused = problem(http.StatusForbidden, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
		refused.Header = o.usage()
		return refused, true
	}
	o.calls = append(o.calls, now)
	return server.VendorAnswer{}, false
}

func (o *org) usage() http.Header {
	return http.Header{"Sforce-Limit-Info": {"api-usage=" + strconv.Itoa(len(o.calls)) + "/" + strconv.Itoa(o.most())}}
}
