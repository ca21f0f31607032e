package kickbox

import (
	"slices"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/verification"
)

// answer is what Kickbox says of an address.
type answer struct {
	Result     string `json:"result"`
	Reason     string `json:"reason"`
	Role       bool   `json:"role"`
	Free       *bool  `json:"free"`
	Disposable bool   `json:"disposable"`
	AcceptAll  bool   `json:"accept_all"`
	DidYouMean string `json:"did_you_mean"`
	Success    *bool  `json:"success"`
}

// The results.
const (
	deliverable   = "deliverable"
	undeliverable = "undeliverable"
	risky         = "risky"
	unknown       = "unknown"
)

func results() []string { return []string{deliverable, undeliverable, risky, unknown} }

func reasons() []string {
	return []string{
		"accepted_email", "rejected_email", "invalid_email", "invalid_domain", "invalid_smtp", "low_quality",
		"low_deliverability", "no_connect", "timeout", "unavailable_smtp", "unexpected_error",
	}
}

// judge makes a verdict of an answer.
func (a answer) judge(asked string) provider.Verification {
	v := provider.Verification{
		Verdict: a.verdict(), Evidence: a.evidence(),
		Mailbox: verification.Mailbox(a.Free), Suggestion: verification.Suggestion(a.DidYouMean, asked),
	}
	if v.Verdict == provider.Undeliverable {
		v.Mailbox = "" // free is false for what was not looked up, too
	}
	return v
}

func (a answer) verdict() provider.Verdict {
	switch {
	case a.Result == undeliverable:
		return provider.Undeliverable
	case a.Disposable:
		return provider.Disposable
	case a.Role:
		return provider.Role
	case a.AcceptAll:
		return provider.AcceptAll
	case a.Result == deliverable:
		return provider.Deliverable
	}
	return provider.Unknown // risky for a reason that has no verdict, unknown, and what is new
}

// evidence are the result and its reason, as far as they are known: what is new is not repeated.
func (a answer) evidence() string {
	result, reason := "a result that is new", "a reason that is new"
	if slices.Contains(results(), a.Result) {
		result = a.Result
	}
	switch {
	case a.Reason == "":
		return result
	case slices.Contains(reasons(), a.Reason):
		reason = a.Reason
	}
	return result + ": " + reason
}
