package alert

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	// sendTimeout is what an Alertmanager is given for one call.
	sendTimeout = 10 * time.Second
	// perCall is the most alerts that one call carries.
	perCall = 64
)

// Outcome is how a send to an Alertmanager ended.
type Outcome string

// Outcomes.
const (
	// Sent: it took them.
	Sent Outcome = "Sent"
	// Unreachable: it did not answer, or not now.
	Unreachable Outcome = "Unreachable"
	// Unauthorized: it, or a proxy in front of it, refuses the credentials, or they can't be read.
	Unauthorized Outcome = "Unauthorized"
	// Refused: it answers that the request is wrong.
	Refused Outcome = "Refused"
)

// undelivered says why a send failed. It repeats nothing that was sent or answered.
type undelivered struct {
	outcome Outcome
	why     string
}

func (u *undelivered) Error() string { return u.why }

// peer is one Alertmanager.
type peer struct {
	Alertmanager
	name   string
	client *http.Client
}

// peerName is what a peer is called in metrics, events and logs: its host, with the path of the route prefix.
func peerName(u *url.URL) string { return u.Host + strings.TrimSuffix(u.Path, "/") }

func newPeer(a Alertmanager) (*peer, error) {
	u, err := url.Parse(a.URL)
	if err != nil {
		return nil, errors.New("alerts: an Alertmanager's address can't be read")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = 2
	if a.CAFile != "" {
		pem, err := os.ReadFile(a.CAFile)
		if err != nil {
			return nil, fmt.Errorf("alerts: caFile of %s: %w", peerName(u), err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("alerts: caFile of %s holds no certificate in PEM form", peerName(u))
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &peer{Alertmanager: a, name: peerName(u), client: &http.Client{
		Transport: transport, Timeout: sendTimeout,
		// Credentials go to the address that was configured, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// send posts alerts, at most perCall at a time; none at all are posted, too, to see whether the peer is there. Its errors are
// *undelivered.
func (p *peer) send(ctx context.Context, alerts []Posted) error {
	if len(alerts) == 0 {
		return p.post(ctx, []Posted{})
	}
	var errs []error
	for batch := range slices.Chunk(alerts, perCall) {
		err := p.post(ctx, batch)
		var u *undelivered
		if errors.As(err, &u) && u.outcome != Refused {
			return err
		}
		errs = append(errs, err) // what is wrong with one batch need not be wrong with the next
	}
	return errors.Join(errs...)
}

func (p *peer) post(ctx context.Context, alerts []Posted) error {
	body, err := json.Marshal(alerts)
	if err != nil {
		return &undelivered{Refused, "the alerts can't be encoded"}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(p.URL, "/")+"/api/v2/alerts", bytes.NewReader(body))
	if err != nil {
		return &undelivered{Refused, "its address can't be used"}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "contact-operator")
	if err := p.authorise(r); err != nil {
		return err
	}
	response, err := p.client.Do(r)
	if err != nil {
		return &undelivered{Unreachable, "it can't be reached: " + withoutURL(err)}
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection can be used again
	switch status := response.StatusCode; {
	case status/100 == 2:
		return nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return &undelivered{Unauthorized, fmt.Sprintf("it refuses the credentials (status %d): check username and passwordFile, or bearerTokenFile", status)}
	case status == http.StatusNotFound, status == http.StatusGone, status/100 == 3:
		return &undelivered{Refused, fmt.Sprintf("there is no Alertmanager at this address (status %d): check the address and its route prefix", status)}
	case status/100 == 4 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests:
		return &undelivered{Refused, fmt.Sprintf("it refuses the alerts (status %d): see its log", status)}
	default:
		return &undelivered{Unreachable, fmt.Sprintf("it answers with status %d", status)}
	}
}

func (p *peer) authorise(r *http.Request) error {
	file := p.BearerTokenFile
	if p.Username != "" {
		file = p.PasswordFile
	}
	if file == "" {
		return nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return &undelivered{Unauthorized, "its credentials can't be read: " + err.Error()}
	}
	secret := strings.TrimSpace(string(content))
	if p.Username != "" {
		r.SetBasicAuth(p.Username, secret)
	} else {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	return nil
}

// withoutURL is an error of the HTTP client without the address, which messages name already.
func withoutURL(err error) string {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	return err.Error()
}
