package importer

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/contact-operator/contact-operator/internal/plugin/entry"
)

// maxPlans bounds how many kinds of objects are remembered of a file in which each may have other names.
const maxPlans = 1000

// plans keeps the plan for each list of columns: a CSV file has one, a file of JSON objects may have many.
type plans struct {
	mapping *mapping

	mu    sync.Mutex
	known map[string]*plan
}

func (p *plans) of(names []string) (*plan, error) {
	key := strings.Join(names, "\x00")
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := p.known[key]; found != nil {
		return found, nil
	}
	made, err := p.mapping.resolve(names, false)
	if err != nil {
		return nil, err
	}
	if p.known == nil || len(p.known) >= maxPlans {
		p.known = map[string]*plan{}
	}
	p.known[key] = made
	return made, nil
}

// entry makes the entry of a record. statement goes with an answer that has no text of its own.
func (p *plans) entry(rec record, statement string, now time.Time) (*entry.Entry, error) {
	made, err := p.of(rec.names)
	if err != nil {
		return nil, err
	}
	e, err := made.entry(rec.values, now)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(e.Email) == "" {
		return nil, errors.New("it holds no e-mail address")
	}
	if e.Consent != "" && e.ConsentStatement == "" {
		e.ConsentStatement = statement
	}
	return e, e.Clean()
}
