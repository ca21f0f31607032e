package zerobounce

import (
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/verification"
)

// answer is what ZeroBounce says of an address, or why it does not.
type answer struct {
	Status     string  `json:"status"`
	SubStatus  string  `json:"sub_status"`
	Free       *bool   `json:"free_email"`
	DidYouMean string  `json:"did_you_mean"`
	Error      *string `json:"error"`
}

// The statuses.
const (
	valid     = "valid"
	invalid   = "invalid"
	catchAll  = "catch-all"
	unknown   = "unknown"
	spamTrap  = "spamtrap"
	abuse     = "abuse"
	doNotMail = "do_not_mail"
)

func statuses() []string {
	return []string{valid, invalid, catchAll, unknown, spamTrap, abuse, doNotMail}
}

// passing are the sub statuses that say nothing of the address for good.
func passing() []string {
	return []string{
		"antispam_system", "greylisted", "mail_server_temporary_error", "forcible_disconnect", "mail_server_did_not_respond",
		"timeout_exceeded", "failed_smtp_connection", "exception_occurred", "mailbox_quota_exceeded",
	}
}

// others are the other sub statuses that are known.
func others() []string {
	return []string{
		"possible_trap", "role_based", "global_suppression", "mailbox_not_found", "no_dns_entries", "failed_syntax_check",
		"possible_typo", "unroutable_ip_address", "leading_period_removed", "does_not_accept_mail", "alias_address",
		"role_based_catch_all", "disposable", "toxic", "alternate", "mx_forward", "blocked", "allowed", "accept_all",
		"role_based_accept_all", "gold",
	}
}

// judge makes a verdict of an answer.
func (a answer) judge(asked string) provider.Verification {
	v := provider.Verification{
		Verdict: a.verdict(), Evidence: a.evidence(),
		Mailbox: verification.Mailbox(a.Free), Suggestion: verification.Suggestion(a.DidYouMean, asked),
	}
	if v.Verdict == provider.Undeliverable {
		v.Mailbox = "" // free_email is false for what was not looked up, too
	}
	return v
}

func (a answer) verdict() provider.Verdict {
	switch {
	case a.Status != valid && slices.Contains(passing(), a.SubStatus):
		return provider.Unknown
	case slices.Contains([]string{valid, catchAll, doNotMail, unknown}, a.Status) && strings.HasPrefix(a.SubStatus, "role_based"):
		return provider.Role
	case a.Status == doNotMail && a.SubStatus == "disposable":
		return provider.Disposable
	}
	switch a.Status {
	case valid:
		return provider.Deliverable
	case catchAll:
		return provider.AcceptAll
	case invalid, spamTrap, abuse, doNotMail:
		return provider.Undeliverable
	}
	return provider.Unknown // unknown, and what is new
}

// evidence are the status and sub status, as far as they are known: what is new is not repeated.
func (a answer) evidence() string {
	status, sub := "a status that is new", "a sub status that is new"
	if slices.Contains(statuses(), a.Status) {
		status = a.Status
	}
	switch {
	case a.SubStatus == "":
		return status
	case slices.Contains(passing(), a.SubStatus), slices.Contains(others(), a.SubStatus):
		sub = a.SubStatus
	}
	return status + ": " + sub
}
