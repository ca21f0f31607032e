package location

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// HealthEvery is the time between two health calls to a web service: each is a look-up, which counts.
const HealthEvery = time.Hour

// knownAddress is what health calls ask about: a public name server that every database of addresses knows.
var knownAddress = netip.MustParseAddr("8.8.8.8")

// Service is a vendor's web service, which is asked about one address at a time. It implements provider.HealthChecker.
type Service struct {
	// Client makes the calls.
	Client *http.Client
	// Vendor as it is written in messages.
	Vendor string
	// Request asks about an address, with credentials.
	Request func(ctx context.Context, addr netip.Addr) (*http.Request, error)
	// Read reads an answer whose status is a success; ok is false for one that is not the vendor's.
	Read func(body []byte) (a Answer, ok bool)
	// Refusal says what an answer means whose status is none; nil: that the vendor knows no country of the address.
	Refusal func(httpx.Response) *provider.Error
}

// Answer is what a service says of an address.
type Answer struct {
	// Address that it speaks of.
	Address string
	// Country is an ISO 3166-1 alpha-2 code, "" when it is not known.
	Country string
	// Elsewhere: people elsewhere use the address, so its country is not theirs.
	Elsewhere bool
}

// Country is an Addresses.
func (s *Service) Country(ctx context.Context, addr netip.Addr) (string, error) {
	req, err := s.Request(ctx, addr)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", "application/json")
	res, err := httpx.Do(ctx, s.Client, req)
	switch {
	case res.Status != 0 && res.Status/100 != 2: // a refusal is one by its status, also where its body broke off
		if refusal := s.Refusal(res); refusal != nil {
			return "", refusal
		}
		return "", nil
	case err != nil:
		return "", err
	}
	answer, ok := s.Read(res.Body)
	// What does not speak of the address says nothing: a portal's page taken for "no country" would be the end of the search.
	if of, err := netip.ParseAddr(answer.Address); !ok || err != nil || of.Unmap() != addr {
		return "", provider.Errorf(provider.Transient,
			"the answer is not one of %s's API: check that url leads there, and what stands between", s.Vendor)
	}
	if answer.Elsewhere {
		return "", nil
	}
	return answer.Country, nil
}

// CheckHealth implements provider.HealthChecker.
func (s *Service) CheckHealth(ctx context.Context) error {
	_, err := s.Country(ctx, knownAddress)
	return err
}
