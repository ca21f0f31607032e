package espocrm_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/espocrm"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// The calls of a scripted EspoCRM.
const (
	fieldsCall = "GET /espocrm/api/v1/Metadata?key=entityDefs.Contact.fields"
	userCall   = "GET /espocrm/api/v1/App/user"
	createCall = "POST /espocrm/api/v1/Contact"
	changeCall = "PUT /espocrm/api/v1/Contact/662b1"
	readCall   = "GET /espocrm/api/v1/Contact/662b1"
	deleteCall = "DELETE /espocrm/api/v1/Contact/662b1"
	eraseCall  = "POST /espocrm/api/v1/DataPrivacy/action/erase"
)

// searchCall finds a person by the address.
func searchCall(address string) string {
	query := url.Values{
		"where[0][type]": {"equals"}, "where[0][attribute]": {"emailAddress"}, "where[0][value]": {address},
		"select":  {"id,emailAddress,firstName,lastName,phoneNumber,description,cPlan,cTopics,cSeats,cRegisteredAt"},
		"maxSize": {"50"}, "orderBy": {"createdAt"}, "order": {"asc"},
	}
	return "GET /espocrm/api/v1/Contact?" + query.Encode()
}

type (
	reply  = providertest.Reply
	script = providertest.Script
)

type scripted struct {
	provider.Provider
	*providertest.Played
}

// play has fields and a role that do, unless the script brings its own.
func play(t *testing.T, s script, change ...func(*adapter.Config)) scripted {
	t.Helper()
	all := script{fieldsCall: {defined(nil)}, userCall: {role("all", "all", "all")}}
	for call, replies := range s {
		all[call] = replies
	}
	p := scripted{Played: providertest.Play(t, all)}
	p.Provider = connect(t, p.URL, change...)
	return p
}

func connect(t *testing.T, base string, change ...func(*adapter.Config)) provider.Provider {
	t.Helper()
	return providertest.Make(t, adapter.Factory(), spec(base, change...), map[provider.Ref]string{keyRef(): apiKey, hmacRef(): secretKey})
}

// defined are the fields that the mapping fills, changed by a function.
func defined(change func(fields map[string]map[string]any)) reply {
	fields := map[string]map[string]any{}
	for name, kind := range map[string]string{
		"name": "personName", "firstName": "varchar", "lastName": "varchar", "emailAddress": "email", "phoneNumber": "phone", "description": "text",
		"cPlan": "enum", "cTopics": "multiEnum", "cSeats": "int", "cRegisteredAt": "datetime", "assignedUser": "link", "teams": "linkMultiple", "address": "address",
	} {
		fields[name] = map[string]any{"type": kind}
	}
	fields["lastName"]["required"] = true
	fields["cPlan"]["options"] = []string{"", "pro", "basic"}
	if change != nil {
		change(fields)
	}
	body, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return reply{Body: string(body)}
}

// role is what the API user may do. create is as wide as "all" or "no".
func role(create, read, edit string, forbidden ...string) reply {
	table := map[string]string{"create": map[bool]string{true: "no", false: "yes"}[create == "no"], "read": read, "edit": edit, "delete": "all"}
	quick := any([]any{})
	if len(forbidden) > 0 {
		quick = map[string]any{"attributes": map[string]any{"read": map[string]any{"no": []string{}}, "edit": map[string]any{"no": forbidden}}}
	}
	body, err := json.Marshal(map[string]any{
		"user": map[string]any{"id": "1", "userName": "contact-operator", "type": "api"},
		"acl":  map[string]any{"table": map[string]any{"Contact": table, "Email": false}, "fieldTable": map[string]any{}, "fieldTableQuickAccess": map[string]any{"Contact": quick}},
	})
	if err != nil {
		panic(err)
	}
	return reply{Body: string(body)}
}

// page is what a search finds.
func page(people ...string) reply {
	return reply{Body: `{"total":-1,"list":[` + strings.Join(people, ",") + `]}`}
}

// person is a record with an id and an address, and more as JSON.
func person(id, address string, more ...string) string {
	return `{"id":"` + id + `","emailAddress":"` + address + `"` + strings.Join(append([]string{""}, more...), ",") + `}`
}

// because is a refusal with a reason, which no error may repeat.
func because(status int, reason string) reply {
	return reply{Status: status, Header: map[string]string{"X-Status-Reason": reason}}
}

func duplicate(people ...string) reply {
	r := because(409, "duplicate")
	r.Body = "[" + strings.Join(people, ",") + "]"
	return r
}

// after are the calls but for the checks.
func (s scripted) after() []string {
	var list []string
	for _, c := range s.Calls() {
		if c != fieldsCall && c != userCall {
			list = append(list, c)
		}
	}
	return list
}

const address = "ada@example.com"

func ada() provider.Contact {
	return provider.Contact{Email: address, Name: "Ada Lovelace", Attributes: map[string]string{"choice": "pro"}}
}
