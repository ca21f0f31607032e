package builtin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/contact-operator/contact-operator/internal/provider"
)

const (
	// attemptTimeout is how long one server has for one question. A healthy one takes a tenth of it even for a domain at the
	// other end of the world.
	attemptTimeout = 2 * time.Second
	// rounds is how often each server is asked: UDP loses packets.
	rounds = 2
	// sulk is how long a server that gave no answer comes after those that did.
	sulk = 30 * time.Second
)

// resolver asks DNS servers in order until one has an answer that settles the question.
type resolver struct {
	// servers returns them as host:port. It is asked for each question: the machine's may change.
	servers func() []string
	timeout time.Duration
	now     provider.Clock

	mu     sync.Mutex
	silent map[string]time.Time // when a server last gave no answer
}

func newResolver(servers func() []string, now provider.Clock) *resolver {
	return &resolver{servers: servers, timeout: attemptTimeout, now: now, silent: map[string]time.Time{}}
}

// errUnresolved: servers answered that they can't tell (SERVFAIL, REFUSED and the like). They work; what fails is, as a rule,
// the name servers of that one domain.
var errUnresolved = errors.New("the DNS servers could not resolve the domain")

// lookup returns the records of one type. missing is true where the domain itself does not exist. Its errors are
// errUnresolved, and where no server answered at all a *provider.Error of class Transient.
func (r *resolver) lookup(ctx context.Context, domain string, kind dnsmessage.Type) (records []dnsmessage.ResourceBody, missing bool, err error) {
	name, err := dnsmessage.NewName(domain + ".")
	if err != nil {
		return nil, true, nil // a name that DNS can't hold does not exist there
	}
	question := dnsmessage.Question{Name: name, Type: kind, Class: dnsmessage.ClassINET}
	answered := false
	servers := r.inOrder()
	for range rounds {
		var silent []string // those are worth a second packet
		for _, server := range servers {
			if ctx.Err() != nil {
				return nil, false, undecided(ctx, answered)
			}
			said, err := r.ask(ctx, server, question)
			if err != nil {
				silent = append(silent, server)
				continue
			}
			answered = true
			switch {
			case said.header.RCode == dnsmessage.RCodeNameError:
				return nil, true, nil
			case said.header.RCode == dnsmessage.RCodeSuccess && !lame(said):
				return ofType(said.answers, kind), false, nil
			}
		}
		servers = silent
	}
	return nil, false, undecided(ctx, answered)
}

func (r *resolver) ask(ctx context.Context, server string, question dnsmessage.Question) (reply, error) {
	bounded, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	said, err := exchange(bounded, server, question)
	if ctx.Err() != nil {
		return said, err // nothing that the server could be blamed for
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.silent, server)
	} else {
		r.silent[server] = r.now()
	}
	return said, err
}

// inOrder returns the servers, those that were silent a moment ago last.
func (r *resolver) inOrder() []string {
	servers := slices.Clone(r.servers())
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	sulks := func(server string) int {
		if at, silent := r.silent[server]; silent && now.Sub(at) < sulk {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(servers, func(a, b string) int { return sulks(a) - sulks(b) })
	return servers
}

// lame tells an answer that leads elsewhere: from a server that neither knows the domain nor resolves.
func lame(r reply) bool {
	return !r.header.Authoritative && !r.header.RecursionAvailable && len(r.answers) == 0
}

func ofType(answers []dnsmessage.Resource, kind dnsmessage.Type) []dnsmessage.ResourceBody {
	var list []dnsmessage.ResourceBody
	for _, a := range answers {
		if a.Header.Type == kind {
			list = append(list, a.Body)
		}
	}
	return list
}

// undecided says why no server settled a question. One that answered counts more than others that were silent until the
// deadline; not when the caller left, who might have heard better.
func undecided(ctx context.Context, answered bool) error {
	if answered && !errors.Is(ctx.Err(), context.Canceled) {
		return errUnresolved
	}
	return unanswered(ctx)
}

// unanswered is the error when no server answered: one that names neither the domain, which is somebody's, nor the servers.
func unanswered(ctx context.Context) error {
	message := "no DNS server answered: check that the operator can reach its resolvers"
	if ctx.Err() != nil {
		message = "DNS gave no answer within the deadline"
	}
	return &provider.Error{Class: provider.Transient, Message: message, Err: ctx.Err()}
}

// serverAddresses checks the configured servers.
func serverAddresses(configured []string) ([]string, error) {
	list := make([]string, 0, len(configured))
	for i, given := range configured {
		server, err := serverAddress(given)
		if err != nil {
			return nil, provider.Errorf(provider.Config, "spec.builtin.verify.resolvers[%d]: %v", i, err)
		}
		list = append(list, server)
	}
	return list, nil
}

const dnsPort = "53"

func serverAddress(given string) (string, error) {
	if addr, err := netip.ParseAddr(strings.Trim(given, "[]")); err == nil {
		return net.JoinHostPort(addr.String(), dnsPort), nil
	}
	if !strings.Contains(given, ":") {
		given = net.JoinHostPort(given, dnsPort)
	}
	host, port, err := net.SplitHostPort(given)
	number, numeric := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" || strings.ContainsAny(host, "/@ ") || numeric != nil || number == 0 {
		return "", fmt.Errorf("%q is not host:port, for example 10.96.0.10:53", given)
	}
	return given, nil
}

// resolvConf is where the machine's servers are named.
const resolvConf = "/etc/resolv.conf"

// machineServers reads the machine's servers. Without any the machine's own is meant, as in the C library.
func machineServers(path string) []string {
	file, err := os.ReadFile(path)
	var list []string
	if err == nil {
		for line := range strings.SplitSeq(string(file), "\n") {
			if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "nameserver" {
				if addr, err := netip.ParseAddr(fields[1]); err == nil {
					list = append(list, net.JoinHostPort(addr.String(), dnsPort))
				}
			}
		}
	}
	if len(list) == 0 {
		list = []string{net.JoinHostPort("127.0.0.1", dnsPort)}
	}
	return list
}
