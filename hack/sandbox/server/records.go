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

// table holds the records of one service.
type table struct {
	idPrefix string // "": records have no ids

	mu     sync.Mutex
	rows   map[string]Record
	serial int
}

func newTable(idPrefix string) *table { return &table{idPrefix: idPrefix, rows: map[string]Record{}} }

func (t *table) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows, t.serial = map[string]Record{}, 0
}

func (t *table) list() []Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.SortedFunc(maps.Values(t.rows), func(a, b Record) int { return strings.Compare(a.Key, b.Key) })
}

func (t *table) get(key string) (Record, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.rows[key]
	return r, ok
}

func (t *table) remove(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.rows[key]
	delete(t.rows, key)
	return ok
}

// put creates or changes a record. The fields it gets are made from those it has, nil when it is new. Putting what is
// already there is no write.
func (t *table) put(key string, fields func(current map[string]any) map[string]any) (r Record, created bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, found := t.rows[key]
	if !found {
		t.serial++
		r = Record{Key: key, Email: key}
		if t.idPrefix != "" {
			r.ID = t.idPrefix + "-" + strconv.Itoa(t.serial)
		}
	}
	next := fields(r.Fields)
	if !found || !reflect.DeepEqual(next, r.Fields) {
		r.Fields = next
		r.Writes++
		t.rows[key] = r
	}
	return r, !found
}

// asked notes one more question under a key.
func (t *table) asked(key, email string, fields map[string]any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.rows[key]
	t.rows[key] = Record{Key: key, Email: email, Writes: r.Writes + 1, Fields: fields}
}

func getRecord(c call) answer {
	r, ok := c.records.get(c.email)
	if !ok {
		return refusal(http.StatusNotFound, "not_found", "there is no record of this address")
	}
	return answer{status: http.StatusOK, body: map[string]any{"id": r.ID, "email": r.Email, "fields": r.Fields}}
}

func deleteRecord(c call) answer {
	if !c.records.remove(c.email) {
		return refusal(http.StatusNotFound, "not_found", "there is no record of this address")
	}
	return answer{status: http.StatusNoContent, records: 1}
}
