package importer

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// record is one entry of a file as it was read.
type record struct {
	line    int64  // the number of its first line, from 1
	raw     string // as it stands in the file, or the beginning of it
	blank   bool
	problem string // why it can't be read; "" when it can

	names, values []string
}

// records reads a file record by record; io.EOF ends it. What can't be read is a record with a problem, never an error.
type records interface {
	next() (record, error)
}

const (
	// maxRecordLines is how many lines a quoted value may span. A quote that is never closed would swallow the rest.
	maxRecordLines = 200
	// maxRaw bounds what is repeated of a line that is too long.
	maxRaw = 1 << 10
)

// csvRecords reads comma-separated values (RFC 4180, and what programs make of it).
type csvRecords struct {
	lines     *lines
	separator byte
	header    []string
}

// newCSV reads the header. separator 0 is found out from it.
func newCSV(in *lines, separator byte) (*csvRecords, error) {
	r := &csvRecords{lines: in, separator: separator}
	for {
		first, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty: its first line must hold the names of the columns")
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(first.text)) == 0 {
			continue
		}
		if r.separator == 0 {
			r.separator = guessSeparator(first.text)
		}
		in.giveBack([]line{first})
		header, err := r.read()
		if err != nil {
			return nil, err
		}
		if header.problem != "" {
			return nil, fmt.Errorf("line %d, with the names of the columns, can't be read: %s", header.line, header.problem)
		}
		r.header = header.values
		return r, nil
	}
}

// guessSeparator takes the character of , ; tab that the header has most of: some programs write ; or tab instead of a comma.
func guessSeparator(header []byte) byte {
	best := byte(',')
	for _, candidate := range []byte{';', '\t'} {
		if bytes.Count(header, []byte{candidate}) > bytes.Count(header, []byte{best}) {
			best = candidate
		}
	}
	return best
}

func (r *csvRecords) next() (record, error) {
	rec, err := r.read()
	if err != nil || rec.problem != "" || rec.blank {
		return rec, err
	}
	for len(rec.values) > len(r.header) && strings.TrimSpace(rec.values[len(rec.values)-1]) == "" {
		rec.values = rec.values[:len(rec.values)-1] // separators at the end of a line
	}
	if len(rec.values) != len(r.header) {
		rec.problem = fmt.Sprintf("it has %d columns, the header has %d", len(rec.values), len(r.header))
		return rec, nil
	}
	rec.names = r.header
	return rec, nil
}

// read reads one record of any number of columns. When quotes do not match up, its first line alone is the problem, and
// reading goes on with the second: one stray quote must not swallow the people after it.
func (r *csvRecords) read() (record, error) {
	first, err := r.lines.next()
	if err != nil {
		return record{}, err
	}
	rec := record{line: first.number, raw: string(first.text)}
	if first.tooLong {
		rec.raw, rec.problem = rec.raw[:maxRaw], fmt.Sprintf("the line is longer than %d KiB", maxLine>>10)
		return rec, nil
	}
	all := []line{first}
	text := bytes.Clone(first.text)
	for open := r.open(first.text, false); open; {
		further, err := r.lines.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return record{}, err
		}
		if err == nil {
			all = append(all, further)
		}
		if err != nil || further.tooLong || len(all) > maxRecordLines || len(text) > maxLine {
			r.lines.giveBack(all[1:])
			rec.problem = "a quote is opened and never closed"
			return rec, nil
		}
		text = append(append(text, '\n'), further.text...)
		open = r.open(further.text, true)
	}
	values, err := r.parse(text)
	if err != nil {
		r.lines.giveBack(all[1:])
		rec.problem = "its quotes do not match up"
		return rec, nil
	}
	rec.raw, rec.values = string(text), values
	rec.blank = strings.TrimSpace(strings.Join(values, "")) == ""
	return rec, nil
}

// open tells whether a line ends inside quotes. A quote opens at the beginning of a value only.
func (r *csvRecords) open(text []byte, inside bool) bool {
	start := !inside
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inside && c == '"' && i+1 < len(text) && text[i+1] == '"':
			i++
		case inside && c == '"':
			inside = false
		case inside:
		case c == '"' && start:
			inside, start = true, false
		default:
			start = c == r.separator
		}
	}
	return inside
}

func (r *csvRecords) parse(text []byte) ([]string, error) {
	read := func(lazy bool) ([]string, error) {
		parser := csv.NewReader(bytes.NewReader(text))
		parser.Comma, parser.FieldsPerRecord, parser.LazyQuotes = rune(r.separator), -1, lazy
		values, err := parser.Read()
		if errors.Is(err, io.EOF) { // a blank line
			return nil, nil
		}
		return values, err
	}
	values, err := read(false)
	if errors.Is(err, csv.ErrBareQuote) { // as in: 5" disk
		return read(true)
	}
	return values, err
}
