package intake

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// What a visitor reads when a submission was not taken this time. Every one of these pages shows the form with what was
// typed, under the same key.
const (
	tryAgain     = "We could not save this just now. Nothing you typed is lost: please send it again in a moment."
	withKey      = " With an Idempotency-Key header, sending it again never makes two of it."
	someFields   = "Some fields need another look."
	tooMany      = "This form was sent many times from your network. Nothing you typed is lost: please send it again in %d seconds."
	veryBusy     = "Very many people are sending this form. Nothing you typed is lost: please send it again in %d seconds."
	leaveEmpty   = "Something filled in this field, which people leave empty. It is empty again: please send the form once more."
	answerWanted = "Please fill in this field."
)

// submit takes a submission.
func (h *Handler) submit(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline) {
	if !fromAllowedOrigin(r, &pipeline.Spec.Form) {
		h.metrics.refuse(pipeline, refusedOrigin)
		h.fail(w, r, pipeline, problem{Status: http.StatusForbidden, Detail: otherSite})
		return
	}
	in, bad := h.read(w, r)
	if bad != nil {
		h.fail(w, r, pipeline, *bad)
		return
	}
	seen := h.observe(r)
	typed := *in.submission // what is shown again is what was typed, never what is stored
	who := h.complete(r, pipeline, in)
	page := func() formPage { return formOf(lookOf(pipeline, r), pipeline, &typed, in.key, who) }
	if p := h.refusal(r, pipeline, in, seen, who); p != nil {
		h.failForm(w, r, page, *p)
		return
	}

	id := newKey()
	if in.key != "" {
		var err error
		if id, err = nameFor(pipeline.Namespace, pipeline.Name, in.key, in.submission); err != nil {
			panic(err) // a struct of strings always encodes
		}
	}
	seen.suspicion = h.suspect(r, pipeline, in, id)
	if err := h.commit(w, r, build(id, pipeline, in.submission, seen)); err != nil {
		p := problem{Status: http.StatusServiceUnavailable, Detail: tryAgain, RetryAfter: retrySoon}
		if u := (*Uncommitted)(nil); errors.As(err, &u) {
			p.RetryAfter = u.RetryAfter
		}
		if in.key == "" {
			p.Detail += withKey
		}
		h.failForm(w, r, page, p)
		return
	}
	h.accept(w, r, pipeline, id, h.token(pipeline, h.claimsOf(r, pipeline), in.submission, id, seen.receivedAt))
}

// complete puts in the address of a person who is known, when the form did not ask for it or a program left it out. It
// returns that person, or nil.
//
// Leaving it out has to be meant: our own form says so with a hidden field, a program by giving its token in a header. A
// blank address that merely comes along with a cookie stays an error, and never becomes somebody else's submission.
func (h *Handler) complete(r *http.Request, pipeline *v1alpha1.ContactPipeline, in *input) *person {
	if in.errs.of("email") == nil || (!in.known && (in.form || r.Header.Get("Authorization") == "")) {
		return nil
	}
	who := h.person(r, pipeline)
	if who != nil && in.errs.drop("email", noAddress) {
		in.submission.Email = who.contact.Spec.Email
	}
	return who
}

// refusal says why a submission is sent back, or nil.
func (h *Handler) refusal(r *http.Request, pipeline *v1alpha1.ContactPipeline, in *input, seen observed, who *person) *problem {
	if wait, limit := h.limits.take(pipeline, seen.remoteIP, seen.receivedAt); limit != "" {
		h.metrics.refuse(pipeline, limit)
		detail := tooMany
		if limit == refusedCap {
			detail = veryBusy
		}
		seconds := int((wait + time.Second - 1) / time.Second)
		return &problem{Status: http.StatusTooManyRequests, Detail: detail, Args: []any{seconds}, RetryAfter: wait}
	}
	if in.trapped {
		h.metrics.refuse(pipeline, refusedTrap)
		in.errs.add(trapField, leaveEmpty)
	}
	if wantsPage(r) {
		requireAnswers(&pipeline.Spec.Form, in.submission, who, &in.errs)
	}
	if len(in.errs) > 0 {
		return &problem{Status: http.StatusUnprocessableEntity, Detail: someFields, Errors: in.errs}
	}
	return nil
}

// input is what a request's body and headers held.
type input struct {
	submission *Submission
	// key is the idempotency key; "" when there is none.
	key  string
	errs FieldErrors
	// form: it came from a form, not as JSON. The other two are as in formInput.
	form, known, trapped bool
	captcha              captchaInput
}

const (
	typeJSON      = "application/json"
	typeForm      = "application/x-www-form-urlencoded"
	typeMultipart = "multipart/form-data"
)

// read decodes a request, or says why it can't be read at all.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (*input, *problem) {
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	known := mediaType == typeJSON || mediaType == typeForm || mediaType == typeMultipart && params["boundary"] != ""
	if err != nil || !known || charset != "" && charset != "utf-8" || r.Header.Get("Content-Encoding") != "" {
		w.Header().Set("Accept", typeJSON+", "+typeForm+", "+typeMultipart)
		return nil, &problem{
			Status: http.StatusUnsupportedMediaType,
			Detail: "Send application/json, application/x-www-form-urlencoded or multipart/form-data, in UTF-8 and not compressed.",
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBodyBytes))
	if err != nil {
		return nil, unread(err, h.maxBodyBytes)
	}

	in := &input{}
	switch mediaType {
	case typeJSON:
		in.submission, in.errs, err = decodeJSON(body)
	case typeForm:
		err = in.take(r)(decodeForm(body))
	default:
		err = in.take(r)(decodeMultipart(body, params["boundary"]))
	}
	if err != nil {
		return nil, &problem{Status: http.StatusBadRequest, Detail: err.Error()}
	}
	if keys := r.Header.Values("Idempotency-Key"); len(keys) > 0 {
		in.key = keys[0]
		if len(keys) > 1 || !validKey(in.key) {
			in.errs.add("Idempotency-Key", "This header must hold 1 to %d visible ASCII characters, once.", maxKeyLength)
		}
	}
	return in, nil
}

// take keeps what a form sent.
func (in *input) take(r *http.Request) func(*formInput, error) error {
	return func(f *formInput, err error) error {
		if err != nil {
			return err
		}
		in.submission, in.errs, in.key = f.submission, f.errs, f.key
		in.form, in.known, in.trapped, in.captcha = true, f.known, f.trapped, f.captcha
		// A form that was stored or copied may carry anything here; the visitor could not mend it. With a fresh key the
		// page that asks to send it again is harmless all the same.
		if !validKey(in.key) {
			in.key = newKey()
		}
		if in.submission.Page == "" {
			// Here rather than in build: when the form has to be shown again, the page that it came from travels with it.
			in.submission.Page = pageAddress(r.Referer())
		}
		return nil
	}
}

// unread says why a body could not be read.
func unread(err error, limit int64) *problem {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &problem{
			Status: http.StatusRequestEntityTooLarge,
			Detail: "This is more than the form takes: send at most %d bytes.", Args: []any{limit},
		}
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return &problem{Status: http.StatusRequestTimeout, Detail: "The request took too long to arrive. Please send it again."}
	}
	return &problem{Status: http.StatusBadRequest, Detail: "The request ended before all of it had arrived. Please send it again."}
}
