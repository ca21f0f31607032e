package location

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/oschwald/maxminddb-golang/v2"
)

// maxDatabase is the largest file that is read, in bytes. It is kept in memory: one of countries has some 10 MB, one of cities some
// 60.
const maxDatabase = 512 << 20

var (
	errChanging         = errors.New("the file changes while it is read")
	errNoFile           = errors.New("it is not a file: give the path of the mmdb file itself")
	errNoCountries      = errors.New("it holds no countries: take a database of countries or cities")
	errDatabaseTooLarge = fmt.Errorf("it is larger than %d MiB: take a database of countries", maxDatabase>>20)
)

// errUnwanted says why a database is not one to use.
type errUnwanted string

func (e errUnwanted) Error() string { return string(e) }

// adviceOn says what is wrong with a file, and what to do.
func adviceOn(err error) string {
	unwanted := errUnwanted("")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file: mount a volume that holds it into the operator's Pod"
	case errors.Is(err, fs.ErrPermission):
		return "the operator may not read it: allow its user, or set the Pod's fsGroup"
	case errors.Is(err, errChanging):
		return "it is being written: replace it by renaming a complete file"
	case errors.Is(err, errNoCountries), errors.Is(err, errNoFile), errors.Is(err, errDatabaseTooLarge), errors.As(err, &unwanted):
		return err.Error()
	}
	return "it is not a complete mmdb file: fetch it again"
}

// readDatabase reads a file into memory and checks it.
func readDatabase(path string, refuse func(string) string) (*maxminddb.Reader, fs.FileInfo, error) {
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
	if refuse != nil {
		if why := refuse(reader.Metadata.DatabaseType); why != "" {
			return nil, nil, errUnwanted(why)
		}
	}
	return reader, before, check(reader)
}

// check refuses a file that is damaged, and a database of something else, such as networks' owners, which would just never find
// anything. It walks through all networks, and reads each record once: many networks share one. Reader.Verify is no help here: it
// refuses more than what can't be read.
func check(reader *maxminddb.Reader) error {
	read, found := map[uintptr]struct{}{}, false
	for result := range reader.Networks() {
		if err := result.Err(); err != nil {
			return err
		}
		if _, known := read[result.Offset()]; known {
			continue
		}
		read[result.Offset()] = struct{}{}
		country, err := countryOf(result)
		if err != nil {
			return err
		}
		found = found || country != ""
	}
	if !found {
		return errNoCountries
	}
	return nil
}

func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
