package listmonk

import (
	"context"
	"net/http"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// eraser removes subscribers.
type eraser struct{ *instance }

// Erase implements provider.Eraser. listmonk keeps nothing, not even that the person had left.
func (e *eraser) Erase(ctx context.Context, r provider.Request) (provider.Erased, error) {
	s, found, err := e.find(ctx, r)
	if err != nil || !found {
		return provider.Erased{}, err
	}
	return provider.Erased{}, e.ask(ctx, http.MethodDelete, s.path(), nil, nil)
}
