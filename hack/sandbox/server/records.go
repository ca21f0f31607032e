package server

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Record is what a service holds under one natural key.
type Record struct {
	// Key is the natural key: the lower-cased address, or, for the locator, which is not told one, what it was asked.
	Key string `json:"key"`
	// Email is the key where that is an address.
	Email string `json:"email,omitempty"`
	// ID is the service's own id, where it gives one.
	ID string `json:"id,omitempty"`
	// Writes is how many calls created or changed the record; for the verifier and the locator, how many asked.
	Writes int            `json:"writes"`
	Fields map[string]any `json:"fields"` // never changed in place
}

// contents are what a table holds.
type contents struct {
	rows   map[string]Record
	serial int // the ids given so far
}

func newContents() *contents { return &contents{rows: map[string]Record{}} }

func (c *contents) apply(ch change) {
	c.serial = ch.Serial
	if ch.Record != nil {
		c.rows[ch.Record.Key] = *ch.Record
	}
	delete(c.rows, ch.Removed)
}

// sorted lists the records by key.
func (c *contents) sorted() []Record {
	return slices.SortedFunc(maps.Values(c.rows), byKey)
}

func byKey(a, b Record) int { return strings.Compare(a.Key, b.Key) }

// table holds the records of one service.
type table struct {
	service  Service
	hasIDs   bool
	idPrefix string
	journal  *Journal // told of every change before it is made

	mu sync.Mutex
	*contents
}

func newTable(service Service, hasIDs bool, idPrefix string) *table {
	return &table{service: service, hasIDs: hasIDs, idPrefix: idPrefix, contents: newContents()}
}

// list returns the records, sorted by key. Calls are not held up while it sorts.
func (t *table) list() []Record {
	t.mu.Lock()
	rows := slices.Collect(maps.Values(t.rows))
	t.mu.Unlock()
	slices.SortFunc(rows, byKey)
	return rows
}

func (t *table) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.rows)
}

func (t *table) get(key string) (Record, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.rows[key]
	return r, ok
}

// commit makes a change, if the journal takes it. The lock must be held.
func (t *table) commit(ch change) error {
	ch.Service = t.service
	if err := t.journal.add(ch); err != nil {
		return err
	}
	t.apply(ch)
	return nil
}

// remove deletes a record, and says whether there was one. After an error it is still there.
func (t *table) remove(key string) (found bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, found = t.rows[key]; !found {
		return false, nil
	}
	return true, t.commit(change{Serial: t.serial, Removed: key})
}

// put creates or changes a record. The fields it gets are made from those it has, nil when it is new. Putting what is
// already there is no write. After an error nothing has changed.
func (t *table) put(key string, fields func(current map[string]any) map[string]any) (r Record, created bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, found := t.rows[key]
	serial := t.serial
	if !found {
		serial++
		r = Record{Key: key}
		if strings.Contains(key, "@") { // not an IP address
			r.Email = key
		}
		if t.hasIDs {
			r.ID = t.idPrefix + strconv.Itoa(serial)
		}
	}
	next := fields(r.Fields)
	if found && reflect.DeepEqual(next, r.Fields) {
		return r, false, nil
	}
	r, err = t.store(r, serial, next)
	return r, !found, err
}

// update changes a record that is there, as put does, and says whether there was one. It makes none.
func (t *table) update(key string, fields func(current map[string]any) map[string]any) (r Record, found bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, found = t.rows[key]; !found {
		return Record{}, false, nil
	}
	next := fields(r.Fields)
	if reflect.DeepEqual(next, r.Fields) {
		return r, true, nil
	}
	r, err = t.store(r, t.serial, next)
	return r, true, err
}

// rename gives a record another key, in two changes. One that has that key already is replaced.
func (t *table) rename(key, to string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, found := t.rows[key]
	if !found || key == to {
		return nil
	}
	if err := t.commit(change{Serial: t.serial, Removed: key}); err != nil {
		return err
	}
	r.Key, r.Email = to, to
	return t.commit(change{Serial: t.serial, Record: &r})
}

// store commits a record with new fields. The lock must be held.
func (t *table) store(r Record, serial int, fields map[string]any) (Record, error) {
	r.Fields = fields
	r.Writes++
	return r, t.commit(change{Serial: serial, Record: &r})
}

// asked notes one more question under a key.
func (t *table) asked(key, email string, fields map[string]any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.rows[key]
	t.rows[key] = Record{Key: key, Email: email, Writes: r.Writes + 1, Fields: fields}
}

// unsaved is the answer when the journal could not take a change.
func unsaved() answer {
	return refusal(http.StatusInternalServerError, "unsaved", "the sandbox could not write to its file, so nothing has changed; its log says why")
}

func getRecord(c call) answer {
	r, ok := c.records.get(c.email)
	if !ok {
		return refusal(http.StatusNotFound, "not_found", "there is no record of this address")
	}
	return answer{status: http.StatusOK, body: map[string]any{"id": r.ID, "email": r.Email, "fields": r.Fields}}
}

func deleteRecord(c call) answer {
	found, err := c.records.remove(c.email)
	switch {
	case err != nil:
		return unsaved()
	case !found:
		return refusal(http.StatusNotFound, "not_found", "there is no record of this address")
	}
	return answer{status: http.StatusNoContent, records: 1}
}
