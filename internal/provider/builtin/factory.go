package builtin

import (
	"encoding/json"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// Factory makes the provider Builtin.
func Factory() provider.Factory {
	m := maker{now: time.Now}
	return provider.Factory{Member: "builtin", Refs: refs, New: m.make}
}

// refs lists what the spec refers to.
func refs(spec json.RawMessage) (provider.Refs, error) {
	c, err := decode(spec)
	if err != nil {
		return provider.Refs{}, err
	}
	if c.Verify == nil || c.Verify.DisposableDomains == nil || c.Verify.DisposableDomains.ConfigMapKeyRef == nil {
		return provider.Refs{}, nil
	}
	return provider.Refs{ConfigMaps: []provider.Ref{*c.Verify.DisposableDomains.ConfigMapKeyRef}}, nil
}

// maker holds what the Providers share.
type maker struct {
	now provider.Clock
}

// make reads the database, if there is one, and starts nothing: lists are fetched from the first call on.
func (m maker) make(s provider.Settings) (provider.Provider, error) {
	c, err := decode(s.Spec)
	if err != nil {
		return provider.Provider{}, err
	}
	var p provider.Provider
	if c.Locate != nil {
		if err := m.locate(*c.Locate, &p); err != nil {
			return provider.Provider{}, err
		}
	}
	if c.Verify != nil {
		v, err := m.verifier(*c.Verify, s)
		if err != nil {
			return provider.Provider{}, err
		}
		p.Verifier = v
		p.Close = v.close
	}
	return p, nil
}
