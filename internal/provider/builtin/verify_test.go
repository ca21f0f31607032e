package builtin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// testClock stands still until it is moved.
type testClock struct {
	mu   sync.Mutex
	time time.Time
}

func newTestClock() *testClock {
	return &testClock{time: time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)}
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(d)
}

// testVerifier makes a verifier that is closed with the test.
func testVerifier(t testing.TB, clock provider.Clock, c Verify, s provider.Settings) *verifier {
	t.Helper()
	v, err := maker{now: clock}.verifier(c, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.close)
	return v
}

// impatience is how long tests wait for a server that never answers.
const impatience = 200 * time.Millisecond

func manyHosts(n int) []string {
	hosts := make([]string, n)
	for i := range hosts {
		hosts[i] = fmt.Sprintf("mx%03d.a-rather-long-name-for-a-host.carrier%03d.example.", i, i)
	}
	return hosts
}

func TestVerify(t *testing.T) {
	t.Parallel()
	server := newDNSServer(t, map[string]zone{
		"mx.example":          {mx: []string{"mail.mx.example."}},
		"many.example":        {mx: manyHosts(60)},
		"a.example":           {a: "192.0.2.1"},
		"aaaa.example":        {aaaa: "2001:db8::1"},
		"aaaa-only.example":   {aaaa: "2001:db8::1", addressRCode: 0},
		"loopback.example":    {a: "127.0.0.1", aaaa: "::1"},
		"unspecified.example": {a: "0.0.0.0"},
		"empty.example":       {},
		"null.example":        {mx: []string{"."}},
		"localhost.example":   {mx: []string{"localhost."}},
		"both.example":        {mx: []string{".", "mail.both.example."}},
		"alias.example":       {cname: "mx.example.", mx: []string{"mail.mx.example."}},
		"alias-a.example":     {cname: "a.example.", a: "192.0.2.1"},
		"alias-none.example":  {cname: "gone.example."},
		"forged.example":      {mx: []string{"mail.forged.example."}, forged: true},
		"servfail.example":    {rcode: dnsmessage.RCodeServerFailure},
		"refused.example":     {rcode: dnsmessage.RCodeRefused},
		"lame.example":        {lame: true},
		"garbage.example":     {garbage: true},
		"silent.example":      {silent: true},
		"half.example":        {addressRCode: dnsmessage.RCodeServerFailure},
		"co.uk":               {a: "192.0.2.1"},
		"github.io":           {a: "192.0.2.1"},
		"dyndns.org":          {mx: []string{"mail.dyndns.org."}},
		"xn--exmple-cua.de":   {mx: []string{"mail.example."}},
		"gmail.com":           {mx: []string{"mail.example."}},
		"gmial.com":           {mx: []string{"mail.example."}},
		"host.test":           {mx: []string{"mail.host.test."}},
		"sub.mx.example":      {mx: []string{"mail.mx.example."}},
	})
	deliverable := func(evidence string) provider.Verification {
		return provider.Verification{Verdict: provider.Deliverable, Evidence: evidence, Mailbox: "Own"}
	}
	undeliverable := func(evidence string) provider.Verification {
		return provider.Verification{Verdict: provider.Undeliverable, Evidence: evidence}
	}
	disposable := provider.Verification{Verdict: provider.Disposable, Evidence: "list of throw-away domains"}
	unknown := provider.Verification{Verdict: provider.Unknown, Evidence: "DNS could not resolve the domain", Mailbox: "Own"}
	role := provider.Verification{Verdict: provider.Role, Evidence: "role name; MX record", Mailbox: "Own"}
	cases := map[string]struct {
		email string
		want  provider.Verification
		// wantFailure is the message of an error, which is always Transient.
		wantFailure string
		// impatient: no answer will come.
		impatient bool
	}{
		"MX":                             {email: "ada@mx.example", want: deliverable("MX record")},
		"beyond ASCII":                   {email: "ädä@exämple.de", want: deliverable("MX record")},
		"more MX than fit in a packet":   {email: "ada@many.example", want: deliverable("MX record")},
		"no MX, but an IPv4 address":     {email: "ada@a.example", want: deliverable("address record, no MX record")},
		"no MX, but an IPv6 address":     {email: "ada@aaaa.example", want: deliverable("address record, no MX record")},
		"an address that leads nowhere":  {email: "ada@loopback.example", want: undeliverable("no MX or address record")},
		"an address that is none":        {email: "ada@unspecified.example", want: undeliverable("no MX or address record")},
		"a domain without mail":          {email: "ada@empty.example", want: undeliverable("no MX or address record")},
		"null MX":                        {email: "ada@null.example", want: undeliverable("null MX record")},
		"the null MX of old":             {email: "ada@localhost.example", want: undeliverable("null MX record")},
		"null MX beside another":         {email: "ada@both.example", want: deliverable("MX record")},
		"no such domain":                 {email: "ada@none.example", want: undeliverable("no such domain")},
		"an alias with MX":               {email: "ada@alias.example", want: deliverable("MX record")},
		"an alias with an address":       {email: "ada@alias-a.example", want: deliverable("address record, no MX record")},
		"an alias that leads nowhere":    {email: "ada@alias-none.example", want: undeliverable("no MX or address record")},
		"forged answers first":           {email: "ada@forged.example", want: deliverable("MX record")},
		"a public suffix with a website": {email: "ada@co.uk", want: undeliverable("no MX record")},
		"a private one with a website":   {email: "ada@github.io", want: undeliverable("no MX record")},
		"a private one with mail":        {email: "ada@dyndns.org", want: deliverable("MX record")},
		"a reserved domain in use":       {email: "ada@host.test", want: deliverable("MX record")},
		"a domain that is never in DNS":  {email: "ada@host.invalid", want: undeliverable("reserved domain")},
		"a hidden service":               {email: "ada@host.onion", want: undeliverable("reserved domain")},
		"syntax":                         {email: "ada@mx", want: undeliverable("syntax")},
		"syntax before the lists":        {email: "a b@mailinator.com", want: undeliverable("syntax")},

		"disposable, built in":           {email: "ada@mailinator.com", want: disposable},
		"disposable, below one built in": {email: "ada@x.y.mailinator.com", want: disposable},
		"disposable, listed":             {email: "ada@trash.example", want: disposable},
		"disposable, below one listed":   {email: "ada@eu.trash.example", want: disposable},
		"disposable before role":         {email: "info@trash.example", want: disposable},
		"allowed, listed":                {email: "ada@mx.example", want: deliverable("MX record")},
		"allowed, below one listed":      {email: "ada@sub.mx.example", want: deliverable("MX record")},
		"allowed, built in":              {email: "ada@yopmail.com", want: undeliverable("no such domain")},

		"role":                     {email: "info@mx.example", want: role},
		"role in capitals":         {email: "INFO@mx.example", want: role},
		"role with a note":         {email: "info+fair@mx.example", want: role},
		"role of one's own":        {email: "anmeldung@mx.example", want: role},
		"only begins like a role":  {email: "information.ada@mx.example", want: deliverable("MX record")},
		"no mail before role":      {email: "info@empty.example", want: undeliverable("no MX or address record")},
		"a free mailbox":           {email: "ada@gmail.com", want: provider.Verification{Verdict: provider.Deliverable, Evidence: "MX record", Mailbox: "Free"}},
		"a typo that takes mail":   {email: "ada+x@gmial.com", want: provider.Verification{Verdict: provider.Deliverable, Evidence: "MX record", Mailbox: "Own", Suggestion: "ada+x@gmail.com"}},
		"a typo without mail":      {email: "ada@hotmial.con", want: provider.Verification{Verdict: provider.Undeliverable, Evidence: "no such domain", Suggestion: "ada@hotmail.com"}},
		"a free service that died": {email: "ada@ymail.com", want: undeliverable("no such domain")},

		"the domain's servers fail": {email: "ada@servfail.example", want: unknown},
		"refused":                   {email: "ada@refused.example", want: unknown},
		"lame":                      {email: "ada@lame.example", want: unknown},
		"fails for addresses only":  {email: "ada@half.example", want: unknown},
		"fails, for a role":         {email: "info@servfail.example", want: unknown},
		"nonsense":                  {email: "ada@garbage.example", wantFailure: "no DNS server answered: check that the operator can reach its resolvers"},
		"silent":                    {email: "ada@silent.example", wantFailure: "no DNS server answered: check that the operator can reach its resolvers", impatient: true},
		"silent, for a role":        {email: "info@silent.example", wantFailure: "no DNS server answered: check that the operator can reach its resolvers", impatient: true},
	}
	list := provider.Ref{Name: "lists", Key: "domains"}
	config := Verify{
		Resolvers:         []string{server.addr},
		DisposableDomains: &DomainList{ConfigMapKeyRef: &list},
		AllowedDomains:    []string{"MX.example", "yopmail.com"},
		RoleNames:         []string{"Anmeldung"},
	}
	settings := provider.Settings{ConfigMaps: map[provider.Ref]string{list: "trash.example\nmx.example\n"}}
	patient, impatient := testVerifier(t, time.Now, config, settings), testVerifier(t, time.Now, config, settings)
	impatient.mail.resolver.timeout = impatience
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := patient
			if tc.impatient {
				v = impatient
			}
			for range 2 { // the second may come from memory
				got, err := v.Verify(t.Context(), provider.Submission{Email: tc.email})
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", tc.email, diff)
				}
				checkTransient(t, err, tc.wantFailure)
			}
		})
	}
	t.Run("a large answer comes over TCP", func(t *testing.T) {
		t.Parallel()
		own := newDNSServer(t, map[string]zone{"many.example": {mx: manyHosts(60)}})
		v := testVerifier(t, time.Now, Verify{Resolvers: []string{own.addr}}, provider.Settings{})
		if _, err := v.Verify(t.Context(), provider.Submission{Email: "ada@many.example"}); err != nil {
			t.Fatal(err)
		}
		if own.overTCP != 1 {
			t.Errorf("%d questions over TCP, want 1", own.overTCP)
		}
	})
}

// checkTransient holds an error against the wanted message, "" for none.
func checkTransient(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("error: %v", err)
		}
		return
	}
	e, ok := err.(*provider.Error) //nolint:errorlint // the contract is this very type
	switch {
	case !ok:
		t.Errorf("error %v, want a *provider.Error", err)
	case e.Class != provider.Transient || e.Message != want:
		t.Errorf("error %v, want Transient: %s", e, want)
	}
}

// With a list from elsewhere, the first verifications wait for it; when it can't be read, they go on and say so.
func TestListFromElsewhere(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		load         loader
		email        string
		wantVerdict  provider.Verdict
		wantEvidence string
	}{
		"on the list": {
			load:  func(context.Context) (domains, error) { return setOf("trash.test"), nil },
			email: "ada@trash.test", wantVerdict: provider.Disposable, wantEvidence: evidenceDisposable,
		},
		"not on the list": {
			load:  func(context.Context) (domains, error) { return setOf("trash.test"), nil },
			email: "ada@person.test", wantVerdict: provider.Deliverable, wantEvidence: "MX record",
		},
		"no list": {
			load:  func(context.Context) (domains, error) { return nil, errors.New("unreachable") },
			email: "ada@trash.test", wantVerdict: provider.Deliverable, wantEvidence: "MX record" + evidenceNoList,
		},
		"a list that takes too long": {
			load: func(ctx context.Context) (domains, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
			email: "ada@trash.test", wantVerdict: provider.Deliverable, wantEvidence: "MX record" + evidenceNoList,
		},
		"no list, but the floor": {
			load:  func(context.Context) (domains, error) { return nil, errors.New("unreachable") },
			email: "ada@mailinator.com", wantVerdict: provider.Disposable, wantEvidence: evidenceDisposable,
		},
		"no list, but allowed": {
			load:  func(context.Context) (domains, error) { return nil, errors.New("unreachable") },
			email: "ada@allowed.test", wantVerdict: provider.Deliverable, wantEvidence: "MX record",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				v, err := maker{now: time.Now}.verifier(Verify{AllowedDomains: []string{"allowed.test"}}, provider.Settings{})
				if err != nil {
					t.Fatal(err)
				}
				defer v.close()
				for _, domain := range []string{"trash.test", "person.test", "allowed.test"} {
					v.mail.known.Add(domain, rememberedHost{mailHost: mailHost{takes: true, evidence: "MX record"}, until: time.Now().Add(time.Hour)})
				}
				v.source = newRefresh(tc.load, time.Hour)
				got, err := v.Verify(t.Context(), provider.Submission{Email: tc.email})
				if err != nil || got.Verdict != tc.wantVerdict || got.Evidence != tc.wantEvidence {
					t.Errorf("%s, %q, %v; want %s, %q", got.Verdict, got.Evidence, err, tc.wantVerdict, tc.wantEvidence)
				}
				if len(got.Evidence) > 256 {
					t.Errorf("the evidence has %d bytes", len(got.Evidence))
				}
			})
		})
	}
}

// Evidence is shown in status: nothing of the address gets into it.
func TestNothingPersonalInEvidence(t *testing.T) {
	t.Parallel()
	server := newDNSServer(t, map[string]zone{"person.example": {mx: []string{"mail.person.example."}}})
	v := testVerifier(t, time.Now, Verify{Resolvers: []string{server.addr}}, provider.Settings{})
	for _, email := range []string{"ada@person.example", "info@person.example", "ada@none.example", "ada@@person.example"} {
		got, err := v.Verify(t.Context(), provider.Submission{Email: email})
		if err != nil {
			t.Fatal(err)
		}
		for _, private := range []string{"ada", "info", "person", ".example"} {
			if strings.Contains(got.Evidence, private) {
				t.Errorf("the evidence %q shows %q", got.Evidence, private)
			}
		}
	}
}
