package providertest

import (
	"encoding/json"
	"testing"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// What the adapters' own tests share.

// Make makes a Provider that may call this machine.
func Make(t testing.TB, f provider.Factory, spec json.RawMessage, secrets map[provider.Ref]string) provider.Provider {
	t.Helper()
	p, err := f.New(provider.Settings{Spec: spec, Secrets: secrets, HTTP: httpx.New(httpx.Options{AllowLoopback: true})})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Rendered are the Requests for some contacts.
func Rendered(t testing.TB, p provider.Provider, contacts ...provider.Contact) []provider.Request {
	t.Helper()
	var list []provider.Request
	for _, c := range contacts {
		r, err := p.Upserter.Render(c)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// WriteInBatches writes all Requests, as many in a batch as it takes; each has to succeed.
func WriteInBatches(t testing.TB, p provider.Provider, requests []provider.Request) {
	t.Helper()
	for len(requests) > 0 {
		n := min(p.Batch.MaxBatch(), len(requests))
		written, err := p.Batch.UpsertBatch(t.Context(), requests[:n])
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range written {
			if w.Err != nil {
				t.Error(w.Err)
			}
		}
		requests = requests[n:]
	}
}

// Failure is an error without its cause, to be compared; nil for none.
func Failure(err error) *provider.Error {
	if err == nil {
		return nil
	}
	e := provider.AsError(err)
	return &provider.Error{Class: e.Class, Message: e.Message, RetryAfter: e.RetryAfter, RecordOnly: e.RecordOnly, Unexpected: e.Unexpected}
}

// JSON is the value of a text.
func JSON(t testing.TB, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
