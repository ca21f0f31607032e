package httpjson

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// batched adds a batch call to a configuration.
func batched(change ...func(*Batch)) func(*Config) {
	return func(c *Config) {
		c.Upsert.Batch = &Batch{
			URL: "https://crm.example/batch", MaxRecords: 10, Body: `{"people": records.map(r, r.body)}`,
			Result: `response.body.results.map(r, {"status": r.status, "id": r.?id, "suppressed": r.?unsubscribed})`,
		}
		for _, f := range change {
			f(c.Upsert.Batch)
		}
	}
}

// written is one record's outcome, without the cause of an error.
type written struct {
	Receipt provider.Receipt
	Err     *provider.Error
}

func TestUpsertBatch(t *testing.T) {
	t.Parallel()
	const field = "spec.http.upsert.batch.result"
	transient := func(message string) *provider.Error {
		return &provider.Error{Class: provider.Transient, Message: message}
	}
	taken := func(id string) written { return written{Receipt: provider.Receipt{RemoteID: id}} }
	noLength := transient(field + " gives a list whose length is not the number of records: it has to give one item for each " +
		"record that was sent, in order; where the service leaves some out, find them by key")
	cases := map[string]struct {
		reply   reply
		change  func(*Batch)
		want    []written
		wantErr *provider.Error
	}{
		"all are taken": {
			reply: reply{body: `{"results":[{"status":201,"id":"a"},{"status":200,"id":7,"unsubscribed":true}]}`},
			want:  []written{taken("a"), {Receipt: provider.Receipt{RemoteID: "7", Suppressed: true}}},
		},
		"an id that no double holds": {
			reply: reply{body: `{"results":[{"status":200,"id":9007199254740993},{"status":200,"id":18446744073709551615}]}`},
			want:  []written{taken("9007199254740993"), taken("18446744073709551615")},
		},
		"null is nothing": {
			reply: reply{body: `{"results":[{"status":200,"id":null,"unsubscribed":null},{"status":200}]}`},
			want:  []written{taken(""), taken("")},
		},
		"one is refused, one passes": {
			reply: reply{status: 207, body: `{"results":[{"status":422,"id":"a"},{"status":503}]}`},
			want: []written{
				{Err: &provider.Error{Class: provider.Invalid, Message: "the service answered with status 422 (Unprocessable Entity)"}},
				{Err: transient("the service answered with status 503 (Service Unavailable)")},
			},
		},
		"a status has the class that responses give it": {
			reply:  reply{body: `{"results":[{"status":409,"id":"a"},{"status":404}]}`},
			change: func(b *Batch) { b.Responses = []ResponseClass{{409, "Success"}, {404, "Conflict"}} },
			want: []written{
				taken("a"),
				{Err: &provider.Error{Class: provider.Conflict, Message: "the service answered with status 404 (Not Found)"}},
			},
		},
		"the answer's order is not ours": {
			reply: reply{body: `{"results":[{"key":"bob@example.com","id":"b"},{"key":"ada@example.com","id":"a"}]}`},
			change: func(b *Batch) {
				b.Result = `records.map(r, {"status": 200, "id": response.body.results.filter(x, x.key == r.key)[0].id})`
			},
			want: []written{taken("a"), taken("b")},
		},
		"no body": {
			reply:  reply{status: 204},
			change: func(b *Batch) { b.Result = `records.map(r, {"status": response.status})` },
			want:   []written{taken(""), taken("")},
		},
		"one is missing": {reply: reply{body: `{"results":[{"status":201}]}`}, wantErr: noLength},
		"one too many":   {reply: reply{body: `{"results":[{"status":201},{"status":201},{"status":201}]}`}, wantErr: noLength},
		"no list":        {reply: reply{body: `{"ok":true}`}, wantErr: transient(field + ":1:14 does not fit the service's answer")},
		"an object": {
			reply:  reply{body: `{"results":{}}`},
			change: func(b *Batch) { b.Result = `response.body.results` },
			wantErr: transient(field + ` gives no list: it has to give one item for each record, in order, like ` +
				`records.map(r, {"status": 200})`),
		},
		"an empty answer": {reply: reply{}, wantErr: transient(field + ":1:14 does not fit the service's answer")},
		"a page":          {reply: reply{body: `<html>`}, wantErr: transient("the service's answer is not JSON, which " + field + " reads")},
		"items that are none": {
			reply:  reply{body: `{"results":["secret",{"status":200}]}`},
			change: func(b *Batch) { b.Result = `response.body.results` },
			want:   []written{{Err: transient(field + ` gives an item that is no map: each has to be one, like {"status": 200, "id": "51"}`)}, taken("")},
		},
		"no status": {
			reply:  reply{body: `{"results":[{"id":"a"},{"status":1}]}`},
			change: func(b *Batch) { b.Result = `response.body.results` },
			want: []written{
				{Err: transient(field + " gives an item without a status: each has to have one, a whole number from 100 to 599 as HTTP uses them")},
				{Err: transient(field + " gives an item without a status: each has to have one, a whole number from 100 to 599 as HTTP uses them")},
			},
		},
		"odd values": {
			reply: reply{body: `{"results":[{"status":200,"id":["x"]},{"status":200,"unsubscribed":"yes"}]}`},
			want: []written{
				{Err: transient(field + " gives an item whose id is something else than a string, a whole number or nothing")},
				{Err: transient(field + " gives an item whose suppressed is something else than true, false or nothing")},
			},
		},
		"the batch is refused whole": {
			reply:   reply{status: 422},
			wantErr: &provider.Error{Class: provider.Invalid, Message: "the service answered with status 422 (Unprocessable Entity)"},
		},
		"the service asks for less": {
			reply:   reply{status: 429, header: http.Header{"Retry-After": {"7"}}},
			wantErr: &provider.Error{Class: provider.Throttled, Message: "the service answered with status 429 (Too Many Requests)", RetryAfter: 7 * time.Second},
		},
		"a body that can't be made of these": {
			reply:  reply{},
			change: func(b *Batch) { b.Body = `records.map(r, r.body.secret)` },
			wantErr: &provider.Error{Class: provider.Invalid, Message: `spec.http.upsert.batch.body:1:22 can't be evaluated for this record: ` +
				`what not every record has is read like contact.attributes[?"plan"].orValue("")`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := against(t, tc.reply, func(c *Config) {
				batched()(c)
				c.Upsert.Batch.URL = c.Verify.URL
				if tc.change != nil {
					tc.change(c.Upsert.Batch)
				}
			})
			got, err := p.Batch.UpsertBatch(t.Context(), renderAll(t, p, "ada@example.com", "bob@example.com"))
			if diff := cmp.Diff(tc.wantErr, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			var plain []written
			for _, w := range got {
				plain = append(plain, written{Receipt: w.Receipt, Err: providertest.Failure(w.Err)})
			}
			if diff := cmp.Diff(tc.want, plain); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func renderAll(t *testing.T, p provider.Provider, addresses ...string) []provider.Request {
	t.Helper()
	var list []provider.Request
	for _, address := range addresses {
		r, err := p.Upserter.Render(provider.Contact{Email: address})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// What a batch carries is what each record was rendered to, digit for digit.
func TestBatchCarriesWhatWasRendered(t *testing.T) {
	t.Parallel()
	var got []byte
	p := recorded(t, &got, func(c *Config) {
		batched(func(b *Batch) { b.Body, b.Result = `{"all": records}`, `records.map(r, {"status": 200})` })(c)
		c.Upsert.Body = `{"mail": contact.email, "n": [9223372036854775807, 18446744073709551615u, 1.5, 2.0], "when": timestamp("2026-11-05T12:00:00Z"), ?"name": optional.none()}`
	})
	if _, err := p.Batch.UpsertBatch(t.Context(), renderAll(t, p, "ada@example.com")); err != nil {
		t.Fatal(err)
	}
	const want = `{"all":[{"body":{"mail":"ada@example.com","n":[9223372036854775807,18446744073709551615,1.5,2],"when":"2026-11-05T12:00:00Z"},"key":"ada@example.com"}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

// A request that was rendered for another configuration fails by itself, and the others travel.
func TestBatchSetsAnothersRequestAside(t *testing.T) {
	t.Parallel()
	var got []byte
	p := recorded(t, &got, batched(func(b *Batch) { b.Result = `records.map(r, {"status": 200})` }))
	requests := renderAll(t, p, "ada@example.com", "bob@example.com", "eve@example.com")
	requests[1].Payload = []byte("POST https://old.example/\n{}")
	written, err := p.Batch.UpsertBatch(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range written {
		if refused := w.Err != nil; refused != (i == 1) {
			t.Errorf("record %d: %v", i, w.Err)
		}
	}
	if e := providertest.Failure(written[1].Err); e != nil && e.Class != provider.Transient {
		t.Errorf("class %s, want Transient", e.Class)
	}
	var sent struct {
		People []map[string]string `json:"people"`
	}
	if err := json.Unmarshal(got, &sent); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]string{{"email": "ada@example.com"}, {"email": "eve@example.com"}}, sent.People); diff != "" {
		t.Error(diff)
	}
	got = nil
	written, err = p.Batch.UpsertBatch(t.Context(), requests[1:2])
	if err != nil || len(written) != 1 || written[0].Err == nil || got != nil {
		t.Errorf("a batch of nothing else: %v, %v, sent %q", written, err, got)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		reply     reply
		responses []ResponseClass
		wantClass provider.Class
	}{
		"well":                        {reply: reply{body: `{"status":"ok"}`}},
		"well, without a word":        {reply: reply{status: 204}},
		"a page will do":              {reply: reply{body: `<html>`}},
		"not well":                    {reply: reply{status: 503}, wantClass: provider.Transient},
		"the token is not taken":      {reply: reply{status: 401}, wantClass: provider.Auth},
		"no such path":                {reply: reply{status: 404}, wantClass: provider.Config},
		"what else may mean it works": {reply: reply{status: 404}, responses: []ResponseClass{{404, "Success"}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := against(t, tc.reply, func(c *Config) { c.Health = &Health{URL: c.Verify.URL, Responses: tc.responses} })
			err := p.Health.CheckHealth(t.Context())
			if tc.wantClass == "" && err != nil || tc.wantClass != "" && (err == nil || providertest.Failure(err).Class != tc.wantClass) {
				t.Errorf("got %v, want class %q", err, tc.wantClass)
			}
		})
	}
}
