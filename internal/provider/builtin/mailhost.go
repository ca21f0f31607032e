package builtin

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sync/singleflight"

	"github.com/contact-operator/contact-operator/internal/provider"
)

const (
	// What DNS says is remembered as long as it takes for a wave of submissions to pass: a domain that is being set up must
	// not be refused for long.
	rememberTaking    = 10 * time.Minute
	rememberRefusing  = time.Minute
	rememberedDomains = 4096
	// lookupTimeout bounds the questions about one domain, which go on when the caller that began them has gone: the next
	// one finds the answer.
	lookupTimeout = 15 * time.Second
)

// mailHost says whether a domain takes mail.
type mailHost struct {
	takes bool
	// evidence in fixed words.
	evidence string
	// told: the domain's owner says so. Otherwise DNS has nothing.
	told bool
	// unknown: the DNS servers answer, but can't tell.
	unknown bool
}

// mailHosts finds out whether domains take mail. It asks once about a domain, however many want to know.
type mailHosts struct {
	resolver *resolver
	world    world
	now      provider.Clock
	known    *lru.Cache[string, rememberedHost]

	flights singleflight.Group
	running sync.WaitGroup
	ctx     context.Context // of the lookups, which outlive their callers
	cancel  context.CancelFunc
}

type rememberedHost struct {
	mailHost

	until time.Time
}

func newMailHosts(r *resolver, now provider.Clock) (*mailHosts, error) {
	known, err := lru.New[string, rememberedHost](rememberedDomains)
	if err != nil {
		return nil, err
	}
	m := &mailHosts{resolver: r, world: world{resolver: r, now: now}, now: now, known: known}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m, nil
}

// close ends the lookups that nobody waits for any more.
func (m *mailHosts) close() {
	m.cancel()
	m.running.Wait()
}

// of says whether a domain takes mail. Its errors are *provider.Errors: Transient when no DNS server answers, Config when
// they are not those of the Internet.
func (m *mailHosts) of(ctx context.Context, domain string) (mailHost, error) {
	if host, known := m.remembered(domain); known {
		return host, nil
	}
	landed := make(chan flight, 1)
	m.running.Go(func() {
		host, err, _ := m.flights.Do(domain, func() (any, error) { return m.ask(domain) })
		landed <- flight{host, err}
	})
	select {
	case f := <-landed:
		host, _ := f.host.(mailHost)
		return host, f.err
	case <-ctx.Done():
		return mailHost{}, unanswered(ctx)
	}
}

// flight is how a look-up ended that others may have waited for, too.
type flight struct {
	host any
	err  error
}

// ask asks DNS about a domain and remembers the answer. Failures, the domain's own among them, are not remembered.
func (m *mailHosts) ask(domain string) (mailHost, error) {
	if host, known := m.remembered(domain); known { // from a flight that has just landed
		return host, nil
	}
	ctx, cancel := context.WithTimeout(m.ctx, lookupTimeout)
	defer cancel()
	host, err := m.lookup(ctx, domain)
	inDoubt := errors.Is(err, errUnresolved)
	if inDoubt || (err == nil && !host.takes && !host.told) {
		err = m.world.check(ctx)
	}
	switch {
	case errors.Is(err, errUnresolved): // not even what everybody knows: it is the servers, not the domain
		return mailHost{}, &provider.Error{Class: provider.Transient, Message: "the DNS servers can't resolve anything at the moment", Err: err}
	case inDoubt && err == nil:
		return mailHost{unknown: true, evidence: "DNS could not resolve the domain"}, nil
	case err != nil:
		return mailHost{}, err
	}
	remember := rememberRefusing
	if host.takes {
		remember = rememberTaking
	}
	m.known.Add(domain, rememberedHost{mailHost: host, until: m.now().Add(remember)})
	return host, nil
}

func (m *mailHosts) remembered(domain string) (mailHost, bool) {
	host, known := m.known.Get(domain)
	return host.mailHost, known && m.now().Before(host.until)
}

// lookup follows RFC 5321, section 5.1: the MX records, and without any the domain's own address; and RFC 7505: a single MX
// record that names the root says that there is no mail.
func (m *mailHosts) lookup(ctx context.Context, domain string) (mailHost, error) {
	records, missing, err := m.resolver.lookup(ctx, domain, dnsmessage.TypeMX)
	switch {
	case err != nil:
		return mailHost{}, err
	case missing:
		return mailHost{evidence: "no such domain"}, nil
	case len(records) > 0:
		return exchanger(records), nil
	case isSuffix(domain):
		return mailHost{evidence: "no MX record"}, nil
	}
	found, err := m.hasAddress(ctx, domain)
	switch {
	case err != nil:
		return mailHost{}, err
	case !found:
		return mailHost{evidence: "no MX or address record"}, nil
	}
	return mailHost{takes: true, evidence: "address record, no MX record"}, nil
}

// exchanger judges MX records. "localhost" was the way to say "no mail" before there was a null MX.
func exchanger(records []dnsmessage.ResourceBody) mailHost {
	for _, record := range records {
		mx, ok := record.(*dnsmessage.MXResource)
		if !ok {
			continue
		}
		switch strings.ToLower(mx.MX.String()) {
		case ".", "", "localhost.":
		default:
			return mailHost{takes: true, evidence: "MX record"}
		}
	}
	return mailHost{evidence: "null MX record", told: true}
}

// hasAddress tells whether a domain has an address that mail could be sent to. One of two questions is enough for a yes,
// both are needed for a no.
func (m *mailHosts) hasAddress(ctx context.Context, domain string) (bool, error) {
	var found [2]bool
	var failed [2]error
	var asking sync.WaitGroup
	for i, kind := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA} {
		asking.Go(func() {
			var records []dnsmessage.ResourceBody
			records, _, failed[i] = m.resolver.lookup(ctx, domain, kind)
			for _, record := range records {
				found[i] = found[i] || reachable(record)
			}
		})
	}
	asking.Wait()
	if found[0] || found[1] {
		return true, nil
	}
	for _, err := range failed {
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// reachable is false for addresses that stand for "nowhere".
func reachable(record dnsmessage.ResourceBody) bool {
	var addr netip.Addr
	switch r := record.(type) {
	case *dnsmessage.AResource:
		addr = netip.AddrFrom4(r.A)
	case *dnsmessage.AAAAResource:
		addr = netip.AddrFrom16(r.AAAA).Unmap()
	default:
		return false
	}
	return !addr.IsUnspecified() && !addr.IsLoopback()
}
