package intake

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/intake/source"
)

const (
	// maxSourceBytes bounds the body of a form tool's post. They send the whole form with its questions, and cut nothing.
	maxSourceBytes = 1 << 20
	// maxSourcePosts bounds the posts of form tools being read at a time, and so what unverified bodies take of the memory.
	maxSourcePosts = 64
)

// What a form tool is answered. Tools show it in their logs.
const (
	noSource      = "There is no such source: check the address against spec.sources of the ContactPipeline."
	notVerified   = "This post does not prove who sent it: check the secret on both sides."
	notReady      = "This source can't be checked now. Send it again later."
	sourcesBusy   = "Too many posts arrive at once. Send it again in a moment."
	sourceNotKept = "This could not be stored just now. Send it again in a moment."
)

// fromSource takes what a form tool posts.
//
// Nothing is read before the signature has been checked, and what is not verified leaves no trace but a count. What is
// verified is kept, whatever it says: see source_fields.go. The one exception is a post without any answers in it.
func (h *Handler) fromSource(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline) {
	spec := sourceOf(pipeline, r.PathValue("source"))
	if spec == nil {
		h.failDocument(w, problem{Status: http.StatusNotFound, Detail: noSource})
		return
	}
	tool, post, bad := h.verified(w, r, pipeline, spec)
	if bad != nil {
		h.failDocument(w, *bad)
		return
	}
	delivery, err := tool.Decode(post)
	if err != nil {
		h.metrics.refuse(pipeline, refusedUnreadable)
		h.toAdmin(pipeline, spec).Error(nil, "a form tool posted something that holds no answers; nothing is kept of it. Look at what it is set up to send",
			"problem", err.Error())
		h.failDocument(w, problem{Status: http.StatusUnprocessableEntity, Detail: err.Error()})
		return
	}
	if delivery.NoSubmission {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h.keepDelivery(w, r, pipeline, spec, delivery)
}

// sourceOf returns a pipeline's source, or nil.
func sourceOf(pipeline *v1alpha1.ContactPipeline, name string) *v1alpha1.FormSource {
	for i := range pipeline.Spec.Sources {
		if pipeline.Spec.Sources[i].Name == name {
			return &pipeline.Spec.Sources[i]
		}
	}
	return nil
}

// verified reads a post and checks who sent it, or says what is wrong.
func (h *Handler) verified(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline, spec *v1alpha1.FormSource) (source.Tool, source.Post, *problem) {
	log := h.log.WithValues("namespace", pipeline.Namespace, "pipeline", pipeline.Name, "source", spec.Name)
	unusable := func(why string) (source.Tool, source.Post, *problem) {
		h.metrics.refuse(pipeline, refusedSecret)
		log.V(1).Info("a form tool's post can't be checked; it was asked to send it again", "problem", why)
		return nil, source.Post{}, &problem{Status: http.StatusServiceUnavailable, Detail: notReady, RetryAfter: retryLater}
	}
	tool, known := source.For(spec.Type)
	if !known {
		return unusable("this version does not know the type " + string(spec.Type))
	}
	secrets, err := h.secrets.Lines(r.Context(), pipeline.Namespace, spec.SecretRef)
	if err != nil {
		return unusable(err.Error()) // whoever reads Secrets has told the administrator
	}
	select {
	case h.sourcePosts <- struct{}{}:
		defer func() { <-h.sourcePosts }()
	default:
		return nil, source.Post{}, &problem{Status: http.StatusServiceUnavailable, Detail: sourcesBusy, RetryAfter: retrySoon}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSourceBytes))
	if err != nil {
		return nil, source.Post{}, unread(err, maxSourceBytes)
	}
	post := source.Post{Header: r.Header, Query: r.URL.Query(), URL: spec.URL, Body: body}
	err = tool.Verify(post, secrets, h.now())
	secret := (*source.UnusableSecret)(nil)
	switch {
	case errors.As(err, &secret):
		h.toAdmin(pipeline, spec).Error(nil, "the posts of a form tool can't be checked: they get 503 and are sent again", "secret", spec.SecretRef.Name, "problem", secret.Problem)
		return unusable(secret.Problem)
	case err != nil:
		h.metrics.refuse(pipeline, refusedSignature)
		log.V(1).Info("a post was refused", "problem", err.Error())
		w.Header().Set("WWW-Authenticate", "Webhook-Signature")
		return nil, source.Post{}, &problem{Status: http.StatusUnauthorized, Detail: notVerified}
	}
	return tool, post, nil
}

// keepDelivery makes a submission of what a form tool delivered. The tool's own name of it is the idempotency key: a delivery
// that is repeated meets its own object, and gets the same answer.
func (h *Handler) keepDelivery(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline, spec *v1alpha1.FormSource, d source.Delivery) {
	s, cut := submissionOf(spec, d.Answers)
	payload, err := json.Marshal(s)
	if err != nil {
		panic(err) // a struct of strings always encodes
	}
	id := contact.SubmissionName(pipeline.Namespace, pipeline.Name, "source/"+spec.Name, d.Key, payload)
	if cut {
		h.metrics.sourceCut.WithLabelValues(pipeline.Namespace, pipeline.Name).Inc()
		h.toAdmin(pipeline, spec).Error(nil, "a form tool sent more than a submission holds: the end of it is not kept here. Leave out what is not needed at the tool", "id", id)
	}
	if s.Email == "" {
		h.metrics.sourceNoAddress.WithLabelValues(pipeline.Namespace, pipeline.Name).Inc()
		h.toAdmin(pipeline, spec).Error(nil, "a form tool sent a submission in which no e-mail address was found: it is kept, and rejected by the pipeline. "+
			"Name the field in spec.sources[].fields, then have the tool send it again", "id", id)
	}
	if err := h.commit(w, r, build(id, pipeline, s, h.observedAt(spec, d))); err != nil {
		p := problem{Status: http.StatusServiceUnavailable, Detail: sourceNotKept, RetryAfter: retrySoon}
		if u := (*Uncommitted)(nil); errors.As(err, &u) {
			p.RetryAfter = u.RetryAfter
		}
		h.failDocument(w, p)
		return
	}
	writeJSON(w, "application/json", http.StatusAccepted, accepted{ID: id, Message: "Thank you"})
}

// toAdmin is where a source's problems are logged: at most one line in half a minute for each source. The metrics count all.
func (h *Handler) toAdmin(pipeline *v1alpha1.ContactPipeline, spec *v1alpha1.FormSource) logr.Logger {
	if !h.told.allow(pipeline.Namespace+"/"+pipeline.Name+"/"+spec.Name, h.now()) {
		return logr.Discard()
	}
	return h.log.WithValues("namespace", pipeline.Namespace, "pipeline", pipeline.Name, "source", spec.Name)
}

// told remembers what was logged when. There are no more names than sources.
type told struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (t *told) allow(name string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.at[name]; ok && now.Sub(last) < secretsPoll {
		return false
	}
	if t.at == nil {
		t.at = map[string]time.Time{}
	}
	t.at[name] = now
	return true
}

// observedAt is what is known of a person who filled in a form at a tool. The request's own address and browser are the
// tool's, and say nothing of the person.
//
// The time is the tool's, if it has one: tools deliver late and out of order, and the newest answer has to win, not the one
// that arrives last. So a post that somebody recorded and sends again can't overwrite a newer answer either.
func (h *Handler) observedAt(spec *v1alpha1.FormSource, d source.Delivery) observed {
	now := h.now()
	at := d.SubmittedAt
	if at.IsZero() || at.Unix() <= 0 || at.After(now) {
		at = now
	}
	o := observed{receivedAt: at.UTC().Truncate(time.Microsecond), via: spec.Name}
	if ip, err := netip.ParseAddr(d.RemoteIP); err == nil {
		o.remoteIP = ip.WithZone("").String()
	}
	return o
}
