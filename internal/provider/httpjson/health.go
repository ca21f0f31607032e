package httpjson

import (
	"context"
)

// health asks whether the service works. Its status alone tells.
type health struct {
	call
	target string
}

// CheckHealth implements provider.HealthChecker.
func (h *health) CheckHealth(ctx context.Context) error {
	_, err := h.send(ctx, h.target, nil)
	return err
}
