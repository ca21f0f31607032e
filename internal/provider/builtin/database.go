package builtin

import (
	"errors"
	"fmt"
	"io"
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
	// maxDatabase is the largest file that is read, in bytes. It is kept in memory: one of countries has some 10 MB, one of
	// cities some 60.
	maxDatabase = 512 << 20
	// probedNetworks is how many networks of a new file are looked at before it is used: some 50 ms.
	probedNetworks = 100_000
)

// database is an mmdb file of countries. It is looked at on use, and read again when it has changed; while the new one can't
// be used, the old one serves.
type database struct {
	path string
	now  provider.Clock

	reader atomic.Pointer[maxminddb.Reader]

	looking  sync.Mutex // held by whoever looks at the file
	lookedAt atomic.Int64
	seen     fs.FileInfo
}

// countryOf returns the country of a record, in any of the layouts that there are: MaxMind's and DB-IP's, the flat one of
// ip-location-db and IPinfo, and IPinfo's older one. "" for a record without one, and for no record.
func countryOf(result maxminddb.Result) string {
	for _, path := range [][]any{{"country", "iso_code"}, {"country_code"}, {"country"}} {
		var code string
		if err := result.DecodePath(&code, path...); err == nil && parseCode(code) != "" {
			return parseCode(code)
		}
	}
	return ""
}

// openDatabase reads the file. Its error is a *provider.Error of class Config.
func openDatabase(path string, now provider.Clock) (*database, error) {
	d := &database{path: path, now: now}
	reader, seen, err := readDatabase(path)
	if err != nil {
		return nil, &provider.Error{
			Class:   provider.Config,
			Message: fmt.Sprintf("spec.builtin.locate.databasePath: %s: %s", path, adviceOn(err)),
			Err:     err,
		}
	}
	d.reader.Store(reader)
	d.seen = seen
	d.lookedAt.Store(now().UnixNano())
	return d, nil
}

// adviceOn says what is wrong with a file, and what to do.
func adviceOn(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file: mount a volume that holds it into the operator's Pod, or leave databasePath out"
	case errors.Is(err, fs.ErrPermission):
		return "the operator may not read it: allow its user, or set the Pod's fsGroup"
	case errors.Is(err, errChanging):
		return "it is being written: replace it by renaming a complete file"
	case errors.Is(err, errNoCountries), errors.Is(err, errNoFile), errors.Is(err, errDatabaseTooLarge):
		return err.Error()
	}
	return "it is not a complete mmdb file: fetch it again"
}

var (
	errChanging         = errors.New("the file changes while it is read")
	errNoFile           = errors.New("it is not a file: give the path of the mmdb file itself")
	errNoCountries      = errors.New("it holds no countries: take a database of countries or cities")
	errDatabaseTooLarge = fmt.Errorf("it is larger than %d MiB: take a database of countries", maxDatabase>>20)
)

// readDatabase reads a file into memory and checks it.
func readDatabase(path string) (*maxminddb.Reader, fs.FileInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = file.Close() }()
	before, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	switch {
	case !before.Mode().IsRegular():
		return nil, nil, errNoFile
	case before.Size() > maxDatabase:
		return nil, nil, errDatabaseTooLarge
	}
	content := make([]byte, before.Size())
	if _, err := io.ReadFull(file, content); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errChanging, err)
	}
	if after, err := file.Stat(); err != nil || !sameFile(before, after) {
		return nil, nil, errChanging
	}
	reader, err := maxminddb.OpenBytes(content)
	if err != nil {
		return nil, nil, err
	}
	return reader, before, probe(reader)
}

// probe refuses a file that is damaged, and a database of something else, such as networks' owners, which would just never
// find anything. Reader.Verify is no help here: it refuses more than what can't be read.
func probe(reader *maxminddb.Reader) error {
	probed, country := 0, false
	for result := range reader.Networks() {
		if err := result.Err(); err != nil {
			return err
		}
		country = country || countryOf(result) != ""
		if probed++; probed == probedNetworks {
			break
		}
	}
	if !country {
		return errNoCountries
	}
	return nil
}

func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// country returns the country of an address, "" when the file has none for it.
func (d *database) country(addr netip.Addr) string {
	d.refresh()
	return countryOf(d.reader.Load().Lookup(addr))
}

// refresh reads the file again if it has changed. One caller does, the others go on with what there is.
func (d *database) refresh() {
	now := d.now()
	if now.Sub(time.Unix(0, d.lookedAt.Load())) < lookInterval || !d.looking.TryLock() {
		return
	}
	defer d.looking.Unlock()
	d.lookedAt.Store(now.UnixNano())
	info, err := os.Stat(d.path)
	if err != nil || sameFile(info, d.seen) {
		return
	}
	reader, seen, err := readDatabase(d.path)
	if err == nil {
		d.reader.Store(reader)
		d.seen = seen
	}
}
