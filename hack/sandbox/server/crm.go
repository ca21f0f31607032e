package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"
)

// maxCompany is the most characters the CRM takes for a company. It is less than a submission may hold, as in the world.
const maxCompany = 200

// crmUpsert makes the CRM hold exactly the fields that are sent, under the address in the path.
func crmUpsert(c call) answer {
	var fields map[string]any
	if err := json.Unmarshal(c.body, &fields); err != nil || fields == nil {
		return refusal(http.StatusBadRequest, "malformed", "send a JSON object")
	}
	a := crmWrite(c.records, c.email, fields)
	a.records = 1
	return a
}

func crmWrite(t *table, email string, fields map[string]any) answer {
	if refused := crmRefuses(email, fields); refused != nil {
		return *refused
	}
	r, created, err := t.put(email, func(map[string]any) map[string]any { return fields })
	if err != nil {
		return unsaved()
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return answer{status: status, body: map[string]any{"id": r.ID, "created": created}}
}

// crmRefuses has the CRM's rules. Those for INVALID, CONFLICT and the attribute invalid are there for tests.
func crmRefuses(email string, fields map[string]any) *answer {
	company, _ := fields["company"].(string)
	attributes, _ := fields["attributes"].(map[string]any)
	refused := func(code, message string) *answer {
		a := refusal(http.StatusUnprocessableEntity, code, message)
		return &a
	}
	switch {
	case !validAddress(email):
		return refused("invalid_email", "the address in the path is not valid")
	case fields["email"] != nil && !sameAddress(fields["email"], email):
		return refused("email_mismatch", "the address in the body is not the one in the path")
	case fields["name"] == "INVALID":
		return refused("invalid_name", "the name is not allowed")
	case utf8.RuneCountInString(company) > maxCompany:
		return refused("company_too_long", "company has more than 200 characters")
	case attributes["invalid"] == "true" || attributes["invalid"] == true:
		return refused("invalid_attribute", "an attribute is not allowed")
	case company == "CONFLICT":
		a := refusal(http.StatusConflict, "deleted_record", "a deleted record holds this address")
		return &a
	}
	return nil
}

func sameAddress(v any, email string) bool {
	s, ok := v.(string)
	return ok && strings.ToLower(s) == email
}

func crmBatch(c call) answer { return batch(c, crmWrite) }

// batch writes several records, each for itself: one that is refused does not hold back the others.
func batch(c call, write func(*table, string, map[string]any) answer) answer {
	var body struct {
		Records []map[string]any `json:"records"`
	}
	if err := json.Unmarshal(c.body, &body); err != nil || len(body.Records) == 0 || len(body.Records) > 100 {
		return refusal(http.StatusBadRequest, "malformed", "send a JSON object with records, a list of 1 to 100 objects with an email")
	}
	results := make([]map[string]any, 0, len(body.Records))
	for _, fields := range body.Records {
		email, _ := fields["email"].(string)
		a := write(c.records, strings.ToLower(email), fields)
		results = append(results, map[string]any{"status": a.status, "result": a.body})
	}
	return answer{status: http.StatusOK, body: map[string]any{"results": results}, records: len(results), batch: true}
}
