// Package catalog lists the adapters there are: one line each.
package catalog

import (
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/brevo"
	"github.com/contact-operator/contact-operator/internal/provider/builtin"
	"github.com/contact-operator/contact-operator/internal/provider/httpjson"
	"github.com/contact-operator/contact-operator/internal/provider/hubspot"
	"github.com/contact-operator/contact-operator/internal/provider/listmonk"
	"github.com/contact-operator/contact-operator/internal/provider/mailchimp"
)

// Factories are the adapters by the name that an Integration's spec.provider has.
func Factories() map[string]provider.Factory {
	return map[string]provider.Factory{
		"Brevo":     brevo.Factory(),
		"Builtin":   builtin.Factory(),
		"HTTP":      httpjson.Factory(),
		"HubSpot":   hubspot.Factory(),
		"Listmonk":  listmonk.Factory(),
		"Mailchimp": mailchimp.Factory(),
	}
}
