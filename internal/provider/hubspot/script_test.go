package hubspot_test

import (
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/hubspot"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

type (
	reply  = providertest.Reply
	script = providertest.Script
)

// properties are the answer to the check of the mapping.
const checkCall = "POST /crm/v3/properties/contacts/batch/read"

func allProperties() reply {
	return reply{Body: `{"status":"COMPLETE","results":[{"name":"firstname","type":"string"},{"name":"lastname","type":"string"},
		{"name":"company","type":"string"},{"name":"message","type":"string"},{"name":"lifecyclestage","type":"enumeration","options":[{"value":"lead"}]}]}`}
}

// scripted is a provider, and the HubSpot that answers it.
type scripted struct {
	provider.Provider
	*providertest.Played
}

const prefix = "/hubspot"

// play has all properties unless the script brings its own.
func play(t *testing.T, s script, change ...func(*adapter.Config)) scripted {
	t.Helper()
	all := script{}
	for call, replies := range s {
		all[strings.Replace(call, " ", " "+prefix, 1)] = replies
	}
	if check := strings.Replace(checkCall, " ", " "+prefix, 1); all[check] == nil {
		all[check] = []reply{allProperties()}
	}
	p := scripted{Played: providertest.Play(t, all)}
	p.Provider = connect(t, p.URL, change...)
	return p
}

// calls are all of them, without the prefix.
func (s scripted) calls() []string {
	list := s.Calls()
	for i, call := range list {
		list[i] = strings.Replace(call, " "+prefix, " ", 1)
	}
	return list
}

func connect(t *testing.T, base string, change ...func(*adapter.Config)) provider.Provider {
	t.Helper()
	return providertest.Make(t, adapter.Factory(), spec(base, change...), map[provider.Ref]string{{Name: "hubspot", Key: "token"}: token})
}

// after are the calls but for the check.
func (s scripted) after() []string {
	var list []string
	for _, c := range s.calls() {
		if c != checkCall {
			list = append(list, c)
		}
	}
	return list
}

func ada() provider.Contact {
	return provider.Contact{Email: "ada@example.com", Name: "Ada Lovelace", Attributes: map[string]string{"stage": "lead"}}
}
