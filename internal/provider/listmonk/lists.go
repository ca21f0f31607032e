package listmonk

import (
	"context"
	"net/http"
	"strconv"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// checkLists reads the lists. It notes which of them have double opt-in.
func (w *writer) checkLists(ctx context.Context) error {
	double := map[int]bool{}
	for _, id := range w.targets {
		path := listsPath + "/" + strconv.Itoa(id)
		res, err := w.call(ctx, http.MethodGet, path, nil)
		switch {
		case err != nil:
			return err
		case res.Status == http.StatusBadRequest:
			return provider.Errorf(provider.Config, "listmonk has no list %d: create it there, or take it out of spec.listmonk.lists", id)
		case res.Status/100 != 2:
			return refusal(res)
		}
		var list struct {
			ID    int    `json:"id"`
			OptIn string `json:"optin"`
		}
		if err := read(res, &list); err != nil {
			return err
		}
		if list.ID != id {
			return errUnreadable()
		}
		double[id] = list.OptIn == "double"
	}
	w.double.Store(&double)
	return nil
}

// CheckHealth implements provider.HealthChecker. The path needs the credentials, which /health does not.
func (w *writer) CheckHealth(ctx context.Context) error {
	if err := w.ask(ctx, http.MethodGet, healthPath, nil, nil); err != nil {
		return err
	}
	return w.lists.Pass(ctx)
}

// notOn is the failure of a list that listmonk has left out without a word.
func (w *writer) notOn(id int) *provider.Error {
	w.lists.Forget()
	return provider.Errorf(provider.Config,
		"listmonk has not put the person on list %d: the API user's role needs manage on that list, and the list has to exist", id)
}
