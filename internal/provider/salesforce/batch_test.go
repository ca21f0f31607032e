package salesforce_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

func ok(id string) string {
	return `{"id":"00300000000000` + id + `AAA","success":true,"errors":[],"created":false}`
}

func not(code string, fields ...string) string {
	list := ""
	if len(fields) > 0 {
		list = `"` + strings.Join(fields, `","`) + `"`
	}
	return `{"success":false,"errors":[{"statusCode":"` + code + `","message":"secret-value","fields":[` + list + `]}]}`
}

func answers(list ...string) reply { return reply{Body: "[" + strings.Join(list, ",") + "]"} }

func TestBatchSends(t *testing.T) {
	t.Parallel()
	p := play(t, script{batchCall: {answers(ok("1"), ok("2"))}})
	if _, err := p.Batch.UpsertBatch(t.Context(), providertest.Rendered(t, p.Provider, ada(), provider.Contact{Email: "bob@example.com", Name: "Bob Example"})); err != nil {
		t.Error(err)
	}
	const want = `{"allOrNone":false,"records":[
		{"attributes":{"type":"Contact"},"ContactKey__c":"ada@example.com","Email":"ada@example.com","FirstName":"Ada","LastName":"Lovelace","Stage__c":"lead"},
		{"attributes":{"type":"Contact"},"ContactKey__c":"bob@example.com","Email":"bob@example.com","FirstName":"Bob","LastName":"Example"}]}`
	if diff := cmp.Diff(providertest.JSON(t, want), providertest.JSON(t, p.Body(batchCall))); diff != "" {
		t.Error(diff)
	}
}

// A collection is answered with 200 whatever became of its records.
func TestBatchAssigns(t *testing.T) {
	t.Parallel()
	type written struct {
		ID  string
		Err provider.Class
	}
	all := []written{{ID: "00300000000000" + "1AAA"}, {ID: "00300000000000" + "2AAA"}, {ID: "00300000000000" + "3AAA"}}
	second := func(w written) []written { return []written{all[0], w, all[2]} }
	missing := not("REQUIRED_FIELD_MISSING", "LastName")
	cases := map[string]struct {
		replies   []reply
		single    []reply
		want      []written
		wantClass provider.Class // of the whole batch
		wantCalls int
	}{
		"all are taken":                     {replies: []reply{answers(ok("1"), ok("2"), ok("3"))}, want: all, wantCalls: 1},
		"one is refused":                    {replies: []reply{answers(ok("1"), not("INVALID_EMAIL_ADDRESS", "Email"), ok("3"))}, want: second(written{Err: provider.Invalid}), wantCalls: 1},
		"all are refused":                   {replies: []reply{answers(not("STRING_TOO_LONG"), not("STRING_TOO_LONG"), not("STRING_TOO_LONG"))}, want: []written{{Err: provider.Invalid}, {Err: provider.Invalid}, {Err: provider.Invalid}}, wantCalls: 1},
		"a locked row":                      {replies: []reply{answers(ok("1"), not("UNABLE_TO_LOCK_ROW"), ok("3"))}, want: second(written{Err: provider.Transient}), wantCalls: 1},
		"a duplicate rule":                  {replies: []reply{answers(ok("1"), not("DUPLICATES_DETECTED"), ok("3"))}, want: second(written{Err: provider.Conflict}), wantCalls: 1},
		"several of that key":               {replies: []reply{answers(ok("1"), not("DUPLICATE_EXTERNAL_ID"), ok("3"))}, want: second(written{Err: provider.Config}), wantCalls: 1},
		"one the user may not edit":         {replies: []reply{answers(ok("1"), not("INSUFFICIENT_ACCESS_OR_READONLY"), ok("3"))}, want: second(written{Err: provider.Config}), wantCalls: 1},
		"an unknown code":                   {replies: []reply{answers(ok("1"), not("NEW_CODE"), ok("3"))}, want: second(written{Err: provider.Transient}), wantCalls: 1},
		"an id that is none":                {replies: []reply{answers(ok("1"), `{"id":"7","success":true,"errors":[]}`, ok("3"))}, want: second(written{Err: provider.Transient}), wantCalls: 1},
		"a new one without a last name":     {replies: []reply{answers(ok("1"), missing, ok("3")), answers(ok("2"))}, want: all, wantCalls: 2},
		"which is refused again":            {replies: []reply{answers(ok("1"), missing, ok("3")), answers(missing)}, want: second(written{Err: provider.Invalid}), wantCalls: 2},
		"or fails":                          {replies: []reply{answers(ok("1"), missing, ok("3")), {Status: 503}}, want: second(written{Err: provider.Transient}), wantCalls: 2},
		"a race, or one key twice":          {replies: []reply{answers(ok("1"), not("DUPLICATE_VALUE", "ContactKey__c"), ok("3"))}, single: []reply{{Body: ok("2")}}, want: all, wantCalls: 2},
		"a unique field":                    {replies: []reply{answers(ok("1"), not("DUPLICATE_VALUE", "Title"), ok("3"))}, single: []reply{refused(400, "DUPLICATE_VALUE", "x")}, want: second(written{Err: provider.Conflict}), wantCalls: 3},
		"refused whole":                     {replies: []reply{refused(400, "JSON_PARSER_ERROR", "x")}, wantClass: provider.Config, wantCalls: 1},
		"the quota":                         {replies: []reply{refused(403, "REQUEST_LIMIT_EXCEEDED", "x")}, wantClass: provider.Throttled, wantCalls: 1},
		"too few answers":                   {replies: []reply{answers(ok("1"), ok("2"))}, wantClass: provider.Transient, wantCalls: 1},
		"an answer that says nothing":       {replies: []reply{answers(ok("1"), `{"success":false,"errors":[]}`, ok("3"))}, wantClass: provider.Transient, wantCalls: 1},
		"one record in the place of a list": {replies: []reply{{Body: ok("1")}}, wantClass: provider.Transient, wantCalls: 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := script{batchCall: tc.replies}
			if tc.single != nil {
				s["PATCH /instance/services/data/v62.0/sobjects/Contact/ContactKey__c/bob@example.com"] = tc.single
			}
			p := play(t, s)
			got, err := p.Batch.UpsertBatch(t.Context(), providertest.Rendered(t, p.Provider, ada(), provider.Contact{Email: "bob@example.com", Name: "Bob"}, provider.Contact{Email: "eve@example.com", Name: "Eve Example"}))
			if (err == nil) != (tc.wantClass == "") || err != nil && provider.AsError(err).Class != tc.wantClass {
				t.Errorf("got %v, want class %q", err, tc.wantClass)
			}
			var plain []written
			for _, w := range got {
				one := written{ID: w.Receipt.RemoteID}
				if w.Err != nil {
					one.Err = provider.AsError(w.Err).Class
					if strings.Contains(w.Err.Error(), "secret") {
						t.Errorf("the error repeats what Salesforce said: %v", w.Err)
					}
				}
				plain = append(plain, one)
			}
			if diff := cmp.Diff(tc.want, plain); diff != "" {
				t.Error(diff)
			}
			if n := len(p.after()); n != tc.wantCalls {
				t.Errorf("%d calls, want %d: %v", n, tc.wantCalls, p.after())
			}
		})
	}
}

// One record whose value fits no field does not hold back the others, and is not sent.
func TestBatchLeavesOutWhatFitsNoField(t *testing.T) {
	t.Parallel()
	p := play(t, script{batchCall: {answers(ok("1"))}})
	bad := provider.Contact{Email: "bob@example.com", Name: "Bob Example", Attributes: map[string]string{"size": "many"}}
	got, err := p.Batch.UpsertBatch(t.Context(), providertest.Rendered(t, p.Provider, bad, ada()))
	if err != nil || providertest.Failure(got[0].Err) == nil || providertest.Failure(got[0].Err).Class != provider.Invalid || got[1].Err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := p.Batch.UpsertBatch(t.Context(), providertest.Rendered(t, p.Provider, bad)); err != nil || got[0].Err == nil || len(p.after()) != 1 {
		t.Errorf("nothing is left to send: got %+v, %v, %d calls", got, err, len(p.after()))
	}
}
