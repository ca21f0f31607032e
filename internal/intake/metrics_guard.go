package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"
)

const (
	// believedFor is how long an answer of the API server is good.
	believedFor = time.Minute
	// believedAway is how long it is good while the API server can't be asked: that is when the figures of the spool are
	// needed most.
	believedAway = 24 * time.Hour
	// reviewTimeout is less than a scrape is given.
	reviewTimeout = 5 * time.Second
	// maxReviews bounds what somebody who tries tokens can make the API server do.
	maxReviews = 4
)

// Answers of the API server about a token.
var (
	errWho       = errors.New("the token is not valid")
	errNotTheirs = errors.New("the token's account may not get /metrics")
)

// metricsGuard lets those read the metrics who may "get" the path /metrics, as with every component of Kubernetes.
//
// It asks with the reader's own token what that token may do. So the intake, which faces the internet, needs no right to
// review other people's tokens. Only tokens that were good are remembered, by their hash.
type metricsGuard struct {
	review  func(ctx context.Context, token string) error
	now     func() time.Time
	log     logr.Logger
	reviews chan struct{}

	mu   sync.Mutex
	good map[[sha256.Size]byte]time.Time // when the API server last said so
}

func newMetricsGuard(review func(ctx context.Context, token string) error, log logr.Logger) *metricsGuard {
	return &metricsGuard{
		review: review, now: time.Now, log: log, reviews: make(chan struct{}, maxReviews), good: map[[sha256.Size]byte]time.Time{},
	}
}

// newReview makes what asks the API server. Its errors are errWho, errNotTheirs, or say that there was no answer.
func newReview(cfg *rest.Config) (func(ctx context.Context, token string) error, error) {
	anonymous := rest.AnonymousClientConfig(cfg)
	anonymous.QPS, anonymous.Timeout, anonymous.UserAgent = -1, reviewTimeout, userAgent
	clients, err := authorizationclient.NewForConfig(anonymous)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, token string) error {
		answer := authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: "/metrics", Verb: "get"},
		}}
		err := clients.RESTClient().Post().Resource("selfsubjectaccessreviews").SetHeader("Authorization", "Bearer "+token).
			MaxRetries(0).Body(&answer).Do(ctx).Into(&answer)
		switch {
		case apierrors.IsUnauthorized(err):
			return errWho
		case apierrors.IsForbidden(err), err == nil && !answer.Status.Allowed:
			return errNotTheirs
		default:
			return err
		}
	}, nil
}

// around guards a handler.
func (g *metricsGuard) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !isBearer || token == "" {
			w.Header().Set("WWW-Authenticate", "Bearer")
			plain(w, http.StatusUnauthorized, "give the token of a ServiceAccount that may get /metrics")
			return
		}
		switch err := g.check(r.Context(), token); {
		case err == nil:
			next.ServeHTTP(w, r)
		case errors.Is(err, errWho):
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			plain(w, http.StatusUnauthorized, err.Error())
		case errors.Is(err, errNotTheirs):
			plain(w, http.StatusForbidden, err.Error()+": bind it to the ClusterRole contact-operator-metrics-reader")
		default:
			if r.Context().Err() == nil {
				g.log.Error(err, "who reads the metrics can't be checked; they are not served to anybody who was not known before")
			}
			plain(w, http.StatusServiceUnavailable, "the API server can't be asked whether the token is good")
		}
	})
}

// check returns nil for a token that may read the metrics.
func (g *metricsGuard) check(ctx context.Context, token string) error {
	hash := sha256.Sum256([]byte(token))
	age, known := g.age(hash)
	if known && age < believedFor {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	err := g.ask(ctx, token)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err == nil:
		g.good[hash] = g.now()
	case errors.Is(err, errWho), errors.Is(err, errNotTheirs):
		delete(g.good, hash)
	case known && age < believedAway:
		return nil
	}
	return err
}

func (g *metricsGuard) ask(ctx context.Context, token string) error {
	select {
	case g.reviews <- struct{}{}:
		defer func() { <-g.reviews }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return g.review(ctx, token)
}

// age tells how long ago a token was good, and forgets those that were too long ago.
func (g *metricsGuard) age(hash [sha256.Size]byte) (time.Duration, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for h, at := range g.good {
		if g.now().Sub(at) >= believedAway {
			delete(g.good, h)
		}
	}
	at, known := g.good[hash]
	return g.now().Sub(at), known
}
