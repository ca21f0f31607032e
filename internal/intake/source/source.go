// Package source knows the form tools that post what people filled in there: how each proves that it is the one that posts,
// and how it spells the answers. One file each. What an answer means to a pipeline is decided elsewhere.
//
// The rules for all of them: a signature is checked over the bytes that arrived, before anything of them is read, and compared
// in constant time; each of several secrets may have made it, so that they can be changed; what was signed is never dropped
// because it looks unfamiliar.
package source

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// Post is what arrived.
type Post struct {
	Header http.Header
	// Query of the address that was called.
	Query url.Values
	// URL is the address as it was entered at the tool; "" where that is not known.
	URL string
	// Body as it came over the wire.
	Body []byte
}

// Tool is one form tool. It keeps nothing between posts.
type Tool interface {
	// Verify checks that whoever posted knows one of the secrets. It returns nil, an error that wraps ErrUnverified, or an
	// *UnusableSecret.
	Verify(p Post, secrets []string, now time.Time) error
	// Decode reads a post that was verified. It returns an *Unreadable error for what holds no answers at all.
	Decode(p Post) (Delivery, error)
}

// tools are those that there are.
var tools = map[v1alpha1.SourceType]Tool{
	v1alpha1.SourceStandardWebhooks: standardWebhooks{},
	v1alpha1.SourceTypeform:         typeform{},
	v1alpha1.SourceTally:            tally{},
	v1alpha1.SourceHubSpot:          hubspot{},
	v1alpha1.SourceJotform:          jotform{},
	v1alpha1.SourceWebflow:          webflow{},
}

// For returns a tool, or false when this version does not know it.
func For(t v1alpha1.SourceType) (Tool, bool) {
	tool, known := tools[t]
	return tool, known
}

// Delivery is what a post says.
type Delivery struct {
	// Key is the tool's own name of this submission: the same however often it is delivered.
	Key string
	// SubmittedAt is when the person sent it; zero where the tool does not tell.
	SubmittedAt time.Time
	// RemoteIP is the person's, "" where the tool does not tell. It is not checked.
	RemoteIP string
	// Answers in the order of the form, as far as the tool keeps it.
	Answers []Answer
	// NoSubmission: the post is about something else, such as an answer that is not finished. There is nothing to keep.
	NoSubmission bool
}

// Answer is what a person said to one question.
type Answer struct {
	// Names are what the field is called, the most lasting name first: id or ref or key, then label.
	Names []string
	// Label is what people read. It names the attribute that the answer becomes when nobody says otherwise.
	Label string
	// Hint is which field of a submission this looks like to the tool: email, phone or name; "" when it can't tell. It counts
	// where nothing else fills that field.
	Hint string
	// Secondary: this says again what another answer says, or is the tool's own. It counts where a mapping names it or its hint
	// is wanted, and is no attribute otherwise.
	Secondary bool
	// Values of the answer: several when several may be chosen. Blank ones are no answers.
	Values []string
}

// What an answer may look like.
const (
	HintEmail = "email"
	HintPhone = "phone"
	HintName  = "name"
)

// ErrUnverified says that a post does not prove who sent it. Errors that wrap it say what is missing, for the log; the sender
// is not told.
var ErrUnverified = errors.New("the post is not verified")

// UnusableSecret says why no post can be verified, whoever sends it.
type UnusableSecret struct{ Problem string }

func (u *UnusableSecret) Error() string { return u.Problem }

// Unreadable says that a verified post has nothing that could be kept. The text repeats nothing of it.
type Unreadable struct{ Problem string }

func (u *Unreadable) Error() string { return u.Problem }
