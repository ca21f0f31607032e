package builtin

import (
	"context"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/verification"
)

// verifier is the port Verify. See the package's documentation for what it looks at.
type verifier struct {
	mail      *mailHosts
	floor     domains
	listed    domains  // from a ConfigMap; nil: none
	source    *refresh // of a list from elsewhere; nil: none
	allowed   domains
	roles     map[string]struct{}
	free      domains
	suggester *suggester
}

func (m maker) verifier(c Verify, s provider.Settings) (*verifier, error) {
	servers, err := serverAddresses(c.Resolvers)
	if err != nil {
		return nil, err
	}
	v := &verifier{floor: verification.ThrowAway(), allowed: domains{}, roles: roleNames(), free: freeMailServices()}
	v.suggester = newSuggester(v.free)
	for i, name := range c.AllowedDomains {
		domain, ok := parseDomain(strings.TrimSpace(name))
		if !ok || !strings.Contains(domain, ".") {
			return nil, provider.Errorf(provider.Config, "spec.builtin.verify.allowedDomains[%d]: %q is not a domain", i, name)
		}
		v.allowed.add(domain)
	}
	for _, name := range c.RoleNames {
		v.roles[strings.ToLower(strings.TrimSpace(name))] = struct{}{}
	}
	if err := m.list(v, c.DisposableDomains, s); err != nil {
		return nil, err
	}
	ask := func() []string { return machineServers(resolvConf) }
	if len(servers) > 0 {
		ask = func() []string { return servers }
	}
	if v.mail, err = newMailHosts(newResolver(ask, m.now), m.now); err != nil {
		return nil, &provider.Error{Class: provider.Config, Message: "the memory for DNS answers can't be set up; this is a fault of the operator", Err: err}
	}
	return v, nil
}

const defaultRefresh = 24 * time.Hour

// list sets up the configured list. One in a ConfigMap is read here. One from elsewhere is not: that it can't be read is no
// fault of the Integration, and no reason to stop.
func (m maker) list(v *verifier, c *DomainList, s provider.Settings) error {
	if c == nil {
		return nil
	}
	every := defaultRefresh
	if c.RefreshSeconds != nil {
		every = time.Duration(*c.RefreshSeconds) * time.Second
	}
	if every <= 0 {
		return provider.Errorf(provider.Config, "spec.builtin.verify.disposableDomains.refreshSeconds has to be greater than 0")
	}
	const field = "spec.builtin.verify.disposableDomains"
	switch {
	case c.ConfigMapKeyRef != nil:
		ref := *c.ConfigMapKeyRef
		text, given := s.ConfigMaps[ref]
		if !given {
			return provider.Errorf(provider.Config, "%s: ConfigMap %s with the key %s does not exist: create it", field, ref.Name, ref.Key)
		}
		list, err := ownList(text)
		if err != nil {
			return provider.Errorf(provider.Config, "%s: ConfigMap %s, key %s: %v", field, ref.Name, ref.Key, err)
		}
		v.listed = list
	case c.URL != "":
		load, err := fromURL(s.HTTP, c.URL)
		if err != nil {
			return provider.Errorf(provider.Config, "%s.url is not an http or https URL", field)
		}
		v.source = newRefresh(load, every)
	default:
		v.source = newRefresh(fromFile(c.Path), every)
	}
	return nil
}

func (v *verifier) close() {
	if v.source != nil {
		v.source.close()
	}
	v.mail.close()
}

// Evidence, in fixed words. What DNS said comes from mailHost.
const (
	evidenceSyntax     = "syntax"
	evidenceDisposable = "list of throw-away domains"
	evidenceRole       = "role name"
	evidenceReserved   = "reserved domain"
	// evidenceNoList goes with every verdict that the list might have changed.
	evidenceNoList = "; the configured list of throw-away domains could not be read yet"
)

// Verify implements provider.Verifier.
func (v *verifier) Verify(ctx context.Context, s provider.Submission) (provider.Verification, error) {
	a, ok := parseAddress(s.Email)
	if !ok {
		return provider.Verification{Verdict: provider.Undeliverable, Evidence: evidenceSyntax}, nil
	}
	disposable, complete := v.disposable(ctx, a.domain)
	if disposable {
		return provider.Verification{Verdict: provider.Disposable, Evidence: evidenceDisposable}, nil
	}
	result := provider.Verification{Mailbox: "Own"}
	if _, free := v.free[a.domain]; free {
		result.Mailbox = "Free"
	}
	host := mailHost{evidence: evidenceReserved}
	if !outsideDNS(a.domain) {
		var err error
		if host, err = v.mail.of(ctx, a.domain); err != nil {
			return provider.Verification{}, err
		}
	}
	if domain := v.suggester.suggest(a.domain, host.takes); domain != "" {
		result.Suggestion = a.local + "@" + domain
	}
	switch {
	case host.unknown: // before the role, which would matter only if the domain took mail
		result.Verdict, result.Evidence = provider.Unknown, host.evidence
	case !host.takes:
		result.Verdict, result.Evidence, result.Mailbox = provider.Undeliverable, host.evidence, ""
		return result, nil // whatever a list says
	case v.isRole(a.local):
		result.Verdict, result.Evidence = provider.Role, evidenceRole+"; "+host.evidence
	default:
		result.Verdict, result.Evidence = provider.Deliverable, host.evidence
	}
	if !complete {
		result.Evidence += evidenceNoList
	}
	return result, nil
}

// disposable tells whether a domain is one of a throw-away service. complete is false when the configured list could not be
// looked at.
func (v *verifier) disposable(ctx context.Context, domain string) (disposable, complete bool) {
	if v.allowed.covers(domain) {
		return false, true
	}
	if v.floor.covers(domain) || v.listed.covers(domain) {
		return true, true
	}
	if v.source == nil {
		return false, true
	}
	list := v.source.get(ctx)
	return list.covers(domain), list != nil
}

// isRole tells whether a local part names a function or a group. What follows a plus sign is a note of the owner's.
func (v *verifier) isRole(local string) bool {
	name, _, _ := strings.Cut(strings.ToLower(local), "+")
	_, is := v.roles[name]
	return is
}

// outsideDNS tells whether a domain is one that never is in DNS: RFC 6761 (localhost, invalid), RFC 7686 (onion) and RFC 9476
// (alt) say not to ask.
func outsideDNS(domain string) bool {
	switch domain[strings.LastIndexByte(domain, '.')+1:] {
	case "localhost", "invalid", "onion", "alt":
		return true
	}
	return false
}

// fromFile reads a list from a file.
func fromFile(path string) loader {
	return func(context.Context) (domains, error) {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		text, err := readBounded(file)
		if err != nil {
			return nil, err
		}
		return foreignList(text)
	}
}

// fromURL reads a list from a URL. Its error means that the URL is none.
func fromURL(client *http.Client, url string) (loader, error) {
	f, err := newFetcher(client, url)
	if err != nil {
		return nil, err
	}
	return f.load, nil
}
