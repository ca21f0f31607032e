package server

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"unicode"
)

// locate tells the country by what was typed, else by the telephone number, else by the IP address.
func locate(c call) answer {
	var body struct {
		Country string `json:"country"`
		Phone   string `json:"phone"`
		IP      string `json:"ip"`
	}
	if err := json.Unmarshal(c.body, &body); err != nil {
		return refusal(http.StatusBadRequest, "malformed", "send a JSON object with the strings country, phone and ip")
	}
	code := countryOf(body.Country, body.Phone, body.IP)
	found := any(code)
	if code == "" {
		found = nil
	}
	key := strings.Join([]string{body.Country, body.Phone, body.IP}, "|")
	c.records.asked(key, "", map[string]any{"country": found})
	return answer{status: http.StatusOK, body: map[string]any{"country": found}, records: 1}
}

func countryOf(country, phone, ip string) string {
	if code := countryNames[strings.ToLower(strings.TrimSpace(country))]; code != "" {
		return code
	}
	if code := countryOfPhone(phone); code != "" {
		return code
	}
	return countryOfIP(ip)
}

// countryOfPhone looks for the longest calling code that an international number begins with.
func countryOfPhone(phone string) string {
	phone = strings.TrimSpace(phone)
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, phone)
	switch {
	case strings.HasPrefix(phone, "+"):
	case strings.HasPrefix(digits, "00"):
		digits = digits[2:]
	default:
		return "" // a national number: it could be anywhere
	}
	for n := min(maxCallingCode, len(digits)); n > 0; n-- {
		if code := callingCodes[digits[:n]]; code != "" {
			return code
		}
	}
	return ""
}

func countryOfIP(ip string) string {
	address, err := netip.ParseAddr(strings.TrimSpace(ip))
	if err != nil {
		return ""
	}
	for prefix, code := range networks {
		if prefix.Contains(address.Unmap()) {
			return code
		}
	}
	return ""
}
