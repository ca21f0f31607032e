package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// The results of a verification.
const (
	resultDeliverable   = "deliverable"
	resultUndeliverable = "undeliverable"
	resultDisposable    = "disposable"
	resultRole          = "role"
	resultAcceptAll     = "accept_all"
	resultUnknown       = "unknown"
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
	result := resultOf(address)
	c.records.asked(address, address, map[string]any{"result": result})
	return answer{status: http.StatusOK, body: map[string]string{"result": result}, records: 1}
}

func resultOf(address string) string {
	if !validAddress(address) {
		return resultUndeliverable
	}
	local, domain, _ := cutLast(address, "@")
	switch domain {
	case "undeliverable.example":
		return resultUndeliverable
	case "disposable.example":
		return resultDisposable
	case "acceptall.example":
		return resultAcceptAll
	case "unknown.example":
		return resultUnknown
	}
	name, _, _ := strings.Cut(local, "+")
	if slices.Contains(roles, name) {
		return resultRole
	}
	return resultDeliverable
}
