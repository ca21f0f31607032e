package espocrm

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// eraser removes records.
type eraser struct {
	*instance
	fieldsFirst bool // EraseAndDelete
}

// What EspoCRM keeps of somebody who was erased.
const (
	keptDeleted = "the deleted record in EspoCRM's database, until its clean-up job removes it; the address, and what was noted or mailed, for longer"
	keptEmptied = "the emptied record in EspoCRM's database, until its clean-up job removes it; what was noted or mailed, for longer"
)

// Erase implements provider.Eraser.
func (e *eraser) Erase(ctx context.Context, r provider.Request) (provider.Erased, error) {
	if err := e.removeAll(ctx, r.Key); err != nil {
		return provider.Erased{}, err
	}
	if e.fieldsFirst {
		if err := e.removeEmptied(ctx, person{"id": r.RemoteID}.id()); err != nil {
			return provider.Erased{}, err
		}
		return provider.Erased{Kept: keptEmptied}, nil
	}
	return provider.Erased{Kept: keptDeleted}, nil
}

// removeAll removes all records that have the address, as their first or another one.
func (e *eraser) removeAll(ctx context.Context, address string) error {
	for {
		found, err := e.find(ctx, address)
		if err != nil {
			return err
		}
		for _, p := range found {
			if err := e.remove(ctx, p.id()); err != nil {
				return err
			}
		}
		if len(found) < maxFound {
			return nil
		}
	}
}

// removeEmptied deletes the record that was written before, "" where that is not known, if it was emptied and then not deleted, since an
// answer was lost: no address leads to it any more.
func (e *eraser) removeEmptied(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	p, err := e.get(ctx, id)
	if err != nil || p == nil {
		return err
	}
	first, _ := p[addressAttribute].(string)
	others, _ := p["emailAddressData"].([]any)
	last, _ := p[lastNameAttribute].(string)
	if first != "" || len(others) > 0 || last != "" {
		return nil // somebody's, with another address by now
	}
	return e.done(ctx, request{method: http.MethodDelete, path: e.path() + "/" + id}, "delete of all records")
}

func (e *eraser) remove(ctx context.Context, id string) error {
	if e.fieldsFirst {
		err := e.done(ctx, request{
			method: http.MethodPost, path: "/DataPrivacy/action/erase",
			body: map[string]any{"entityType": e.entity, "id": id, "fieldList": e.personal()},
		}, "the permission Data Privacy, and edit of the fields")
		if err != nil {
			return err
		}
	}
	return e.done(ctx, request{method: http.MethodDelete, path: e.path() + "/" + id}, "delete of all records")
}

// done makes a call that is answered with true. A record that is not there any more is as good.
func (e *eraser) done(ctx context.Context, r request, needs string) error {
	res, err := e.call(ctx, r)
	switch {
	case err != nil:
		return err
	case res.Status == http.StatusNotFound:
		return nil
	case res.Status == http.StatusForbidden:
		refused := e.onRecord(res)
		if refused.Class == provider.Config {
			refused.Message = "EspoCRM does not let the API user erase (status 403): its role needs " + needs + ", on " + e.entity
		}
		return refused
	case res.Status/100 != 2:
		return e.refusal(res)
	}
	done := false
	if err := read(res, &done); err != nil || !done {
		return errUnreadable()
	}
	return nil
}

// personal are the fields that are emptied: the person's own, and those that the mapping fills. A name is one field, and so is an address.
func (e *eraser) personal() []string {
	list := []string{"name", addressAttribute, "phoneNumber", "address"}
	for _, name := range e.fields.Names() {
		part := name == firstNameAttribute || name == lastNameAttribute || strings.HasPrefix(name, "address") ||
			strings.HasSuffix(name, "Id") || strings.HasSuffix(name, "Ids")
		if !part && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}
