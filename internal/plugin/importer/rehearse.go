package importer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/plugin/entry"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// maxShown is how many bad lines a dry run shows.
const maxShown = 20

// rehearse does all but send.
func (o *options) rehearse(ctx context.Context, w *work) error {
	all, file, err := w.source.open()
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	out := screen.NewPrinter(o.session.Out)
	made := &plans{mapping: w.mapping}
	names, people := map[string]bool{}, map[string]bool{}
	var c counts
	twice := int64(0)
	for ctx.Err() == nil {
		rec, err := all.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the file: %w", err)
		}
		c.Read++
		if rec.blank {
			c.Blank++
			continue
		}
		problem := rec.problem
		var e *entry.Entry
		if problem == "" {
			if e, err = made.entry(rec, o.consentStatement, o.session.Now()); err != nil {
				problem = err.Error()
			}
		}
		if problem != "" {
			if c.Failed++; c.Failed <= maxShown {
				out.Line("line ", screen.Number(int(rec.line)), ": ", screen.Safe(problem))
			}
			continue
		}
		name, err := entry.NameFor("", "", nameSource, w.survey.hash, e)
		if err != nil {
			return err
		}
		if names[name] {
			twice++
		}
		names[name] = true
		people[contact.Name(contact.NormaliseAddress(e.Email))] = true
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.Failed > maxShown {
		out.Line("… and ", screen.Count(int(c.Failed-maxShown), "more bad line"))
	}
	out.Print(screen.Columns([][]string{
		{"  read", screen.Number(int(c.Read))},
		{"  would be sent", screen.Number(len(names))},
		{"  the same line again", screen.Number(int(twice))},
		{"  blank", screen.Number(int(c.Blank))},
		{"  can't be imported", screen.Number(int(c.Failed))},
		{"  different addresses", screen.Number(len(people))},
	}))
	out.Line("Nothing was sent (--dry-run).")
	return out.Err()
}
