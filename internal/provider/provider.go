// Package provider holds the ports that the stages speak to, and the error classes that decide what a failure means.
//
// An adapter for one vendor lives in a folder of its own below this one, turns its part of an Integration's spec into a
// Provider, and passes the contract suite in providertest. It never imports the API types.
package provider

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Submission is what a Verifier and a Locator see of one submission. Blank means not given.
type Submission struct {
	Email      string            `json:"email"` // normalised
	Name       string            `json:"name"`
	Company    string            `json:"company"`
	Phone      string            `json:"phone"`
	Country    string            `json:"country"` // as typed
	RemoteIP   string            `json:"remoteIP"`
	UserAgent  string            `json:"userAgent"`
	Page       string            `json:"page"`
	Channel    string            `json:"channel"`
	Attributes map[string]string `json:"attributes"`
}

// Contact is what an Upserter sees of the master record. Blank means not known.
type Contact struct {
	Email      string            `json:"email"` // normalised: the de-duplication key
	Name       string            `json:"name"`
	Company    string            `json:"company"`
	Phone      string            `json:"phone"`
	Country    string            `json:"country"`  // as typed
	Location   string            `json:"location"` // ISO 3166-1 alpha-2, as found
	Channels   []string          `json:"channels"` // sorted
	Attributes map[string]string `json:"attributes"`
	Consent    Consent           `json:"consent"`
}

// Consent is the newest explicit answer about marketing mail. All blank: never answered.
type Consent struct {
	Marketing string `json:"marketing"` // Granted or Denied
	Statement string `json:"statement"`
	Time      string `json:"time"` // RFC 3339, UTC
}

// Verdict is what a verification says of an address.
type Verdict string

// The verdicts. Unknown means that the service could not tell: it is a result, not an error.
const (
	Deliverable   Verdict = "Deliverable"
	Undeliverable Verdict = "Undeliverable"
	Disposable    Verdict = "Disposable"
	Role          Verdict = "Role"
	AcceptAll     Verdict = "AcceptAll"
	Unknown       Verdict = "Unknown"
)

// Verification is a verdict and what goes with it.
type Verification struct {
	Verdict Verdict
	// Evidence says in a few fixed words what the verdict rests on. Nothing personal; at most 256 bytes; may be "".
	Evidence string
	// Mailbox is "Free" for an address of a public mail service, "Own" for others, "" when that is not known.
	Mailbox string
	// Suggestion is the address that was probably meant, "" when there is none. At most 320 bytes.
	Suggestion string
}

// Verifier checks an e-mail address. It must be repeatable.
type Verifier interface {
	// Verify returns a Verification with one of the verdicts, or an *Error.
	Verify(ctx context.Context, s Submission) (Verification, error)
}

// Location is a country and what goes with it.
type Location struct {
	// Country is an ISO 3166-1 alpha-2 code in capitals, "" when the country can't be told.
	Country string
	// Source is Declared, Phone, IP, or Service when the system does not tell.
	Source string
	// Disagreement lists what other sources say, for example "IP=FR"; "" when they agree or say nothing. At most 64 bytes.
	Disagreement string
	// Phone is the phone number in E.164 form, "" when there is none or it can't be read.
	Phone string
}

// Locator finds the country a submission comes from. It must be repeatable.
type Locator interface {
	// Locate returns a Location, which may have no country, or an *Error.
	Locate(ctx context.Context, s Submission) (Location, error)
}

// LocalLocator is a Locator that can tell of some submissions without a call: those are not held up while its system fails.
type LocalLocator interface {
	// LocateLocally returns what Locate would, and true, where that needs no call.
	LocateLocally(s Submission) (Location, bool)
}

// Upserter makes an outside system hold a Contact. Writing the same Request again must change nothing there, also when
// the first answer was lost.
type Upserter interface {
	// Render says what the system should hold. It makes no call, and gives equal Requests for equal Contacts: the caller
	// compares them to know whether there is anything to do. Its errors are *Errors of class Config or Invalid.
	Render(c Contact) (Request, error)
	// Upsert writes a rendered Request. Its errors are *Errors.
	Upsert(ctx context.Context, r Request) (Receipt, error)
}

// Request is what one system should hold of one person.
type Request struct {
	// Key is what the system knows the person by.
	Key string
	// Payload is the rendered record, in a canonical form: equal content gives equal bytes.
	Payload []byte
	// RemoteID is the system's own id of the person, where an earlier Receipt gave one.
	RemoteID string
}

// Receipt is what a system answered to an upsert.
type Receipt struct {
	// RemoteID is the system's own id of the person, "" where it gives none. At most 256 bytes.
	RemoteID string
	// Suppressed: the system keeps the person unsubscribed.
	Suppressed bool
}

// BatchUpserter writes several records in one call, for systems that take them so.
type BatchUpserter interface {
	// MaxBatch is the most Requests that one call takes, at least 2.
	MaxBatch() int
	// UpsertBatch writes rendered Requests, no two with one Key, in one call. Each is as repeatable as with Upsert. It
	// returns one Written per Request, in their order, or, when the call as a whole failed, an *Error. A class that speaks
	// of a record (Invalid, Conflict) or of the request (Config) says there that the batch was refused whole because of
	// some of its records: the caller splits it.
	UpsertBatch(ctx context.Context, requests []Request) ([]Written, error)
}

// Written is how one record of a batch fared.
type Written struct {
	Receipt Receipt
	// Err is an *Error when the system did not take this record, a *Wait when there was no time to send it, so that it has to
	// come again, and nil when it was taken.
	Err error
}

// HealthChecker asks a system, cheaply and without changing anything, whether it works.
type HealthChecker interface {
	// CheckHealth returns nil, or an *Error.
	CheckHealth(ctx context.Context) error
}

// Eraser removes a person from an outside system. It must be repeatable: somebody who is not there is erased.
type Eraser interface {
	// Erase returns an Erased, or an *Error. It needs the Request's Key only.
	Erase(ctx context.Context, r Request) (Erased, error)
}

// Erased is what a system confirmed.
type Erased struct {
	// Kept says in a few fixed words what the system keeps of an erased person all the same, "" when nothing is known of.
	// It is the same for everybody, found or not, holds nothing personal, has at most 256 bytes, and is shown in status and receipt.
	Kept string
}

// SuppressionLister tells whom a system keeps from getting marketing mail: those who have left, whose mail bounced for good,
// or who complained. It must be repeatable, and changes nothing.
type SuppressionLister interface {
	// ListSuppressed returns a page of those who came to be so after since (zero: ever), or an *Error. It may tell of more,
	// and of somebody twice, but leaves nobody out, also not when people change between two pages. cursor is "" for the
	// first page, then the Next of the page before, with the same since. A cursor that can't be read is of class Invalid.
	ListSuppressed(ctx context.Context, since time.Time, cursor string) (SuppressedPage, error)
}

// SuppressedPage is a part of a list of suppressed people.
type SuppressedPage struct {
	// Emails are their addresses, as the system writes them.
	Emails []string
	// Next is the cursor of the next page, "" after the last. It outlives the process, holds nothing personal and has at most
	// 128 bytes.
	Next string
}

// Provider is one configured outside system. A port that it does not offer is nil.
type Provider struct {
	Verifier Verifier
	Locator  Locator
	Upserter Upserter
	Eraser   Eraser
	// Batch goes with Upserter, where the system takes several records in one call.
	Batch BatchUpserter
	// Suppressions is for systems that can list those who have left.
	Suppressions SuppressionLister
	// Health is for systems that have a cheap way to ask.
	Health HealthChecker
	// HealthEvery is the least time between two health calls to a system that works, where each costs something; 0: a minute.
	HealthEvery time.Duration
	// Data is for adapters that answer from data which somebody has to keep new.
	Data DataSource
	// Close ends what the Provider keeps open or running. It is called once no call can come any more; nil: nothing to do.
	Close func()
}

// Settings are what an adapter is made from.
type Settings struct {
	// Spec is the adapter's member of the Integration's spec, as JSON.
	Spec json.RawMessage
	// Secrets and ConfigMaps resolve what Spec refers to. They have every key that Refs named.
	Secrets, ConfigMaps map[Ref]string
	// HTTP makes the calls. It bounds, guards and redacts them; the caller's context holds the deadline.
	HTTP *http.Client
}

// Ref names one key of a Secret or a ConfigMap in the Integration's namespace.
type Ref struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// Refs are what a spec refers to.
type Refs struct {
	Secrets, ConfigMaps []Ref
}

// Factory makes the Providers of one vendor. It makes no call.
type Factory struct {
	// Member is the name of the vendor's member of the Integration's spec, for example "http".
	Member string
	// Refs lists what the spec refers to.
	Refs func(spec json.RawMessage) (Refs, error)
	// New compiles the configuration. Its errors are *Errors of class Config whose message says where and what to do.
	New func(Settings) (Provider, error)
}

// Clock tells the time; tests bring their own.
type Clock func() time.Time
