package intake

import (
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

const (
	// maxClients bounds the table of clients: about 10 MiB. Beyond it the one that has been silent longest is forgotten,
	// and starts anew.
	maxClients = 32768
	// maxCaps bounds the table of pipelines with a cap.
	maxCaps = 4096
)

// rateLimits counts submissions by client and by pipeline. It is kept in memory, by network and never by person, and by
// this process alone.
type rateLimits struct {
	clients *lru.Cache[clientKey, *rate.Limiter]
	caps    *lru.Cache[pipelineKey, *rate.Limiter]
}

type pipelineKey struct{ namespace, name string }

type clientKey struct {
	pipelineKey
	network netip.Prefix
}

func newRateLimits() *rateLimits {
	clients, err := lru.New[clientKey, *rate.Limiter](maxClients)
	if err != nil {
		panic(err) // the size is positive
	}
	caps, err := lru.New[pipelineKey, *rate.Limiter](maxCaps)
	if err != nil {
		panic(err)
	}
	return &rateLimits{clients: clients, caps: caps}
}

// take counts a submission. When it is over a limit it is not counted; then refusal says which limit, and wait how long
// until one is free. A client over its own limit uses up nothing of the pipeline's.
func (l *rateLimits) take(pipeline *v1alpha1.ContactPipeline, remoteIP string, now time.Time) (wait time.Duration, refusal string) {
	limits := pipeline.Spec.Form.Limits
	if limits == nil {
		return 0, ""
	}
	key := pipelineKey{pipeline.Namespace, pipeline.Name}
	var client *rate.Reservation
	if perMinute := limits.ClientPerMinute; perMinute != nil {
		burst := *perMinute
		if limits.ClientBurst != nil {
			burst = *limits.ClientBurst
		}
		client = limiter(l.clients, clientKey{key, network(remoteIP)}, *perMinute, burst, now).ReserveN(now, 1)
		if wait := client.DelayFrom(now); wait > 0 {
			client.CancelAt(now)
			return wait, refusedClient
		}
	}
	if perMinute := limits.PipelinePerMinute; perMinute != nil {
		all := limiter(l.caps, key, *perMinute, *perMinute, now).ReserveN(now, 1)
		if wait := all.DelayFrom(now); wait > 0 {
			all.CancelAt(now)
			if client != nil {
				client.CancelAt(now)
			}
			return wait, refusedCap
		}
	}
	return 0, ""
}

// limiter finds the limiter of a key, and brings it up to what the pipeline says now.
func limiter[K comparable](table *lru.Cache[K, *rate.Limiter], key K, perMinute, burst int32, now time.Time) *rate.Limiter {
	limit := rate.Limit(float64(max(perMinute, 1)) / 60)
	size := int(max(burst, 1))
	l, ok := table.Get(key)
	if !ok {
		l = rate.NewLimiter(limit, size)
		if other, ok, _ := table.PeekOrAdd(key, l); ok {
			l = other // two requests at once
		}
	}
	if l.Limit() != limit {
		l.SetLimitAt(now, limit)
	}
	if l.Burst() != size {
		l.SetBurstAt(now, size)
	}
	return l
}

// network is what counts as one client: an IPv4 address, or an IPv6 network of 64 bits, which is what one line gets.
// Whoever has no address is one client with all others who have none.
func network(remoteIP string) netip.Prefix {
	addr, err := netip.ParseAddr(remoteIP)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
