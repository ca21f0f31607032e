// Package providertest is the contract that every adapter passes, whatever its vendor's wire format: what a failure is
// classed as, that writing twice changes nothing, that deadlines hold, and that nothing a vendor sends, no secret and nobody's
// data ever gets into an error.
//
// The suite stands between the adapter and a stand-in of the vendor's, which the adapter brings along, and makes the
// transport and the vendor fail in all the usual ways. What is particular to a vendor (a 400 that means "try again") is for
// the adapter's own tests.
package providertest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// Vendor is a stand-in for the vendor's service on a good day. It is called by many goroutines at once.
type Vendor interface {
	http.Handler
	// People returns how many people the service holds. A service that holds none returns 0.
	People() int
}

// Adapter is what the suite has to know about the adapter under test.
type Adapter struct {
	Factory provider.Factory
	// Spec returns the configuration for a service at a base URL (no slash at its end), with all the ports that the adapter
	// offers and at least one reference to a Secret. Ports that the made Provider leaves nil are not tested.
	Spec func(baseURL string) json.RawMessage
	// Secrets are the values of all references. Each is a distinctive text, which the suite looks for in errors.
	Secrets map[provider.Ref]string
	// NewVendor makes a stand-in that holds nobody.
	NewVendor func(testing.TB) Vendor

	// WantVerdict and WantCountry are what the stand-in leads to for the suite's submission.
	WantVerdict provider.Verdict
	WantCountry string

	// Refused changes a Contact so that the stand-in refuses it, and it alone, with an error of class WantRefused (default:
	// Invalid). It has to
	// be given where the Provider has a Batch.
	Refused     func(*provider.Contact)
	WantRefused provider.Class

	// WantPause is the wait after a 429 that names none, where the vendor's limit is known; 0 leaves it to the link.
	WantPause time.Duration
	// Suppress has a person leave in a stand-in that NewVendor made. It has to be given where the Provider has Suppressions.
	Suppress func(t testing.TB, v Vendor, email string)

	// Except names cases that do not hold for this vendor, with the reason. The adapter's own tests show what holds
	// instead.
	Except map[string]string
}

// remoteMarker is in everything that a failing vendor sends.
const remoteMarker = "remote-marker-4711"

// Submission is the suite's submission. Every value is distinctive.
func Submission() provider.Submission {
	return provider.Submission{
		Email: "ada.contract@person.example", Name: "Ada Contractname", Company: "Contractcompany Ltd",
		Phone: "+442079460958", Country: "Contractland", RemoteIP: "203.0.113.77", UserAgent: "Contractbrowser/1.0",
		Page: "https://site.example/contractpage", Channel: "trial-download",
		Attributes: map[string]string{"plan": "contractplan", "size": "12", "topic": "a & b <c>"},
	}
}

// Contact is the master record that belongs to Submission.
func Contact() provider.Contact {
	return provider.Contact{
		Email: "ada.contract@person.example", Name: "Ada Contractname", Company: "Contractcompany Ltd",
		Phone: "+442079460958", Country: "Contractland", Location: "GB",
		Channels:   []string{"event", "trial-download"},
		Attributes: map[string]string{"plan": "contractplan", "size": "12", "topic": "a & b <c>"},
		Consent:    provider.Consent{Marketing: "Granted", Statement: "Send me the contractletter", Time: "2026-11-05T12:00:00Z"},
	}
}

// Contacts are n people. The first is Contact.
func Contacts(n int) []provider.Contact {
	list := make([]provider.Contact, n)
	for i := range list {
		list[i] = Contact()
		if i > 0 {
			list[i].Email = "person" + strconv.Itoa(i) + ".contract@person.example"
			list[i].Name = "Person Contractname" + strconv.Itoa(i)
		}
	}
	return list
}

// private is what must not come up in an error.
func (a Adapter) private() []string {
	c := Contact()
	list := []string{
		remoteMarker, c.Email, "ada.contract", "person.example", c.Name, "Contractname", c.Company, c.Phone, "Contractland",
		Submission().RemoteIP, "Contractbrowser", "contractpage", "contractplan", "contractletter",
	}
	for _, s := range a.Secrets {
		list = append(list, s)
	}
	return list
}
