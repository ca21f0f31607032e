package listmonk

import (
	"context"
	"net/http"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// eraser removes subscribers.
type eraser struct{ *instance }

// Erase implements provider.Eraser.
func (e *eraser) Erase(ctx context.Context, r provider.Request) error {
	s, found, err := e.find(ctx, r)
	if err != nil || !found {
		return err
	}
	return e.ask(ctx, http.MethodDelete, s.path(), nil, nil)
}
