package canary

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// Channel is what a canary says it came in by.
const Channel = "canary"

// Door is the intake, as anybody reaches it.
type Door struct {
	base   string
	client *http.Client
}

// NewDoor makes one from the intake's address.
func NewDoor(intake string) (*Door, error) {
	u, err := url.Parse(intake)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil {
		return nil, errors.New("--intake-url must be the address of the intake, like http://contact-intake.contact-operator-system")
	}
	return &Door{base: strings.TrimSuffix(intake, "/"), client: &http.Client{Timeout: 10 * time.Second}}, nil
}

// Post hands in a pipeline's canary, and returns the name that it got. The same time gives the same submission.
func (d *Door) Post(ctx context.Context, p *v1alpha1.ContactPipeline, sent time.Time) (string, error) {
	body, err := json.Marshal(map[string]any{
		"email": p.Spec.Canary.Email, "channel": Channel, "consent": map[string]any{"marketing": false},
	})
	if err != nil {
		return "", err
	}
	address := fmt.Sprintf("%s/v1/%s/%s/submissions", d.base, p.Namespace, p.Name)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", "canary-"+sent.UTC().Format("20060102T150405Z"))
	r.Header.Set("User-Agent", "contact-operator-canary")
	response, err := d.client.Do(r)
	if err != nil {
		return "", fmt.Errorf("the intake can't be reached: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		ID string `json:"id"`
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	switch {
	case response.StatusCode/100 != 2:
		return "", fmt.Errorf("the intake answers with status %d", response.StatusCode)
	case err != nil || json.Unmarshal(content, &answer) != nil || answer.ID == "":
		return "", errors.New("the intake's answer names no submission")
	}
	return answer.ID, nil
}
