package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Result is what a verification comes to.
type Result string

// The results.
const (
	ResultDeliverable   Result = "deliverable"
	ResultUndeliverable Result = "undeliverable"
	ResultDisposable    Result = "disposable"
	ResultRole          Result = "role"
	ResultAcceptAll     Result = "accept_all"
	ResultUnknown       Result = "unknown"
)

// roles are local parts that name a function or a group rather than a person.
var roles = []string{
	"abuse", "accounts", "admin", "administrator", "all", "billing", "careers", "contact", "enquiries", "everyone",
	"finance", "group", "hello", "help", "helpdesk", "hostmaster", "hr", "info", "jobs", "legal", "mail", "marketing",
	"media", "news", "newsletter", "no-reply", "noreply", "office", "orders", "postmaster", "press", "privacy",
	"reception", "recruiting", "root", "sales", "security", "service", "staff", "support", "team", "webmaster",
}

// verify decides by the address alone, so that a trial and its outcome can be planned.
func verify(c call) answer {
	var body struct {
		Email string `json:"email"`
	}
	if err := json.Unmarshal(c.body, &body); err != nil || body.Email == "" {
		return refusal(http.StatusBadRequest, "malformed", "send a JSON object with the string email")
	}
	address := strings.ToLower(body.Email)
	result := string(ResultOf(address))
	c.records.asked(address, address, map[string]any{"result": result})
	return answer{status: http.StatusOK, body: map[string]string{"result": result}, records: 1}
}

// ResultOf is what all stand-ins of verifiers say of an address.
func ResultOf(address string) Result {
	if !validAddress(address) {
		return ResultUndeliverable
	}
	_, domain, _ := cutAddress(address)
	switch domain {
	case "undeliverable.example":
		return ResultUndeliverable
	case "disposable.example":
		return ResultDisposable
	case "acceptall.example":
		return ResultAcceptAll
	case "unknown.example":
		return ResultUnknown
	}
	if IsRole(address) {
		return ResultRole
	}
	return ResultDeliverable
}

// IsRole tells whether an address has the name of a function or a group.
func IsRole(address string) bool {
	local, _, _ := cutAddress(address)
	name, _, _ := strings.Cut(local, "+")
	return slices.Contains(roles, name)
}

// ValidAddress tells whether an address is well-formed.
func ValidAddress(address string) bool { return validAddress(address) }

// freeDomains are some public mail services.
var freeDomains = []string{"gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "icloud.com"}

// IsFree tells whether an address is one of a public mail service.
func IsFree(address string) bool {
	_, domain, _ := cutAddress(address)
	return slices.Contains(freeDomains, domain)
}

// Meant is the address that was probably meant by one with a typo, "" where there is none.
func Meant(address string) string {
	local, domain, _ := cutAddress(address)
	if domain == "gmial.com" || domain == "gamil.com" {
		return local + "@gmail.com"
	}
	return ""
}
