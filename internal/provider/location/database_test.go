package location

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/contact-operator/contact-operator/hack/sandbox/mmdb"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// start is what the tests' clock shows at first.
var start = time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)

// testClock is a clock that is moved by hand.
type testClock struct{ nanos atomic.Int64 }

func newTestClock() *testClock {
	c := new(testClock)
	c.nanos.Store(start.UnixNano())
	return c
}

func (c *testClock) now() time.Time          { return time.Unix(0, c.nanos.Load()) }
func (c *testClock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

// testDatabase makes an mmdb file of a type that was built at the start, with a record for each network.
func testDatabase(t testing.TB, kind string, records map[string]mmdb.Record) []byte {
	t.Helper()
	content, err := mmdb.File(kind, start, records)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func writeFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

const testField = "spec.test.path"

func open(path string, clock *testClock) (*Database, error) {
	return OpenDatabase(DatabaseOptions{Field: testField, Path: path, MaxAge: 30 * 24 * time.Hour, Now: clock.now})
}

// country is what a database says of an address.
func country(t testing.TB, d *Database, addr string) string {
	t.Helper()
	code, err := d.Country(t.Context(), netip.MustParseAddr(addr))
	if err != nil {
		t.Errorf("%s: %v", addr, err)
	}
	return code
}

// withTraits is a record of France in which something is true.
func withTraits(name string) mmdb.Record {
	r := mmdb.Country("FR")
	r["traits"] = mmdbtype.Map{mmdbtype.String(name): mmdbtype.Bool(true)}
	return r
}

func TestDatabaseLayouts(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		record mmdb.Record
		want   string
	}{
		"nested":            {mmdb.Country("FR"), "FR"},
		"flat":              {mmdbtype.Map{"country_code": mmdbtype.String("FR")}, "FR"},
		"flat, with a name": {mmdbtype.Map{"country_code": mmdbtype.String("FR"), "country": mmdbtype.String("France")}, "FR"},
		"flat, older":       {mmdbtype.Map{"country": mmdbtype.String("FR")}, "FR"},
		"small letters":     {mmdbtype.Map{"country_code": mmdbtype.String("fr")}, "FR"},
		"no country":        {mmdb.Country(""), ""},
		"anycast":           {withTraits("is_anycast"), ""},
		"a proxy":           {withTraits("is_anonymous_proxy"), ""},
		"an exit of Tor":    {withTraits("is_tor_exit_node"), ""},
		"a satellite":       {withTraits("is_satellite_provider"), ""},
		"of no matter":      {withTraits("is_legitimate_proxy"), "FR"},
		"no map of traits":  {mmdbtype.Map{"country_code": mmdbtype.String("FR"), "traits": mmdbtype.String("none")}, "FR"},
		"another type":      {mmdbtype.Map{"country": mmdbtype.Uint32(33), "country_code": mmdbtype.Uint32(33)}, ""},
		"nonsense":          {mmdbtype.Map{"country_code": mmdbtype.String("??")}, ""},
		"Europe":            {mmdbtype.Map{"country_code": mmdbtype.String("EU")}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "country.mmdb")
			writeFile(t, path, testDatabase(t, "Own-Country", map[string]mmdb.Record{"203.0.113.0/24": tc.record, "198.51.100.0/24": mmdb.Country("US")}))
			d, err := open(path, newTestClock())
			if err != nil {
				t.Fatal(err)
			}
			if got := country(t, d, "203.0.113.77"); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestOpenDatabase(t *testing.T) {
	t.Parallel()
	good := testDatabase(t, "GeoLite2-Country", map[string]mmdb.Record{"203.0.113.0/24": mmdb.Country("FR")})
	cases := map[string]struct {
		prepare func(t *testing.T, path string)
		want    string // what the message ends in
	}{
		"missing": {func(*testing.T, string) {}, "there is no such file: mount a volume that holds it into the operator's Pod"},
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
			writeFile(t, path, testDatabase(t, "GeoLite2-ASN", map[string]mmdb.Record{
				"203.0.113.0/24": mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(64496)},
			}))
		}, "it holds no countries: take a database of countries or cities"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "country.mmdb")
			tc.prepare(t, path)
			_, err := open(path, newTestClock())
			e, ok := err.(*provider.Error) //nolint:errorlint // the contract is this very type
			if !ok || e.Class != provider.Config || e.Message != testField+": "+path+": "+tc.want {
				t.Errorf("error %v, want Config: … %s", err, tc.want)
			}
		})
	}
}

// The file is read again when it has changed. What can't be used changes nothing, and is told.
func TestDatabaseIsReloaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "country.mmdb")
	of := func(code string) []byte {
		return testDatabase(t, "GeoLite2-Country", map[string]mmdb.Record{"203.0.113.0/24": mmdb.Country(code)})
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
	d, err := open(path, clock)
	if err != nil {
		t.Fatal(err)
	}
	const stillServes = "; the one made on 2026-11-05 still serves"
	check := func(when, want string, fault provider.DataFault, message string) {
		t.Helper()
		if got := country(t, d, "203.0.113.77"); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
		if message != "" {
			message = testField + ": " + path + ": " + message
		}
		if diff := cmp.Diff(provider.Data{Built: start, Fault: fault, Message: message}, inUTC(d.Data())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	later := func() { clock.advance(lookInterval) }
	check("at first", "FR", "", "")
	replace(of("DE"))
	check("too soon", "FR", "", "")
	later()
	check("replaced", "DE", "", "")
	later()
	check("unchanged", "DE", "", "")
	half := of("PL")
	replace(half[:len(half)/2])
	later()
	check("half-written", "DE", provider.DataUnreadable, "it is not a complete mmdb file: fetch it again"+stillServes)
	writeFile(t, path, []byte("overwritten in place"))
	later()
	check("overwritten", "DE", provider.DataUnreadable, "it is not a complete mmdb file: fetch it again"+stillServes)
	replace(testDatabase(t, "GeoLite2-ASN", map[string]mmdb.Record{
		"203.0.113.0/24": {"autonomous_system_number": mmdbtype.Uint32(64496)},
	}))
	later()
	check("something else", "DE", provider.DataUnreadable, "it holds no countries: take a database of countries or cities"+stillServes)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	later()
	check("removed", "DE", provider.DataMissing, "there is no such file: mount a volume that holds it into the operator's Pod"+stillServes)
	replace(of("SE"))
	later()
	check("there again", "SE", "", "")
}

func inUTC(d provider.Data) provider.Data {
	d.Built = d.Built.UTC()
	return d
}

// Whoever brings back the very file that serves has mended what was wrong.
func TestTheServingFileComesBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "country.mmdb")
	writeFile(t, path, testDatabase(t, "X", map[string]mmdb.Record{"203.0.113.0/24": mmdb.Country("FR")}))
	clock := newTestClock()
	d, err := open(path, clock)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		from, to string
		want     provider.DataFault
	}{{path, path + ".away", provider.DataMissing}, {path + ".away", path, ""}} {
		if err := os.Rename(step.from, step.to); err != nil {
			t.Fatal(err)
		}
		clock.advance(lookInterval)
		d.Look()
		if got := d.Data().Fault; got != step.want {
			t.Errorf("fault %q, want %q", got, step.want)
		}
	}
}

// A file that can't be used is not read again and again, but is once more after a while: it may have been read while it was
// being finished.
func TestABadFileIsReadSeldom(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "country.mmdb")
	good := testDatabase(t, "X", map[string]mmdb.Record{"203.0.113.0/24": mmdb.Country("DE")})
	writeFile(t, path, testDatabase(t, "X", map[string]mmdb.Record{"203.0.113.0/24": mmdb.Country("FR")}))
	clock := newTestClock()
	d, err := open(path, clock)
	if err != nil {
		t.Fatal(err)
	}
	stamp := start.Add(time.Hour)
	write := func(content []byte) { // each looks the same from outside
		t.Helper()
		writeFile(t, path, content)
		if err := os.Chtimes(path, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	write(append(bytes.Repeat([]byte{0xff}, 40), good[40:]...))
	clock.advance(lookInterval)
	if got := country(t, d, "203.0.113.77"); got != "FR" || d.Data().Fault != provider.DataUnreadable {
		t.Fatalf("%q, %v", got, d.Data())
	}
	write(good)
	clock.advance(lookInterval)
	if got := country(t, d, "203.0.113.77"); got != "FR" {
		t.Errorf("%q: it was read at once", got)
	}
	clock.advance(rereadInterval)
	if got := country(t, d, "203.0.113.77"); got != "DE" || d.Data().Fault != "" {
		t.Errorf("%q, %v: it was never read again", got, d.Data())
	}
}

func TestDatabaseAge(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "country.mmdb")
	writeFile(t, path, testDatabase(t, "X", map[string]mmdb.Record{"203.0.113.0/24": mmdb.Country("FR")}))
	clock := newTestClock()
	d, err := open(path, clock)
	if err != nil {
		t.Fatal(err)
	}
	clock.advance(30 * 24 * time.Hour)
	if got := d.Data(); got.Fault != "" {
		t.Errorf("after 30 days: %v", got)
	}
	clock.advance(time.Second)
	want := provider.Data{Built: start, Fault: provider.DataOutdated, Message: testField + ": " + path +
		": it was made on 2026-11-05, more than 30 days ago: fetch a new one, and see why none came"}
	if diff := cmp.Diff(want, inUTC(d.Data())); diff != "" {
		t.Errorf("after more (-want +got):\n%s", diff)
	}
	if got := country(t, d, "203.0.113.77"); got != "FR" {
		t.Errorf("%q: an old file still serves", got)
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "country.mmdb")
	writeFile(t, path, testDatabase(t, "Other-Country", map[string]mmdb.Record{"203.0.113.0/24": mmdb.Country("FR")}))
	_, err := OpenDatabase(DatabaseOptions{Field: testField, Path: path, Now: newTestClock().now, Refuse: func(kind string) string {
		return "it is a " + kind + ": take another"
	}})
	if err == nil || !strings.HasSuffix(err.Error(), ": it is a Other-Country: take another") {
		t.Errorf("%v", err)
	}
}

// All of a file is looked at, not its beginning alone.
func TestDamageAnywhereIsFound(t *testing.T) {
	t.Parallel()
	records := map[string]mmdb.Record{}
	codes := []string{"FR", "DE", "SE", "GB", "US", "JP", "PL", "IT"}
	for i, code := range codes {
		records["203.0.113."+string(rune('0'+i))+"/32"] = mmdb.Country(code)
	}
	good := testDatabase(t, "X", records)
	for _, code := range codes {
		i := bytes.Index(good, []byte("\x42"+code)) // a text of two bytes
		if i < 0 {
			t.Fatalf("%s is not in the file", code)
		}
		bad := bytes.Clone(good)
		bad[i] = 0x5f // a text that is longer than the file
		bad[i+1], bad[i+2] = 0xff, 0xff
		path := filepath.Join(t.TempDir(), code)
		writeFile(t, path, bad)
		if _, err := open(path, newTestClock()); err == nil {
			t.Errorf("damage in the record of %s is not found", code)
		}
	}
}

// Looking an IPv6 address up in a file of IPv4 alone is no failure.
func TestIPv6InAFileOfIPv4(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "country.mmdb")
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "X", IPVersion: 4, RecordSize: 24, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	_, network, err := net.ParseCIDR("203.0.113.0/24")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Insert(network, mmdb.Country("FR")); err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if _, err := w.WriteTo(&content); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, content.Bytes())
	d, err := open(path, newTestClock())
	if err != nil {
		t.Fatal(err)
	}
	if got := country(t, d, "2001:db8::1"); got != "" {
		t.Errorf("%q", got)
	}
	if got := country(t, d, "203.0.113.77"); got != "FR" {
		t.Errorf("%q", got)
	}
}

// The way a volume of a ConfigMap or Secret changes: a link is turned to another folder.
func TestDatabaseBehindALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, code := range map[string]string{"one": "FR", "two": "DE"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name, "c.mmdb"), testDatabase(t, "X", map[string]mmdb.Record{"203.0.113.0/24": mmdb.Country(code)}))
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
	d, err := open(filepath.Join(dir, "data", "c.mmdb"), clock)
	if err != nil {
		t.Fatal(err)
	}
	link("two")
	clock.advance(lookInterval)
	if got := country(t, d, "203.0.113.77"); got != "DE" {
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
		files = append(files, testDatabase(t, "X", map[string]mmdb.Record{"203.0.113.0/24": mmdb.Country(code)}))
	}
	writeFile(t, path, files[0])
	clock := newTestClock()
	d, err := open(path, clock)
	if err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for range 500 {
				if got := country(t, d, "203.0.113.77"); got != "FR" && got != "DE" {
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
