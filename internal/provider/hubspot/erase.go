package hubspot

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// eraser removes contacts.
type eraser struct {
	*account
	forGood bool // GDPRDelete
}

// What HubSpot keeps of somebody who was erased.
const (
	keptArchived = "the contact in HubSpot's recycle bin, for 90 days"
	keptForGood  = "the address on HubSpot's list of those that it takes no more, and what was sent or noted elsewhere at HubSpot"
)

// Erase implements provider.Eraser.
func (e *eraser) Erase(ctx context.Context, r provider.Request) (provider.Erased, error) {
	if err := e.remove(ctx, r); err != nil {
		return provider.Erased{}, err
	}
	if e.forGood {
		return provider.Erased{Kept: keptForGood}, nil
	}
	return provider.Erased{Kept: keptArchived}, nil
}

// remove looks the contact up first, by its address, so that what is removed is there.
func (e *eraser) remove(ctx context.Context, r provider.Request) error {
	res, err := e.call(ctx, http.MethodGet, contactPath(r.Key), nil)
	switch {
	case err != nil:
		return err
	case res.Status == http.StatusNotFound && problemOf(res.Body).CorrelationID != "":
		return nil // HubSpot itself says so, and not something between
	case res.Status/100 != 2:
		return e.refusal(res)
	}
	var c contact
	if json.Unmarshal(res.Body, &c) != nil {
		return errUnreadable()
	}
	if _, err := c.receipt(); err != nil {
		return err
	}
	if e.forGood {
		// By its id, never by the address: HubSpot blocks an address that it does not find.
		res, err = e.call(ctx, http.MethodPost, gdprDeletePath, map[string]any{"objectId": c.ID})
	} else {
		res, err = e.call(ctx, http.MethodDelete, contactsPath+"/"+c.ID, nil)
	}
	if err == nil && res.Status/100 != 2 && res.Status != http.StatusNotFound {
		err = e.refusal(res)
	}
	return err
}
