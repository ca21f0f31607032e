package builtin

import (
	"context"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/contact-operator/contact-operator/internal/provider"
)

const (
	// everybodyKnows is a domain that is in every DNS that has the Internet in it.
	everybodyKnows = "com"
	// worldHolds is how long a look at it counts.
	worldHolds = time.Minute
)

// world tells whether the resolvers know the Internet. A DNS that is cut off from it, or whose forwarder is broken, says of
// every domain that it does not exist: taken at its word, it would have everybody rejected.
type world struct {
	resolver *resolver
	now      provider.Clock

	mu     sync.Mutex
	seenAt time.Time
}

// check is asked before an address is called undeliverable because DNS has nothing about its domain. Its error is a
// *provider.Error, Config when the resolvers don't know the Internet and Transient when none answers, or errUnresolved.
func (w *world) check(ctx context.Context) error {
	w.mu.Lock()
	seenAt := w.seenAt
	w.mu.Unlock()
	if !seenAt.IsZero() && w.now().Sub(seenAt) < worldHolds {
		return nil
	}
	servers, _, err := w.resolver.lookup(ctx, everybodyKnows, dnsmessage.TypeNS)
	switch {
	case err != nil:
		return err
	case len(servers) == 0:
		return provider.Errorf(provider.Config, "the DNS servers do not know the Internet (even %s does not exist for them), so no address can be "+
			"called undeliverable: give others in spec.builtin.verify.resolvers, or mend those of the cluster", everybodyKnows)
	}
	w.mu.Lock()
	w.seenAt = w.now()
	w.mu.Unlock()
	return nil
}
