package main

import (
	"bytes"
	"os"
	"path/filepath"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/mmdb"
)

// geoDatabase is where the samples expect a database of IP addresses.
const geoDatabase = "/var/lib/geoip/GeoLite2-Country.mmdb"

// withGeoDatabase points a sample that reads a database at one with what the sandbox knows, which it makes.
func (l *launcher) withGeoDatabase(manifest []byte) ([]byte, error) {
	if !bytes.Contains(manifest, []byte(geoDatabase)) {
		return manifest, nil
	}
	content, err := mmdb.World(time.Now())
	if err != nil {
		return nil, err
	}
	path := l.path(filepath.Base(geoDatabase))
	if err := os.WriteFile(path+".next", content, 0o600); err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(manifest, []byte(geoDatabase), []byte(path)), os.Rename(path+".next", path)
}
