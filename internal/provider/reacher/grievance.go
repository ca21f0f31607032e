package reacher

import (
	"sync/atomic"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// grievance counts how often in a row mail servers refused Reacher's own IP address. Once tells of one mail server. Several
// times with no verdict in between tell of Reacher: without this, everybody would be accepted unverified in the end, and nobody told.
type grievance struct{ row atomic.Int32 }

// enough refusals in a row are Reacher's fault.
const enough = 10

// hear notes what came of an address. It returns an *Error when that is Reacher's fault.
func (g *grievance) hear(v provider.Verification, ownFault bool) error {
	switch {
	case ownFault && g.row.Add(1) >= enough:
		return provider.Errorf(provider.Config,
			"one mail server after the other refuses Reacher's own IP address: take it off the block lists, give it a reverse DNS record, "+
				"or have Reacher use a proxy")
	case !ownFault && v.Verdict != provider.Unknown:
		g.row.Store(0)
	}
	return nil
}
