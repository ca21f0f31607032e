package kickbox

import (
	"strings"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// verdict is Kickbox's answer.
type verdict struct {
	Result     string  `json:"result"`
	Reason     string  `json:"reason"`
	Role       bool    `json:"role"`
	Free       bool    `json:"free"`
	Disposable bool    `json:"disposable"`
	AcceptAll  bool    `json:"accept_all"`
	DidYouMean *string `json:"did_you_mean"`
	Sendex     float64 `json:"sendex"`
	Email      string  `json:"email"`
	User       string  `json:"user"`
	Domain     string  `json:"domain"`
	Success    bool    `json:"success"`
	Message    *string `json:"message"`
}

// of is a verdict on an address.
func of(address, result, reason string) verdict {
	local, domain, _ := strings.Cut(address, "@")
	v := verdict{Result: result, Reason: reason, Email: address, User: local, Domain: domain, Success: true, Free: server.IsFree(address)}
	v.Sendex = map[string]float64{"deliverable": 1, "risky": 0.5, "unknown": 0.3}[result]
	return v
}

// verify decides by the address alone. Beside what all stand-ins of verifiers know, full.example takes mail of doubtful fate.
func verify(address string) verdict {
	if !server.ValidAddress(address) {
		return of(address, "undeliverable", "invalid_email")
	}
	v := of(address, "deliverable", "accepted_email")
	switch server.ResultOf(address) {
	case server.ResultUndeliverable:
		v = of(address, "undeliverable", "rejected_email")
	case server.ResultDisposable:
		v = of(address, "risky", "low_quality")
		v.Disposable = true
	case server.ResultAcceptAll:
		v = of(address, "risky", "low_deliverability")
		v.AcceptAll = true
	case server.ResultUnknown:
		v = of(address, "unknown", "no_connect")
	case server.ResultRole:
		v = of(address, "risky", "low_quality")
	case server.ResultDeliverable:
		if strings.HasSuffix(address, "@full.example") {
			v = of(address, "risky", "low_deliverability")
		}
	}
	v.Role = server.IsRole(address)
	if meant := server.Meant(address); meant != "" {
		v.DidYouMean = &meant
	}
	return v
}

// pretend is Kickbox's sandbox: everything is deliverable but what the local part, or what follows a + in it, asks for by name.
func pretend(address string) verdict {
	local, _, _ := strings.Cut(address, "@")
	if _, tag, found := strings.Cut(local, "+"); found {
		local = tag
	}
	switch local {
	case "rejected-email", "invalid-email", "invalid-domain":
		return of(address, "undeliverable", strings.ReplaceAll(local, "-", "_"))
	case "no-connect", "timeout", "unavailable-smtp", "invalid-smtp", "unexpected-error":
		return of(address, "unknown", strings.ReplaceAll(local, "-", "_"))
	}
	return of(address, "deliverable", "accepted_email")
}
