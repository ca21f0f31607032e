package builtin

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestSeveralResolvers(t *testing.T) {
	t.Parallel()
	good := newDNSServer(t, map[string]zone{"person.example": {mx: []string{"mail.person.example."}}})
	fails := newDNSServer(t, map[string]zone{"person.example": {rcode: dnsmessage.RCodeServerFailure}})
	cases := map[string]struct {
		first       string
		wantVerdict provider.Verdict
		wantFailure string
		only        bool
		impatient   bool
	}{
		"the first fails":        {first: fails.addr, wantVerdict: provider.Deliverable},
		"the first is not there": {first: closedPort(t), wantVerdict: provider.Deliverable},
		"the first is silent":    {first: quietPort(t), wantVerdict: provider.Deliverable, impatient: true},
		"all there are fail":     {first: fails.addr, only: true, wantVerdict: provider.Unknown},
		"none is there":          {first: closedPort(t), only: true, wantFailure: "no DNS server answered: check that the operator can reach its resolvers"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers := []string{tc.first}
			if !tc.only {
				servers = append(servers, good.addr)
			}
			v := testVerifier(t, time.Now, Verify{Resolvers: servers}, provider.Settings{})
			if tc.impatient {
				v.mail.resolver.timeout = impatience
			}
			got, err := v.Verify(t.Context(), provider.Submission{Email: "ada@person.example"})
			checkTransient(t, err, tc.wantFailure)
			if err == nil && got.Verdict != tc.wantVerdict {
				t.Errorf("verdict %s, want %s", got.Verdict, tc.wantVerdict)
			}
		})
	}
}

// A resolver that says nothing costs its time-out once, not with every domain.
func TestASilentResolverComesLast(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	r := newResolver(func() []string { return []string{"a", "b", "c"} }, clock.now)
	check := func(when string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, r.inOrder()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	check("at first", "a", "b", "c")
	r.silent["a"] = clock.now()
	check("a was silent", "b", "c", "a")
	r.silent["b"] = clock.now()
	r.silent["c"] = clock.now()
	check("all were silent", "a", "b", "c")
	clock.advance(sulk)
	check("later", "a", "b", "c")
}

func TestABurstAsksOnce(t *testing.T) {
	t.Parallel()
	server := newDNSServer(t, map[string]zone{"person.example": {mx: []string{"mail.person.example."}}})
	release := server.hold()
	t.Cleanup(release)
	v := testVerifier(t, time.Now, Verify{Resolvers: []string{server.addr}}, provider.Settings{})
	v.mail.resolver.timeout = time.Minute
	var burst sync.WaitGroup
	for i := range 64 {
		burst.Go(func() {
			got, err := v.Verify(t.Context(), provider.Submission{Email: fmt.Sprintf("ada%d@person.example", i)})
			if err != nil || got.Verdict != provider.Deliverable {
				t.Errorf("%s, %v", got.Verdict, err)
			}
		})
	}
	release()
	burst.Wait()
	if diff := cmp.Diff(map[string]int{"mx": 1}, server.questions("person.example")); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
}

func TestWhatIsRemembered(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	server := newDNSServer(t, map[string]zone{
		"person.example":   {mx: []string{"mail.person.example."}},
		"servfail.example": {rcode: dnsmessage.RCodeServerFailure},
	})
	v := testVerifier(t, clock.now, Verify{Resolvers: []string{server.addr}}, provider.Settings{})
	ask := func(when string, want map[string]int) {
		t.Helper()
		got := map[string]int{}
		for domain := range want {
			_, _ = v.Verify(t.Context(), provider.Submission{Email: "ada@" + domain})
			got[domain] = server.questions(domain)["mx"]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: questions (-want +got):\n%s", when, diff)
		}
	}
	ask("at first", map[string]int{"person.example": 1, "none.example": 1, "servfail.example": 1})
	ask("at once", map[string]int{"person.example": 1, "none.example": 1, "servfail.example": 2})
	clock.advance(rememberRefusing)
	ask("after a minute", map[string]int{"person.example": 1, "none.example": 2, "servfail.example": 3})
	clock.advance(rememberTaking)
	ask("after ten", map[string]int{"person.example": 2, "none.example": 3, "servfail.example": 4})
	for i := range rememberedDomains + 100 {
		v.mail.known.Add(fmt.Sprint(i), rememberedHost{})
	}
	if n := v.mail.known.Len(); n != rememberedDomains {
		t.Errorf("%d domains are remembered, want %d", n, rememberedDomains)
	}
}

// A caller that has no more time leaves; the question goes on for those that come after it.
func TestTheCallerLeaves(t *testing.T) {
	t.Parallel()
	server := newDNSServer(t, map[string]zone{"person.example": {mx: []string{"mail.person.example."}}})
	release := server.hold()
	t.Cleanup(release)
	v := testVerifier(t, time.Now, Verify{Resolvers: []string{server.addr}}, provider.Settings{})
	v.mail.resolver.timeout = time.Minute
	for name, tc := range map[string]struct {
		end  func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		"deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 20*time.Millisecond)
		}, context.DeadlineExceeded},
		"cancelled": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, context.Canceled},
	} {
		ctx, cancel := tc.end(t.Context())
		_, err := v.Verify(ctx, provider.Submission{Email: "ada@person.example"})
		cancel()
		checkTransient(t, err, "DNS gave no answer within the deadline")
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: the cause is %v", name, err)
		}
	}
	release()
	if got, err := v.Verify(t.Context(), provider.Submission{Email: "ada@person.example"}); err != nil || got.Verdict != provider.Deliverable {
		t.Errorf("%s, %v", got.Verdict, err)
	}
	if n := server.questions("person.example")["mx"]; n != 1 {
		t.Errorf("%d questions, want 1", n)
	}
}

// Close does not wait for servers that say nothing.
func TestCloseEndsLookups(t *testing.T) {
	t.Parallel()
	v, err := maker{now: time.Now}.verifier(Verify{Resolvers: []string{quietPort(t)}}, provider.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	v.mail.resolver.timeout = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = v.Verify(ctx, provider.Submission{Email: "ada@person.example"})
	checkTransient(t, err, "DNS gave no answer within the deadline")
	v.close() // returns, or the test ends in a time-out
}

// A DNS that says of every domain that it does not exist is no reason to reject anybody.
func TestDNSWithoutTheInternet(t *testing.T) {
	t.Parallel()
	const cutOff = "the DNS servers do not know the Internet (even com does not exist for them), so no address can be called undeliverable: " +
		"give others in spec.builtin.verify.resolvers, or mend those of the cluster"
	cases := map[string]struct {
		com         zone
		email       string
		wantVerdict provider.Verdict
		wantClass   provider.Class
		wantMessage string
	}{
		"no such domain":       {zone{rcode: dnsmessage.RCodeNameError}, "ada@none.example", "", provider.Config, cutOff},
		"nothing about it":     {zone{}, "ada@empty.example", "", provider.Config, cutOff},
		"a domain that it has": {zone{rcode: dnsmessage.RCodeNameError}, "ada@person.example", provider.Deliverable, "", ""},
		"a clear word":         {zone{rcode: dnsmessage.RCodeNameError}, "ada@null.example", provider.Undeliverable, "", ""},
		"nothing can be resolved": { // the servers fail, not the domain: it is asked about again
			zone{rcode: dnsmessage.RCodeServerFailure},
			"ada@none.example", "", provider.Transient, "the DNS servers can't resolve anything at the moment",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newDNSServer(t, map[string]zone{
				"com": tc.com, "person.example": {mx: []string{"mail.person.example."}}, "null.example": {mx: []string{"."}}, "empty.example": {},
			})
			v := testVerifier(t, time.Now, Verify{Resolvers: []string{server.addr}}, provider.Settings{})
			for range 2 { // what is in doubt is not remembered
				got, err := v.Verify(t.Context(), provider.Submission{Email: tc.email})
				var e *provider.Error
				switch {
				case tc.wantClass == "" && (err != nil || got.Verdict != tc.wantVerdict):
					t.Errorf("%s, %v; want %s", got.Verdict, err, tc.wantVerdict)
				case tc.wantClass != "" && (!errors.As(err, &e) || e.Class != tc.wantClass || e.Message != tc.wantMessage):
					t.Errorf("%v; want %s: %s", err, tc.wantClass, tc.wantMessage)
				}
			}
		})
	}
}

// One look at the Internet counts for all domains of a minute.
func TestTheInternetIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	server := newDNSServer(t, map[string]zone{})
	v := testVerifier(t, clock.now, Verify{Resolvers: []string{server.addr}}, provider.Settings{})
	for round, want := range []int{1, 2} {
		for i := range 5 {
			got, err := v.Verify(t.Context(), provider.Submission{Email: fmt.Sprintf("ada@none%d-%d.example", round, i)})
			if err != nil || got.Verdict != provider.Undeliverable {
				t.Fatalf("%s, %v", got.Verdict, err)
			}
		}
		if n := server.questions("com")["ns"]; n != want {
			t.Errorf("%d questions, want %d", n, want)
		}
		clock.advance(worldHolds)
	}
}

func TestMachineServers(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		file string
		want []string
	}{
		"a cluster's":  {"search ns.svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n", []string{"10.96.0.10:53"}},
		"several":      {"nameserver 10.0.0.1\nnameserver 2001:db8::1 # second\n", []string{"10.0.0.1:53", "[2001:db8::1]:53"}},
		"a zone":       {"nameserver fe80::1%eth0\n", []string{"[fe80::1%eth0]:53"}},
		"nonsense":     {"nameserver\nnameserver here\n;nameserver 10.0.0.1\n", []string{"127.0.0.1:53"}},
		"no such file": {"", []string{"127.0.0.1:53"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir() + "/resolv.conf"
			if tc.file != "" {
				writeFile(t, path, []byte(tc.file))
			}
			if diff := cmp.Diff(tc.want, machineServers(path)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
