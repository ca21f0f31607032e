package intake

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/singleflight"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// Secrets knows what pipelines name: what form tools sign with, and the keys of captcha services.
type Secrets interface {
	// Lines returns the lines of a key of a Secret that are not blank: at least one, at most eight. Its error says what to do.
	Lines(ctx context.Context, namespace string, ref v1alpha1.SecretKeyReference) ([]string, error)
}

const (
	// secretsPoll is how often each Secret that is named is read again.
	secretsPoll = 30 * time.Second
	// secretFresh is how old a value may be before a request reads it itself; longer than the poll, so that this is rare.
	secretFresh = 2 * secretsPoll
	// secretRetry is how long a problem is believed: a flood of posts must not become a flood of reads.
	secretRetry = 10 * time.Second
	// secretTimeout bounds one read.
	secretTimeout = 2 * time.Second
	// secretReads bounds the reads in flight.
	secretReads = 4
	// maxSecretLines bounds the lines of a value that count.
	maxSecretLines = 8
)

// secretKey names one key of a Secret.
type secretKey struct{ namespace, name, key string }

func keyOfSecret(namespace string, ref v1alpha1.SecretKeyReference) secretKey {
	return secretKey{namespace, ref.Name, ref.Key}
}

// secretEntry is what is known of one.
type secretEntry struct {
	lines   []string
	problem string
	triedAt time.Time
}

// apiSecrets reads Secrets by name, which a Role in their namespace has to allow, and keeps the values in memory alone. They
// are read ahead of the first post and again every half minute. While the API server can't be asked, the last value counts: a
// form tool's post then goes to the spool. A Secret that is gone, or no longer allowed, counts no more.
type apiSecrets struct {
	client client.Reader
	// list returns the pipelines that may name Secrets, or an error until they are known.
	list    func(ctx context.Context) ([]v1alpha1.ContactPipeline, error)
	log     logr.Logger
	metrics *metrics
	now     func() time.Time
	reads   singleflight.Group
	slots   chan struct{}
	mu      sync.Mutex
	known   map[secretKey]secretEntry
}

func newAPISecrets(c client.Reader, list func(ctx context.Context) ([]v1alpha1.ContactPipeline, error), m *metrics, log logr.Logger) *apiSecrets {
	return &apiSecrets{
		client: c, list: list, metrics: m, log: log, now: time.Now,
		slots: make(chan struct{}, secretReads), known: map[secretKey]secretEntry{},
	}
}

// Lines answers from memory where it can.
func (s *apiSecrets) Lines(ctx context.Context, namespace string, ref v1alpha1.SecretKeyReference) ([]string, error) {
	key := keyOfSecret(namespace, ref)
	entry := s.entry(key)
	believed := secretFresh
	if entry.problem != "" {
		believed = secretRetry
	}
	if entry.triedAt.IsZero() || s.now().Sub(entry.triedAt) >= believed {
		entry = s.read(ctx, key, entry.triedAt)
	}
	if len(entry.lines) == 0 {
		return nil, errSecret(entry.problem)
	}
	return entry.lines, nil
}

// errSecret is a problem as an error.
type errSecret string

func (e errSecret) Error() string { return string(e) }

func (s *apiSecrets) entry(key secretKey) secretEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[key]
}

// read asks the API server, unless somebody has since tried: those who want the same at the same time share one answer.
func (s *apiSecrets) read(ctx context.Context, key secretKey, tried time.Time) secretEntry {
	shared, _, _ := s.reads.Do(fmt.Sprintf("%q", key), func() (any, error) {
		if entry := s.entry(key); !entry.triedAt.Equal(tried) {
			return entry, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), secretTimeout)
		defer cancel()
		lines, problem, gone := s.get(ctx, key)
		return s.keep(key, lines, problem, gone), nil
	})
	return shared.(secretEntry)
}

// get reads one; gone says that a value from before counts no more.
func (s *apiSecrets) get(ctx context.Context, key secretKey) (lines []string, problem string, gone bool) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, "too many reads of Secrets wait for the API server", false
	}
	secret := &corev1.Secret{}
	err := s.client.Get(ctx, client.ObjectKey{Namespace: key.namespace, Name: key.name}, secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, "the Secret does not exist: create it", true
	case apierrors.IsForbidden(err):
		return nil, "the intake may not read the Secret: let a Role in its namespace allow get for this name, and bind it to the intake's ServiceAccount", true
	case err != nil:
		return nil, "the API server did not answer: " + describe(err), false
	}
	for line := range strings.Lines(string(secret.Data[key.key])) {
		if line = strings.TrimSpace(line); line != "" && len(lines) < maxSecretLines {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil, "the Secret has no such key, or it is blank: put the value there", true
	}
	return lines, "", false
}

// keep notes what a read found, and tells the administrator when that has changed.
func (s *apiSecrets) keep(key secretKey, lines []string, problem string, gone bool) secretEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.known[key]
	now := secretEntry{lines: lines, problem: problem, triedAt: s.now()}
	if problem != "" && !gone {
		now.lines = before.lines
		if len(now.lines) > 0 {
			now.problem = "" // what was read last counts
		}
	}
	s.known[key] = now
	s.count()
	log := s.log.WithValues("namespace", key.namespace, "secret", key.name, "key", key.key)
	switch {
	case now.problem != "" && now.problem != before.problem:
		log.Error(nil, "a Secret that a pipeline names can't be used: posts of its form tool get 503 and are sent again, and captchas are not checked", "problem", now.problem)
	case now.problem == "" && before.problem != "":
		log.Info("a Secret that a pipeline names can be used again")
	}
	return now
}

// count shows how many can't be used. The caller holds the lock.
func (s *apiSecrets) count() {
	unusable := 0
	for _, entry := range s.known {
		if len(entry.lines) == 0 {
			unusable++
		}
	}
	s.metrics.secretsUnusable.Set(float64(unusable))
}

// run reads every Secret that is named, as soon as the pipelines are known and then every half minute, until ctx ends.
func (s *apiSecrets) run(ctx context.Context) {
	poll := time.NewTicker(time.Second)
	defer poll.Stop()
	for synced := false; ; {
		if pipelines, err := s.list(ctx); err == nil {
			s.refresh(ctx, pipelines)
			if !synced {
				synced = true
				poll.Reset(secretsPoll)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
	}
}

// refresh reads what the pipelines name now, and forgets the rest.
func (s *apiSecrets) refresh(ctx context.Context, pipelines []v1alpha1.ContactPipeline) {
	named := map[secretKey]bool{}
	for i := range pipelines {
		for _, ref := range secretRefs(&pipelines[i]) {
			named[keyOfSecret(pipelines[i].Namespace, ref)] = true
		}
	}
	for key := range named {
		if ctx.Err() != nil {
			return
		}
		s.read(ctx, key, s.entry(key).triedAt)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.known {
		if !named[key] {
			delete(s.known, key)
		}
	}
	s.count()
}

// secretRefs lists the Secrets that a pipeline names.
func secretRefs(p *v1alpha1.ContactPipeline) []v1alpha1.SecretKeyReference {
	refs := make([]v1alpha1.SecretKeyReference, 0, len(p.Spec.Sources)+1)
	for i := range p.Spec.Sources {
		refs = append(refs, p.Spec.Sources[i].SecretRef)
	}
	if captcha := p.Spec.Form.Captcha; captcha != nil {
		refs = append(refs, captcha.SecretRef)
	}
	return refs
}
