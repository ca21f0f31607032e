package salesforce

import (
	"context"
	"net/http"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// eraser deletes records.
type eraser struct{ *org }

// kept is what Salesforce keeps of somebody who was erased. No call of the REST API empties the recycle bin.
const kept = "the record in Salesforce's recycle bin, for 15 days, and what it logged: field history, for example"

// Erase implements provider.Eraser.
func (e *eraser) Erase(ctx context.Context, r provider.Request) (provider.Erased, error) {
	if err := e.remove(ctx, r); err != nil {
		return provider.Erased{}, err
	}
	return provider.Erased{Kept: kept}, nil
}

// remove deletes the record of an address. Somebody who is not there and a field that is not there are answered alike, so the
// fields are checked first.
func (e *eraser) remove(ctx context.Context, r provider.Request) error {
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
