package httpjson

import (
	"context"
	"net/http"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
)

// batch writes several rendered records in one call. What the service is to hold of each is the upserter's to say.
type batch struct {
	call
	target     string
	single     *upserter
	maxRecords int
	body       *expression.Expression
	result     *expression.Expression
}

// MaxBatch implements provider.BatchUpserter.
func (b *batch) MaxBatch() int { return b.maxRecords }

// UpsertBatch implements provider.BatchUpserter. A record that can't travel fails by itself; the others travel without it.
func (b *batch) UpsertBatch(ctx context.Context, requests []provider.Request) ([]provider.Written, error) {
	written := make([]provider.Written, len(requests))
	records := make([]*expression.Record, 0, len(requests))
	places := make([]int, 0, len(requests)) // of the records among the requests
	for i, r := range requests {
		record, err := b.record(r)
		if err != nil {
			written[i].Err = err
			continue
		}
		records, places = append(records, record), append(places, i)
	}
	if len(records) == 0 {
		return written, nil
	}
	body, err := b.render(ctx, records)
	if err != nil {
		return nil, err
	}
	res, err := b.send(ctx, b.target, body)
	if err != nil {
		return nil, err
	}
	results, err := b.results(ctx, records, res)
	if err != nil {
		return nil, err
	}
	for i, place := range places {
		written[place] = b.written(results.Get(types.Int(i)))
	}
	return written, nil
}

func (b *batch) record(r provider.Request) (*expression.Record, error) {
	_, text, err := b.single.open(r)
	if err != nil {
		return nil, err
	}
	body, err := expression.Parse(text)
	if err != nil {
		return nil, provider.Errorf(provider.Invalid, "the rendered body of this record can't be read as JSON")
	}
	return &expression.Record{Key: r.Key, Body: body}, nil
}

// render makes the body of the call. Where that fails, it may be for one record: class Invalid has the batch split.
func (b *batch) render(ctx context.Context, records []*expression.Record) ([]byte, error) {
	v, err := b.body.Eval(ctx, provider.Invalid, records)
	if err != nil {
		return nil, err
	}
	body, err := expression.Render(v)
	if err != nil {
		return nil, provider.Errorf(provider.Invalid, "%s gives a value for these records that has no form in JSON", b.body.Field)
	}
	return body, nil
}

// results evaluates the list of what became of each record. A list that does not match the records says nothing of any.
func (b *batch) results(ctx context.Context, records []*expression.Record, res httpx.Response) (traits.Lister, error) {
	var body any
	if b.result.ReadsBody {
		var err error
		if body, err = expression.Parse(res.Body); err != nil {
			return nil, notJSON(b.result)
		}
	}
	v, err := b.result.Eval(ctx, provider.Transient, records, expression.NewAnswer(res, body))
	if err != nil {
		return nil, err
	}
	list, ok := v.(traits.Lister)
	if !ok {
		return nil, provider.Errorf(provider.Transient, "%s gives no list: it has to give one item for each record, in order, "+
			`like records.map(r, {"status": 200})`, b.result.Field)
	}
	if n, ok := list.Size().(types.Int); !ok || int(n) != len(records) {
		return nil, provider.Errorf(provider.Transient, "%s gives a list whose length is not the number of records: "+
			"it has to give one item for each record that was sent, in order; where the service leaves some out, find them by key", b.result.Field)
	}
	return list, nil
}

// written reads what became of one record: a map with status, and, as far as they are known, id and suppressed.
func (b *batch) written(item ref.Val) provider.Written {
	unfit := func(what string) provider.Written {
		return provider.Written{Err: provider.Errorf(provider.Transient, "%s gives an item %s", b.result.Field, what)}
	}
	m, ok := item.(traits.Mapper)
	if !ok {
		return unfit(`that is no map: each has to be one, like {"status": 200, "id": "51"}`)
	}
	status, ok := field(m, "status").(types.Int)
	if !ok || status < 100 || status > 599 {
		return unfit("without a status: each has to have one, a whole number from 100 to 599 as HTTP uses them")
	}
	if class, ok := b.classify(int(status)); !ok {
		return provider.Written{Err: httpx.StatusError(class, httpx.Response{Status: int(status)})}
	}
	id, ok := idOf(field(m, "id"))
	if !ok {
		return unfit("whose id is something else than a string, a whole number or nothing")
	}
	switch suppressed := field(m, "suppressed").(type) {
	case types.Null:
		return provider.Written{Receipt: provider.Receipt{RemoteID: id}}
	case types.Bool:
		return provider.Written{Receipt: provider.Receipt{RemoteID: id, Suppressed: bool(suppressed)}}
	}
	return unfit("whose suppressed is something else than true, false or nothing")
}

// field of a map; null where it has none.
func field(m traits.Mapper, name string) ref.Val {
	v, found := m.Find(types.String(name))
	if !found {
		return types.NullValue
	}
	return expression.Unwrap(v)
}

func (b builder) batch(path string, c *Batch, single *upserter) (*batch, error) {
	out := &batch{single: single, maxRecords: c.MaxRecords}
	var err error
	if out.call, out.target, err = b.fixedCall(path, c.Method, http.MethodPost, c.URL, c.Responses); err != nil {
		return nil, err
	}
	if c.MaxRecords < 2 {
		return nil, provider.Errorf(provider.Config, "%s.maxRecords has to be 2 at least: it says how many records one call takes", path)
	}
	if c.Body == "" {
		return nil, provider.Errorf(provider.Config, `%s.body is missing: it makes one body of all records, like {"records": records.map(r, r.body)}`, path)
	}
	if out.body, err = b.Records.Compile(path+".body", c.Body); err != nil {
		return nil, err
	}
	if out.body.Constant {
		return nil, provider.Errorf(provider.Config, "%s.body is the same for all records: make it depend on records", path)
	}
	if c.Result == "" {
		return nil, provider.Errorf(provider.Config, "%s.result is missing: it says what became of each record, like "+
			`response.body.results.map(r, {"status": r.status})`, path)
	}
	if out.result, err = b.Written.Compile(path+".result", c.Result, types.ListKind); err != nil {
		return nil, err
	}
	if out.result.Constant {
		return nil, provider.Errorf(provider.Config, "%s.result is the same for all batches: make it depend on response or records", path)
	}
	return out, nil
}

func (b builder) health(path string, c *Health) (*health, error) {
	h := &health{}
	var err error
	h.call, h.target, err = b.fixedCall(path, c.Method, http.MethodGet, c.URL, c.Responses)
	return h, err
}

// fixedCall is a call that is not about one record.
func (b builder) fixedCall(path, verb, otherwise, target string, responses []ResponseClass) (call, string, error) {
	c, err := b.call(path, verb, otherwise, target, responses)
	if err != nil {
		return call{}, "", err
	}
	if c.url.hasKey() {
		return call{}, "", provider.Errorf(provider.Config, "%s.url: this call is not about one record: leave {key} out", path)
	}
	target, err = c.url.expand("")
	return c, target, err
}
