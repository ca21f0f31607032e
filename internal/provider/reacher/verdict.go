package reacher

import (
	"encoding/json"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/verification"
)

// answer is what Reacher says of an address. A sub-check may have failed, so each is read by itself.
type answer struct {
	Reachable string          `json:"is_reachable"`
	Misc      json.RawMessage `json:"misc"`
	MX        json.RawMessage `json:"mx"`
	SMTP      json.RawMessage `json:"smtp"`
	Syntax    struct {
		Valid      *bool  `json:"is_valid_syntax"`
		Suggestion string `json:"suggestion"`
	} `json:"syntax"`
}

type misc struct {
	Disposable bool  `json:"is_disposable"`
	Role       bool  `json:"is_role_account"`
	Consumer   *bool `json:"is_b2c"`
}

type mx struct {
	AcceptsMail *bool `json:"accepts_mail"`
}

type smtp struct {
	Connected   *bool `json:"can_connect_smtp"`
	FullInbox   bool  `json:"has_full_inbox"`
	CatchAll    bool  `json:"is_catch_all"`
	Deliverable bool  `json:"is_deliverable"`
	Disabled    bool  `json:"is_disabled"`
}

// Evidence, in fixed words.
const (
	evidenceSyntax     = "syntax, or a throw-away domain: Reacher answers the same to both"
	evidenceThrowAway  = "list of throw-away domains"
	evidenceNoMX       = "no MX record"
	evidenceDisabled   = "the mailbox is disabled"
	evidenceRefused    = "the mail server refuses the mailbox"
	evidenceRole       = "role name"
	evidenceFull       = "the mailbox is full"
	evidenceCatchAll   = "the mail server takes every address"
	evidenceTaken      = "the mail server takes the mailbox"
	evidenceNoMXAnswer = "the MX records could not be looked up"
	evidenceNoServer   = "the mail server was not reached, or could not tell"
	evidenceBlocked    = "the mail server has Reacher's own IP address on a block list"
	evidenceNoRDNS     = "the mail server wants a reverse DNS record of Reacher's own IP address"
	evidenceRisky      = "Reacher calls it risky, and does not say why"
)

// judge makes a verdict of an answer. ownFault tells that there is none because the mail server refuses Reacher itself.
func (s *server) judge(a answer, asked string) (v provider.Verification, ownFault bool) {
	if !*a.Syntax.Valid {
		if domain := asked[strings.LastIndexByte(asked, '@')+1:]; verification.Covers(s.throwAway, strings.ToLower(domain)) {
			return provider.Verification{Verdict: provider.Disposable, Evidence: evidenceThrowAway}, false
		}
		return provider.Verification{Verdict: provider.Undeliverable, Evidence: evidenceSyntax}, false
	}
	var about misc
	var exchange mx
	var mailbox smtp
	part(a.Misc, &about)
	_, looked := part(a.MX, &exchange)
	description, reached := part(a.SMTP, &mailbox)
	looked = looked && exchange.AcceptsMail != nil
	reached = reached && mailbox.Connected != nil && *mailbox.Connected

	v.Suggestion = verification.Suggestion(a.Syntax.Suggestion, asked)
	v.Mailbox = verification.Mailbox(about.Consumer)
	is := func(verdict provider.Verdict, evidence string) { v.Verdict, v.Evidence = verdict, evidence }
	switch {
	case looked && !*exchange.AcceptsMail:
		v.Mailbox = "" // not looked at
		is(provider.Undeliverable, evidenceNoMX)
	case reached && mailbox.Disabled:
		is(provider.Undeliverable, evidenceDisabled)
	case reached && !mailbox.Deliverable && !mailbox.FullInbox && !mailbox.CatchAll:
		is(provider.Undeliverable, evidenceRefused)
	case about.Disposable:
		is(provider.Disposable, evidenceThrowAway)
	case about.Role:
		is(provider.Role, evidenceRole)
	case reached && mailbox.FullInbox:
		is(provider.Unknown, evidenceFull)
	case reached && mailbox.CatchAll:
		is(provider.AcceptAll, evidenceCatchAll)
	case a.Reachable == "safe":
		is(provider.Deliverable, evidenceTaken)
	case !looked:
		is(provider.Unknown, evidenceNoMXAnswer)
	case description == "IpBlacklisted":
		is(provider.Unknown, evidenceBlocked)
		ownFault = true
	case description == "NeedsRDNS":
		is(provider.Unknown, evidenceNoRDNS)
		ownFault = true
	case !reached:
		is(provider.Unknown, evidenceNoServer)
	default:
		is(provider.Unknown, evidenceRisky)
	}
	return v, ownFault
}

// part reads a sub-check. Where it failed there is an error in its place, and perhaps a description. The server nests the error; the
// published description of the API has it flat.
func part(raw json.RawMessage, into any) (description string, worked bool) {
	var failed struct {
		Error       json.RawMessage `json:"error"`
		Type        json.RawMessage `json:"type"`
		Description string          `json:"description"`
	}
	if !verification.Object(raw, &failed) {
		return "", false
	}
	if failed.Error != nil || failed.Type != nil {
		return failed.Description, false
	}
	return "", verification.Object(raw, into)
}
