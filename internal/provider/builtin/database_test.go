package builtin

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func nested(code string) mmdbtype.Map {
	country := mmdbtype.Map{"geoname_id": mmdbtype.Uint32(1)}
	if code != "" {
		country["iso_code"] = mmdbtype.String(code)
	}
	return mmdbtype.Map{"country": country, "registered_country": mmdbtype.Map{"iso_code": mmdbtype.String("ZW")}}
}

// testDatabase makes an mmdb file. The records are mmdbtype.Maps.
func testDatabase(t testing.TB, kind string, records map[string]any) []byte {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, RecordSize: 24, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for network, r := range records {
		_, ipnet, err := net.ParseCIDR(network)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Insert(ipnet, r.(mmdbtype.Map)); err != nil {
			t.Fatal(err)
		}
	}
	var buf bytes.Buffer
	if _, err := w.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestDatabaseLayouts(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		record mmdbtype.Map
		want   string
	}{
		"nested":            {nested("FR"), "FR"},
		"flat":              {mmdbtype.Map{"country_code": mmdbtype.String("FR")}, "FR"},
		"flat, with a name": {mmdbtype.Map{"country_code": mmdbtype.String("FR"), "country": mmdbtype.String("France")}, "FR"},
		"flat, older":       {mmdbtype.Map{"country": mmdbtype.String("FR")}, "FR"},
		"small letters":     {mmdbtype.Map{"country_code": mmdbtype.String("fr")}, "FR"},
		"no country":        {nested(""), ""},
		"another type":      {mmdbtype.Map{"country": mmdbtype.Uint32(33), "country_code": mmdbtype.Uint32(33)}, ""},
		"nonsense":          {mmdbtype.Map{"country_code": mmdbtype.String("??")}, ""},
		"Europe":            {mmdbtype.Map{"country_code": mmdbtype.String("EU")}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "country.mmdb")
			writeFile(t, path, testDatabase(t, "Own-Country", map[string]any{"203.0.113.0/24": tc.record, "198.51.100.0/24": nested("US")}))
			d, err := openDatabase(path, newTestClock().now)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.country(netip.MustParseAddr("203.0.113.77")); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestOpenDatabase(t *testing.T) {
	t.Parallel()
	good := testDatabase(t, "GeoLite2-Country", map[string]any{"203.0.113.0/24": nested("FR")})
	cases := map[string]struct {
		prepare func(t *testing.T, path string)
		want    string // what the message ends in
	}{
		"missing": {func(*testing.T, string) {}, "there is no such file: mount a volume that holds it into the operator's Pod, or leave databasePath out"},
		"a folder": {func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "it is not a file: give the path of the mmdb file itself"},
		"empty":   {func(t *testing.T, path string) { writeFile(t, path, nil) }, "it is not a complete mmdb file: fetch it again"},
		"no mmdb": {func(t *testing.T, path string) { writeFile(t, path, []byte("country,code")) }, "it is not a complete mmdb file: fetch it again"},
		"torn":    {func(t *testing.T, path string) { writeFile(t, path, good[:len(good)/2]) }, "it is not a complete mmdb file: fetch it again"},
		"overwritten in part": {func(t *testing.T, path string) {
			writeFile(t, path, append(bytes.Repeat([]byte{0xff}, 40), good[40:]...))
		}, "it is not a complete mmdb file: fetch it again"},
		"of something else": {func(t *testing.T, path string) {
			writeFile(t, path, testDatabase(t, "GeoLite2-ASN", map[string]any{
				"203.0.113.0/24": mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(64496)},
			}))
		}, "it holds no countries: take a database of countries or cities"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "country.mmdb")
			tc.prepare(t, path)
			_, err := openDatabase(path, newTestClock().now)
			e, ok := err.(*provider.Error) //nolint:errorlint // the contract is this very type
			if !ok || e.Class != provider.Config || e.Message != "spec.builtin.locate.databasePath: "+path+": "+tc.want {
				t.Errorf("error %v, want Config: … %s", err, tc.want)
			}
		})
	}
}

// The file is read again when it has changed, and what can't be used changes nothing.
func TestDatabaseIsReloaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "country.mmdb")
	addr := netip.MustParseAddr("203.0.113.77")
	of := func(code string) []byte {
		return testDatabase(t, "GeoLite2-Country", map[string]any{"203.0.113.0/24": nested(code)})
	}
	replace := func(content []byte) {
		t.Helper()
		next := filepath.Join(dir, "next")
		writeFile(t, next, content)
		if err := os.Rename(next, path); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, path, of("FR"))
	clock := newTestClock()
	d, err := openDatabase(path, clock.now)
	if err != nil {
		t.Fatal(err)
	}
	check := func(when, want string) {
		t.Helper()
		if got := d.country(addr); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	later := func() { clock.advance(lookInterval) }
	check("at first", "FR")
	replace(of("DE"))
	check("too soon", "FR")
	later()
	check("replaced", "DE")
	later()
	check("unchanged", "DE")
	replace(of("PL")[:100])
	later()
	check("torn", "DE")
	writeFile(t, path, []byte("overwritten in place"))
	later()
	check("overwritten", "DE")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	later()
	check("removed", "DE")
	replace(of("SE"))
	later()
	check("there again", "SE")
}

// The way a volume of a ConfigMap or Secret changes: a link is turned to another folder.
func TestDatabaseBehindALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, code := range map[string]string{"one": "FR", "two": "DE"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name, "c.mmdb"), testDatabase(t, "X", map[string]any{"203.0.113.0/24": nested(code)}))
	}
	link := func(to string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, "next")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, "data")); err != nil {
			t.Fatal(err)
		}
	}
	link("one")
	clock := newTestClock()
	d, err := openDatabase(filepath.Join(dir, "data", "c.mmdb"), clock.now)
	if err != nil {
		t.Fatal(err)
	}
	link("two")
	clock.advance(lookInterval)
	if got := d.country(netip.MustParseAddr("203.0.113.77")); got != "DE" {
		t.Errorf("%q, want DE", got)
	}
}

// Whoever looks something up while the file is replaced gets the old answer or the new one.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "country.mmdb")
	codes := []string{"FR", "DE"}
	var files [][]byte
	for _, code := range codes {
		files = append(files, testDatabase(t, "X", map[string]any{"203.0.113.0/24": nested(code)}))
	}
	writeFile(t, path, files[0])
	clock := newTestClock()
	d, err := openDatabase(path, clock.now)
	if err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for range 500 {
				if got := d.country(netip.MustParseAddr("203.0.113.77")); got != "FR" && got != "DE" {
					t.Errorf("%q", got)
				}
			}
		})
	}
	for i := range 20 {
		next := filepath.Join(dir, "next")
		writeFile(t, next, files[i%2])
		if err := os.Rename(next, path); err != nil {
			t.Fatal(err)
		}
		clock.advance(lookInterval)
	}
	readers.Wait()
}
