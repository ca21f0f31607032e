package brevo

import (
	"context"
	"net/http"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// eraser removes contacts.
type eraser struct{ *account }

// kept is what Brevo keeps of somebody who was erased.
const kept = "Brevo's logs of what was sent, for as long as it keeps logs"

// Erase implements provider.Eraser.
func (e *eraser) Erase(ctx context.Context, r provider.Request) (provider.Erased, error) {
	res, err := e.call(ctx, http.MethodDelete, contactPath(r.Key), nil)
	switch {
	case err != nil:
		return provider.Erased{}, err
	case res.Status/100 != 2 && (res.Status != http.StatusNotFound || problemOf(res).Code == ""):
		return provider.Erased{}, e.refusal(res)
	}
	return provider.Erased{Kept: kept}, nil
}
