package salesforce_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
	adapter "github.com/contact-operator/contact-operator/internal/provider/salesforce"
)

// The calls of a scripted Salesforce, which is at the base itself.
const (
	tokenCall    = "POST /salesforce/services/oauth2/token"
	describeCall = "GET /instance/services/data/v62.0/sobjects/Contact/describe"
	upsertCall   = "PATCH /instance/services/data/v62.0/sobjects/Contact/ContactKey__c/ada@example.com"
	deleteCall   = "DELETE /instance/services/data/v62.0/sobjects/Contact/ContactKey__c/ada@example.com"
	batchCall    = "PATCH /instance/services/data/v62.0/composite/sobjects/Contact/ContactKey__c"
	healthCall   = "GET /instance/services/data/v62.0/"
)

type (
	reply  = providertest.Reply
	script = providertest.Script
)

// scripted is a provider, and the Salesforce that answers it.
type scripted struct {
	provider.Provider
	*providertest.Played
}

// play has a sign-in and a description unless the script brings its own. The address of the instance is only known once the script is
// played, so the sign-in tells it by a placeholder.
func play(t *testing.T, s script, change ...func(*adapter.Config)) scripted {
	t.Helper()
	all := script{tokenCall: {signedIn("1")}, describeCall: {described(nil)}}
	for call, replies := range s {
		all[call] = replies
	}
	p := scripted{Played: providertest.Play(t, all)}
	for _, replies := range all {
		for i := range replies {
			replies[i].Body = strings.ReplaceAll(replies[i].Body, "BASE", p.URL)
		}
	}
	p.Provider = connect(t, p.URL, time.Now, change...)
	return p
}

func signedIn(token string) reply {
	return reply{Body: `{"access_token":"session-` + token + `","instance_url":"BASE/instance","id":"x","token_type":"Bearer","issued_at":"1700000000000"}`}
}

func connect(t *testing.T, base string, now provider.Clock, change ...func(*adapter.Config)) provider.Provider {
	t.Helper()
	return providertest.Make(t, adapter.FactoryAt(now), spec(base, change...), map[provider.Ref]string{secretRef(): secret, keyRef(): pemOf(keyPair())})
}

// described is the description of an object that has all that the mapping fills, changed by a function.
func described(change func(fields map[string]map[string]any)) reply {
	fields := map[string]map[string]any{}
	for name, kind := range map[string]string{
		"ContactKey__c": "string", "Email": "email", "FirstName": "string", "LastName": "string", "Phone": "phone", "Title": "string",
		"Stage__c": "picklist", "Topics__c": "multipicklist", "Score__c": "double", "Joined__c": "date", "Company": "string",
	} {
		fields[name] = map[string]any{"name": name, "type": kind, "createable": true, "updateable": true, "nillable": true}
	}
	fields["ContactKey__c"]["externalId"], fields["ContactKey__c"]["unique"] = true, true
	fields["LastName"]["nillable"] = false
	fields["Stage__c"]["restrictedPicklist"] = true
	fields["Stage__c"]["picklistValues"] = []map[string]any{{"value": "lead", "active": true}, {"value": "retired", "active": false}}
	if change != nil {
		change(fields)
	}
	list := []map[string]any{}
	for _, f := range fields {
		list = append(list, f)
	}
	body, err := json.Marshal(map[string]any{"name": "Contact", "createable": true, "updateable": true, "fields": list})
	if err != nil {
		panic(err)
	}
	return reply{Body: string(body)}
}

// after are the calls but for the sign-in and the description.
func (s scripted) after() []string {
	var list []string
	for _, c := range s.Calls() {
		if c != tokenCall && c != describeCall {
			list = append(list, c)
		}
	}
	return list
}

func ada() provider.Contact {
	return provider.Contact{Email: "ada@example.com", Name: "Ada Lovelace", Attributes: map[string]string{"stage": "lead"}}
}

// refused is the body of a refusal, with what no error may repeat.
func refused(status int, code, message string, fields ...string) reply {
	body, err := json.Marshal([]map[string]any{{"errorCode": code, "message": message + " secret-value", "fields": append([]string{}, fields...)}})
	if err != nil {
		panic(err)
	}
	return reply{Status: status, Body: string(body)}
}

const identity = "003000000000051AAA"

func saved(status int) reply {
	return reply{Status: status, Body: `{"id":"` + identity + `","success":true,"errors":[],"created":true}`}
}
