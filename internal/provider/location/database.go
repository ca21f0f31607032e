package location

import (
	"context"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/contact-operator/contact-operator/internal/provider"
)

const (
	// lookInterval is the least time between two looks at the file.
	lookInterval = 10 * time.Second
	// rereadInterval is the time after which a file that can't be used is read again although it looks the same.
	rereadInterval = time.Minute
)

// DatabaseOptions say which file, and what is asked of it.
type DatabaseOptions struct {
	// Field is the place of Path in the Integration, for messages.
	Field string
	// Path of the mmdb file.
	Path string
	// MaxAge is the age from which the file counts as outdated.
	MaxAge time.Duration
	// Refuse says why a database of a type is not one to use; "", or no function: it is.
	Refuse func(databaseType string) string
	// Now tells the time.
	Now provider.Clock
}

// Database is an mmdb file of countries. It is looked at on use, and read again when it has changed; while the new one can't be used,
// the old one serves. It implements provider.DataSource.
type Database struct {
	options DatabaseOptions

	reader  atomic.Pointer[maxminddb.Reader]
	problem atomic.Pointer[provider.Data] // with the file as it is now, while another serves

	lookedAt atomic.Int64
	looking  sync.Mutex  // held by whoever looks at the file
	serving  fs.FileInfo // what is in reader
	bad      fs.FileInfo // what can't be used
	badAt    time.Time
}

// OpenDatabase reads the file. Its error is a *provider.Error of class Config.
func OpenDatabase(o DatabaseOptions) (*Database, error) {
	d := &Database{options: o}
	reader, seen, err := readDatabase(o.Path, o.Refuse)
	if err != nil {
		return nil, &provider.Error{Class: provider.Config, Message: d.says(adviceOn(err)), Err: err}
	}
	d.reader.Store(reader)
	d.serving = seen
	d.lookedAt.Store(o.Now().UnixNano())
	return d, nil
}

func (d *Database) says(what string) string {
	return d.options.Field + ": " + d.options.Path + ": " + what
}

// Country returns the country of an address, "" when the file has none for it, or says that people elsewhere use it. It is an
// Addresses.
func (d *Database) Country(_ context.Context, addr netip.Addr) (string, error) {
	d.Look()
	country, err := countryOf(d.reader.Load().Lookup(addr))
	if err != nil {
		return "", &provider.Error{Class: provider.Config, Message: d.says("a record in it is damaged: fetch the file again"), Err: err}
	}
	return country, nil
}

// Data implements provider.DataSource.
func (d *Database) Data() provider.Data {
	built := d.reader.Load().Metadata.BuildTime()
	if problem := d.problem.Load(); problem != nil {
		data := *problem
		data.Built = built
		return data
	}
	data := provider.Data{Built: built}
	if d.options.Now().Sub(built) > d.options.MaxAge {
		data.Fault = provider.DataOutdated
		data.Message = d.says(fmt.Sprintf("it was made on %s, more than %d days ago: fetch a new one, and see why none came",
			day(built), d.options.MaxAge/(24*time.Hour)))
	}
	return data
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Look implements provider.DataSource. One caller looks, the others go on with what there is.
func (d *Database) Look() {
	now := d.options.Now()
	if now.Sub(time.Unix(0, d.lookedAt.Load())) < lookInterval || !d.looking.TryLock() {
		return
	}
	defer d.looking.Unlock()
	d.lookedAt.Store(now.UnixNano())
	info, err := os.Stat(d.options.Path)
	switch {
	case err != nil:
		d.fails(provider.DataMissing, err)
	case sameFile(info, d.serving):
		d.problem.Store(nil)
	case d.bad != nil && sameFile(info, d.bad) && now.Sub(d.badAt) < rereadInterval:
	default:
		reader, seen, err := readDatabase(d.options.Path, d.options.Refuse)
		if err != nil {
			d.bad, d.badAt = info, now
			d.fails(provider.DataUnreadable, err)
			return
		}
		d.reader.Store(reader)
		d.serving, d.bad = seen, nil
		d.problem.Store(nil)
	}
}

// fails notes why the file can't be used. The caller holds looking.
func (d *Database) fails(fault provider.DataFault, err error) {
	serving := day(d.reader.Load().Metadata.BuildTime())
	d.problem.Store(&provider.Data{Fault: fault, Message: d.says(adviceOn(err) + "; the one made on " + serving + " still serves")})
}
