package system

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// IntakeURL is the address of a path of the intake.
func (s *System) IntakeURL(path string) string { return "http://" + s.addresses["INTAKE_ADDR"] + path }

// SandboxURL is the address of the sandbox, without a path; SandboxTLSURL that of its TLS port.
func (s *System) SandboxURL() string { return "http://" + s.addresses["SANDBOX_ADDR"] }

// SandboxTLSURL is the address of the sandbox's TLS port, without a path.
func (s *System) SandboxTLSURL() string { return "https://" + s.addresses["SANDBOX_TLS_ADDR"] }

// Fault makes a service fail in these ways, or, without any, work again.
func (s *System) Fault(ctx context.Context, service server.Service, faults ...server.Fault) error {
	if len(faults) == 0 {
		faults = []server.Fault{{Mode: server.ModeOK}}
	}
	return s.put(ctx, "/_faults/"+string(service), faults)
}

// SetToken makes a service take another token from now on, and no longer the old one.
func (s *System) SetToken(ctx context.Context, service server.Service, token string) error {
	return s.put(ctx, "/_tokens/"+string(service), map[string]string{"token": token})
}

// ResetSandbox makes the sandbox forget everything.
func (s *System) ResetSandbox(ctx context.Context) error { return s.put(ctx, "/_reset", nil) }

// Stats counts what happened at each service since the last reset.
func (s *System) Stats(ctx context.Context) (map[server.Service]server.ServiceStats, error) {
	var answer struct {
		Services map[server.Service]server.ServiceStats `json:"services"`
	}
	err := s.get(ctx, "/_stats", &answer)
	return answer.Services, err
}

// Records lists what a service holds.
func (s *System) Records(ctx context.Context, service server.Service) ([]server.Record, error) {
	var answer struct {
		Records []server.Record `json:"records"`
	}
	err := s.get(ctx, "/_records/"+string(service), &answer)
	return answer.Records, err
}

func (s *System) put(ctx context.Context, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return s.ask(ctx, http.MethodPut, path, data, nil)
}

func (s *System) get(ctx context.Context, path string, into any) error {
	return s.ask(ctx, http.MethodGet, path, nil, into)
}

func (s *System) ask(ctx context.Context, method, path string, body []byte, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, s.SandboxURL()+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("the sandbox does not answer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode/100 != 2:
		return fmt.Errorf("the sandbox answers %s to %s %s: %s", resp.Status, method, path, bytes.TrimSpace(data))
	case into == nil:
		return nil
	}
	return json.Unmarshal(data, into)
}
