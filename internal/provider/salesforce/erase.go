package salesforce

import (
	"context"
	"net/http"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// eraser deletes records.
type eraser struct{ *org }

// Erase implements provider.Eraser. Somebody who is not there and a field that is not there are answered alike, so the fields
// are checked first.
func (e *eraser) Erase(ctx context.Context, r provider.Request) error {
	if err := e.checked.Pass(ctx); err != nil {
		return err
	}
	res, err := e.call(ctx, request{method: http.MethodDelete, path: e.recordPath(r.Key)})
	if err != nil {
		return err
	}
	problems := problemsOf(res.Body)
	switch {
	case res.Status == http.StatusNoContent:
		return nil
	case res.Status == http.StatusNotFound && len(problems) > 0 && (problems[0].code() == notFound || problems[0].code() == "ENTITY_IS_DELETED"):
		return nil // Salesforce itself says so, and not something between
	case res.Status/100 == 2:
		return errUnreadable()
	}
	return e.refusal(res)
}
