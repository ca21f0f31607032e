package listmonk

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// writer creates and changes subscribers.
type writer struct {
	*instance
	targets      []int // the lists, sorted
	confirmation string
	attributes   *mapping.Mapping
	// lists is passed once listmonk has all of them; double then says which have double opt-in.
	lists  *mapping.Check
	double atomic.Pointer[map[int]bool]
	// noPatch: this listmonk is older than 6.1.
	noPatch atomic.Bool
}

// record is what listmonk should hold. Lists and confirmation are in it so that a change of the Integration reaches
// everybody.
type record struct {
	Email        string         `json:"email"`
	Name         string         `json:"name,omitempty"`
	Attribs      map[string]any `json:"attribs,omitempty"`
	Consent      string         `json:"consent,omitempty"`
	Lists        []int          `json:"lists"`
	Confirmation string         `json:"confirmation"`
}

// The answers about marketing mail.
const (
	granted = "Granted"
	denied  = "Denied"
)

// Render implements provider.Upserter.
func (w *writer) Render(c provider.Contact) (provider.Request, error) {
	if c.Email == "" {
		return provider.Request{}, provider.Errorf(provider.Invalid, "this record has no address")
	}
	attribs, err := w.attributes.Render(&c)
	if err != nil {
		return provider.Request{}, err
	}
	payload, err := expression.Marshal(record{
		Email: c.Email, Name: strings.TrimSpace(c.Name), Attribs: attribs, Consent: c.Consent.Marketing,
		Lists: w.targets, Confirmation: w.confirmation,
	})
	if err != nil {
		return provider.Request{}, provider.Errorf(provider.Invalid, "an attribute of this record has no form in JSON")
	}
	return provider.Request{Key: c.Email, Payload: payload}, nil
}

// Upsert implements provider.Upserter.
func (w *writer) Upsert(ctx context.Context, r provider.Request) (provider.Receipt, error) {
	var want record
	if decodeExactly(r.Payload, &want) != nil || want.Email != r.Key {
		return provider.Receipt{}, provider.Errorf(provider.Transient, "the request was rendered before the Integration changed: it is rendered again")
	}
	if err := w.lists.Pass(ctx); err != nil {
		return provider.Receipt{}, err
	}
	if r.RemoteID == "" && want.Consent == granted {
		created, taken, err := w.create(ctx, want)
		if !taken {
			return created, err
		}
	}
	s, found, err := w.find(ctx, r)
	switch {
	case err != nil:
		return provider.Receipt{}, err
	case found:
		return w.change(ctx, s, want)
	case want.Consent != granted: // nobody is put on a list without having agreed
		return provider.Receipt{Suppressed: want.Consent == denied}, nil
	case r.RemoteID == "":
		return provider.Receipt{}, errHidden()
	}
	created, taken, err := w.create(ctx, want)
	if taken {
		return provider.Receipt{}, errHidden()
	}
	return created, err
}

// errHidden: the address is taken by somebody who can't be seen.
func errHidden() *provider.Error {
	return provider.Errorf(provider.Conflict,
		"listmonk has this address, but does not show its subscriber: the API user's role needs subscribers:get_all")
}

// create makes a subscriber. taken: there is one with this address.
func (w *writer) create(ctx context.Context, want record) (receipt provider.Receipt, taken bool, err error) {
	name := want.Name
	if name == "" { // version 5 refuses a blank one; 6 does the same as this
		name, _, _ = strings.Cut(want.Email, "@")
	}
	res, err := w.call(ctx, http.MethodPost, subscribersPath, map[string]any{
		"email": want.Email, "name": name, "status": enabled, "lists": want.Lists, "attribs": notNil(want.Attribs),
		"preconfirm_subscriptions": want.Confirmation == preconfirmed,
	})
	switch {
	case err != nil:
		return provider.Receipt{}, false, err
	case res.Status == http.StatusConflict:
		return provider.Receipt{}, true, nil
	case res.Status/100 != 2:
		return provider.Receipt{}, false, refusal(res)
	}
	var s subscriber
	if err := read(res, &s); err != nil {
		return provider.Receipt{}, false, err
	}
	if s.ID < 1 {
		return provider.Receipt{}, false, errUnreadable()
	}
	state := stateOf(s, want.Lists)
	if len(state.missing) > 0 {
		return provider.Receipt{}, false, w.notOn(state.missing[0])
	}
	return provider.Receipt{RemoteID: strconv.Itoa(s.ID)}, false, nil
}

// state is how a subscriber stands to the lists.
type state struct {
	missing, active, left []int
	blocked               bool // gets no mail at all
}

func stateOf(s subscriber, targets []int) state {
	out := state{blocked: s.Status != enabled}
	on := map[int]string{}
	for _, l := range s.Lists {
		on[l.ID] = l.Status + "." // never blank for a list that is there
	}
	for _, id := range targets {
		switch on[id] {
		case "":
			out.missing = append(out.missing, id)
		case unsubscribed + ".":
			out.left = append(out.left, id)
		default:
			out.active = append(out.active, id)
		}
	}
	return out
}

// change makes a subscriber hold what is wanted, as far as the person has not left.
func (w *writer) change(ctx context.Context, s subscriber, want record) (provider.Receipt, error) {
	receipt := provider.Receipt{RemoteID: strconv.Itoa(s.ID)}
	at := stateOf(s, want.Lists)
	if want.Consent == denied {
		receipt.Suppressed = true
		if len(at.active) == 0 || at.blocked {
			return receipt, nil
		}
		return receipt, w.ask(ctx, http.MethodPut, manageListsPath, manage(s, "unsubscribe", at.active), nil)
	}
	if at.blocked || len(at.left) > 0 && len(at.active) == 0 {
		receipt.Suppressed = true
		return receipt, nil
	}
	if err := w.changeData(ctx, s, want); err != nil {
		return provider.Receipt{}, err
	}
	if want.Consent != granted || len(at.left) > 0 || len(at.missing) == 0 {
		return receipt, nil
	}
	return receipt, w.add(ctx, s, at.missing, want.Confirmation)
}

// changeData writes name and attributes where they differ. Attributes that are not ours stay.
func (w *writer) changeData(ctx context.Context, s subscriber, want record) error {
	merged := maps.Clone(notNil(s.Attribs))
	maps.Copy(merged, want.Attribs)
	name := want.Name
	if name == "" {
		name = s.Name
	}
	if name == s.Name && reflect.DeepEqual(merged, notNil(s.Attribs)) {
		return nil
	}
	if !w.noPatch.Load() {
		// Lists are left out: they would be replaced.
		res, err := w.call(ctx, http.MethodPatch, s.path(), map[string]any{"name": name, "attribs": notNil(want.Attribs)})
		switch {
		case err != nil:
			return err
		case res.Status/100 == 2:
			return read(res, new(any))
		case res.Status != http.StatusMethodNotAllowed && res.Status != http.StatusNotFound:
			return refusal(res)
		}
	}
	return w.putData(ctx, s, name, merged)
}

// putData is for versions before 6.1: what it leaves out is dropped.
func (w *writer) putData(ctx context.Context, s subscriber, name string, attribs map[string]any) error {
	lists := []int{}
	for _, l := range s.Lists {
		lists = append(lists, l.ID)
	}
	var after subscriber
	err := w.ask(ctx, http.MethodPut, s.path(), map[string]any{
		"email": s.Email, "name": name, "attribs": attribs, "lists": lists, "preconfirm_subscriptions": false,
	}, &after)
	if err != nil {
		return err
	}
	w.noPatch.Store(true)
	if lost := stateOf(after, lists).missing; len(lost) > 0 {
		return provider.Errorf(provider.Config, "listmonk has taken a person off list %d, which the API user may not manage: before version 6.1 its role needs lists:manage_all", lost[0])
	}
	return nil
}

// add puts a subscriber on lists that the person has no subscription to.
func (w *writer) add(ctx context.Context, s subscriber, lists []int, confirmation string) error {
	body := manage(s, "add", lists)
	if confirmation == preconfirmed {
		body["status"] = "confirmed"
	}
	if err := w.ask(ctx, http.MethodPut, manageListsPath, body, nil); err != nil {
		return err
	}
	after, found, err := w.get(ctx, s.ID)
	switch {
	case err != nil:
		return err
	case !found:
		return provider.Errorf(provider.Transient, "the subscriber went away while it was changed")
	}
	if missing := stateOf(after, lists).missing; len(missing) > 0 {
		return w.notOn(missing[0])
	}
	double := *w.double.Load()
	for _, id := range lists {
		if double[id] && confirmation == byList {
			// The call above sends none. This one does so each time, and is not made again: from now on the person is on the list.
			return w.ask(ctx, http.MethodPost, s.path()+"/optin", map[string]any{}, nil)
		}
	}
	return nil
}

func manage(s subscriber, action string, lists []int) map[string]any {
	return map[string]any{"ids": []int{s.ID}, "action": action, "target_list_ids": lists}
}

func notNil(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
