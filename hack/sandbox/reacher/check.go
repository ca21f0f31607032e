package reacher

import (
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// checked is Reacher's answer. A sub-check is what it found, or a failure.
type checked struct {
	Input     string `json:"input"`
	Reachable string `json:"is_reachable"`
	Misc      any    `json:"misc"`
	MX        any    `json:"mx"`
	SMTP      any    `json:"smtp"`
	Syntax    syntax `json:"syntax"`
	Debug     debug  `json:"debug"`
}

type misc struct {
	Disposable bool    `json:"is_disposable"`
	Role       bool    `json:"is_role_account"`
	Consumer   bool    `json:"is_b2c"`
	Gravatar   *string `json:"gravatar_url"`
	Pwned      *bool   `json:"haveibeenpwned"`
}

type mx struct {
	AcceptsMail bool     `json:"accepts_mail"`
	Records     []string `json:"records"`
}

type smtp struct {
	Connected   bool `json:"can_connect_smtp"`
	FullInbox   bool `json:"has_full_inbox"`
	CatchAll    bool `json:"is_catch_all"`
	Deliverable bool `json:"is_deliverable"`
	Disabled    bool `json:"is_disabled"`
}

type syntax struct {
	Address    *string `json:"address"`
	Domain     string  `json:"domain"`
	Valid      bool    `json:"is_valid_syntax"`
	Username   string  `json:"username"`
	Normalized *string `json:"normalized_email"`
	Suggestion *string `json:"suggestion"`
}

type debug struct {
	Backend string `json:"backend_name"`
}

// failure stands in the place of a sub-check. The error is nested, whatever the published description says.
type failure struct {
	Error struct {
		Type    string `json:"type"`
		Message any    `json:"message"` // a text, or an object
	} `json:"error"`
	Description string `json:"description,omitempty"`
}

func failed(kind string, message any, description string) failure {
	f := failure{Description: description}
	f.Error.Type, f.Error.Message = kind, message
	return f
}

// check decides by the address alone. Beside what all stand-ins of verifiers know, these domains have their own:
// nomx, disabled, fullinbox, blocklisted (has Reacher's IP address on its block list), needsrdns and slow, all below .example.
func check(address string) checked {
	c := checked{
		Input: address, Misc: misc{}, MX: mx{Records: []string{}}, SMTP: smtp{}, Debug: debug{Backend: "backend-dev"},
	}
	result := server.ResultOf(address)
	_, domain, _ := strings.Cut(address, "@")
	if !server.ValidAddress(address) || result == server.ResultDisposable || domain == "mailinator.com" {
		c.Reachable = "invalid" // the check of the syntax looks at the list of throw-away domains, too
		return c
	}
	local, _, _ := strings.Cut(address, "@")
	c.Syntax = syntax{Address: &address, Domain: domain, Valid: true, Username: local, Normalized: &address}
	if domain == "nomx.example" {
		c.Reachable = "invalid" // nothing else is looked at
		return c
	}
	about, mailbox := misc{Role: server.IsRole(address), Consumer: server.IsFree(address)}, smtp{Connected: true}
	if meant := server.Meant(address); meant != "" {
		c.Syntax.Suggestion = &meant
	}
	c.Misc, c.MX = about, mx{AcceptsMail: true, Records: []string{"mx1." + domain + "."}}
	switch {
	case domain == "blocklisted.example":
		c.SMTP = failed("AsyncSmtpError", "permanent: 550 5.7.1 your address is listed", "IpBlacklisted")
	case domain == "needsrdns.example":
		c.SMTP = failed("AsyncSmtpError", "transient: 450 4.7.25 no reverse DNS record", "NeedsRDNS")
	case domain == "slow.example":
		c.SMTP = failed("Timeout", map[string]int{"secs": 20, "nanos": 0}, "")
	case result == server.ResultUnknown:
		c.SMTP = failed("AsyncSmtpError", "transient: 451 4.7.1 try again later", "")
	case domain == "disabled.example":
		mailbox.Disabled = true
	case domain == "fullinbox.example":
		mailbox.FullInbox = true
	case result == server.ResultAcceptAll:
		mailbox.CatchAll, mailbox.Deliverable = true, true
	case result != server.ResultUndeliverable:
		mailbox.Deliverable = true
	}
	if _, fails := c.SMTP.(failure); fails {
		c.Reachable = "unknown"
		return c
	}
	c.SMTP = mailbox
	switch { // Reacher's own order
	case about.Disposable || about.Role || mailbox.CatchAll || mailbox.FullInbox:
		c.Reachable = "risky"
	case !mailbox.Deliverable || mailbox.Disabled:
		c.Reachable = "invalid"
	default:
		c.Reachable = "safe"
	}
	return c
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s" }
