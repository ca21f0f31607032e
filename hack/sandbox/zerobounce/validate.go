package zerobounce

import (
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// verdict is ZeroBounce's answer. Numbers and mx_found are texts.
type verdict struct {
	Address       string  `json:"address"`
	Status        string  `json:"status"`
	SubStatus     string  `json:"sub_status"`
	Free          bool    `json:"free_email"`
	DidYouMean    *string `json:"did_you_mean"`
	Account       *string `json:"account"`
	Domain        *string `json:"domain"`
	DomainAgeDays *string `json:"domain_age_days"`
	SMTPProvider  *string `json:"smtp_provider"`
	MXFound       string  `json:"mx_found"`
	MXRecord      *string `json:"mx_record"`
	FirstName     *string `json:"firstname"`
	LastName      *string `json:"lastname"`
	Gender        *string `json:"gender"`
	Country       *string `json:"country"`
	Region        *string `json:"region"`
	City          *string `json:"city"`
	ZIPCode       *string `json:"zipcode"`
	CatchAll      *bool   `json:"catchall_domain"`
	ProcessedAt   string  `json:"processed_at"` // UTC, without saying so

	free bool // one of ZeroBounce's own test addresses: costs no credit
}

// testAddresses are ZeroBounce's own, all at example.com.
func testAddresses() map[string][2]string {
	return map[string][2]string{
		"valid":                       {"valid", ""},
		"invalid":                     {"invalid", "mailbox_not_found"},
		"catch_all":                   {"catch-all", ""},
		"spamtrap":                    {"spamtrap", ""},
		"abuse":                       {"abuse", ""},
		"unknown":                     {"unknown", "mail_server_temporary_error"},
		"donotmail":                   {"do_not_mail", "role_based"},
		"toxic":                       {"do_not_mail", "toxic"},
		"disposable":                  {"do_not_mail", "disposable"},
		"role_based":                  {"do_not_mail", "role_based"},
		"role_based_catch_all":        {"do_not_mail", "role_based_catch_all"},
		"global_suppression":          {"do_not_mail", "global_suppression"},
		"possible_trap":               {"do_not_mail", "possible_trap"},
		"greylisted":                  {"unknown", "greylisted"},
		"antispam_system":             {"unknown", "antispam_system"},
		"mail_server_did_not_respond": {"unknown", "mail_server_did_not_respond"},
		"timeout_exceeded":            {"unknown", "timeout_exceeded"},
		"failed_smtp_connection":      {"unknown", "failed_smtp_connection"},
		"mailbox_quota_exceeded":      {"invalid", "mailbox_quota_exceeded"},
		"mailbox_not_found":           {"invalid", "mailbox_not_found"},
		"no_dns_entries":              {"invalid", "no_dns_entries"},
		"does_not_accept_mail":        {"invalid", "does_not_accept_mail"},
		"unroutable_ip_address":       {"invalid", "unroutable_ip_address"},
		"possible_typo":               {"invalid", "possible_typo"},
		"failed_syntax_check":         {"invalid", "failed_syntax_check"},
		"leading_period_removed":      {"valid", "leading_period_removed"},
		"alias_address":               {"valid", "alias_address"},
	}
}

// validate decides by the address alone.
func validate(address string, now time.Time) verdict {
	v := verdict{Address: address, MXFound: "false", ProcessedAt: now.UTC().Format("2006-01-02 15:04:05.000")}
	if !server.ValidAddress(address) {
		v.Status, v.SubStatus = "invalid", "failed_syntax_check"
		return v
	}
	local, domain, _ := strings.Cut(address, "@")
	age, record := strconv.Itoa(9692), "mx1."+domain
	v.Account, v.Domain, v.DomainAgeDays, v.MXFound, v.MXRecord = &local, &domain, &age, "true", &record
	v.Free = server.IsFree(address)
	if test, found := testAddresses()[local]; found && domain == "example.com" {
		v.Status, v.SubStatus, v.free = test[0], test[1], true
		return v
	}
	if meant := server.Meant(address); meant != "" {
		v.DidYouMean = &meant
	}
	switch server.ResultOf(address) {
	case server.ResultUndeliverable:
		v.Status, v.SubStatus = "invalid", "mailbox_not_found"
	case server.ResultDisposable:
		v.Status, v.SubStatus = "do_not_mail", "disposable"
	case server.ResultRole:
		v.Status, v.SubStatus = "do_not_mail", "role_based"
	case server.ResultAcceptAll:
		v.Status = "catch-all"
	case server.ResultUnknown:
		v.Status, v.SubStatus = "unknown", "greylisted"
	case server.ResultDeliverable:
		v.Status = "valid"
	}
	return v
}
