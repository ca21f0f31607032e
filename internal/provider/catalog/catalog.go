// Package catalog lists the adapters there are: one line each.
package catalog

import (
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/brevo"
	"github.com/contact-operator/contact-operator/internal/provider/builtin"
	"github.com/contact-operator/contact-operator/internal/provider/espocrm"
	"github.com/contact-operator/contact-operator/internal/provider/httpjson"
	"github.com/contact-operator/contact-operator/internal/provider/hubspot"
	"github.com/contact-operator/contact-operator/internal/provider/ipinfo"
	"github.com/contact-operator/contact-operator/internal/provider/kickbox"
	"github.com/contact-operator/contact-operator/internal/provider/listmonk"
	"github.com/contact-operator/contact-operator/internal/provider/mailchimp"
	"github.com/contact-operator/contact-operator/internal/provider/maxmind"
	"github.com/contact-operator/contact-operator/internal/provider/reacher"
	"github.com/contact-operator/contact-operator/internal/provider/salesforce"
	"github.com/contact-operator/contact-operator/internal/provider/zerobounce"
)

// Factories are the adapters by the name that an Integration's spec.provider has.
func Factories() map[string]provider.Factory {
	return map[string]provider.Factory{
		"Builtin":    builtin.Factory(),
		"EspoCRM":    espocrm.Factory(),
		"HTTP":       httpjson.Factory(),
		"HubSpot":    hubspot.Factory(),
		"Listmonk":   listmonk.Factory(),
		"Salesforce": salesforce.Factory(),
		"IPinfo":     ipinfo.Factory(),
		"MaxMind":    maxmind.Factory(),
		"Kickbox":    kickbox.Factory(),
		"Reacher":    reacher.Factory(),
		"ZeroBounce": zerobounce.Factory(),
		"Brevo":      brevo.Factory(),
		"Mailchimp":  mailchimp.Factory(),
	}
}
