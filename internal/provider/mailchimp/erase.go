package mailchimp

import (
	"context"
	"net/http"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// eraser removes members.
type eraser struct {
	*audience
	forGood bool // DeletePermanent
}

// What Mailchimp keeps of somebody who was erased.
const (
	keptArchived = "the contact in Mailchimp's archive, with its history, until somebody deletes it for good there"
	keptForGood  = "a mark at Mailchimp that the address is taken from no one but the person, and counts in reports"
)

// Erase implements provider.Eraser.
func (e *eraser) Erase(ctx context.Context, r provider.Request) (provider.Erased, error) {
	erased := provider.Erased{Kept: keptArchived}
	var err error
	if e.forGood {
		erased.Kept = keptForGood
		err = e.remove(ctx, http.MethodPost, e.memberPath(r.Key)+"/actions/delete-permanent")
	} else {
		err = e.archive(ctx, r.Key)
	}
	if err != nil {
		return provider.Erased{}, err
	}
	return erased, nil
}

func (e *eraser) archive(ctx context.Context, email string) error {
	c, found, err := e.get(ctx, email)
	if err != nil || !found || c.Status == archived { // what is archived can't be once more
		return err
	}
	return e.remove(ctx, http.MethodDelete, e.memberPath(email))
}

func (e *eraser) remove(ctx context.Context, method, path string) error {
	res, err := e.call(ctx, method, path, nil)
	switch {
	case err != nil:
		return err
	case res.Status/100 == 2, res.Status == http.StatusNotFound && problemOf(res).Title != "":
		return nil
	case res.Status == http.StatusMethodNotAllowed && problemOf(res).Title != "":
		return provider.Errorf(provider.Invalid, "Mailchimp does not let this contact be removed (status 405)")
	}
	return e.refusal(res)
}
