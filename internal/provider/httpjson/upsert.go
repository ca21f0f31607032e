package httpjson

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"unicode"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
)

// maxRemoteID is the port's limit, in bytes.
const maxRemoteID = 256

// upserter writes. A Request's payload is the line "METHOD URL", then the body: all that the service gets but for the
// headers, so that a change of the mapping changes it.
type upserter struct {
	call
	key        *expression.Expression // nil: the address
	body       *expression.Expression
	result     *expression.Expression // nil: the service gives no id
	suppressed *expression.Expression // nil: it suppresses nobody
}

// Render implements provider.Upserter.
func (u *upserter) Render(c provider.Contact) (provider.Request, error) {
	ctx := context.Background() // the port takes none: nothing is waited for, and the cost of an expression is limited
	key, err := u.keyOf(ctx, &c)
	if err != nil {
		return provider.Request{}, err
	}
	target, err := u.url.expand(key)
	if err != nil {
		return provider.Request{}, err
	}
	body, err := renderBody(ctx, u.body, &c)
	if err != nil {
		return provider.Request{}, err
	}
	return provider.Request{Key: key, Payload: append(u.head(target), body...)}, nil
}

func (u *upserter) head(target string) []byte { return []byte(u.method + " " + target + "\n") }

func (u *upserter) keyOf(ctx context.Context, c *provider.Contact) (string, error) {
	key, field := c.Email, "the address"
	if u.key != nil {
		v, err := u.key.Eval(ctx, provider.Invalid, c)
		if err != nil {
			return "", err
		}
		s, ok := v.(types.String)
		if !ok {
			return "", provider.Errorf(provider.Invalid, "%s gives no string for this record", u.key.Field)
		}
		key, field = string(s), u.key.Field
	}
	if key == "" || len(key) > maxKey {
		return "", provider.Errorf(provider.Invalid, "%s gives this record a key that is empty or longer than %d bytes", field, maxKey)
	}
	return key, nil
}

// Upsert implements provider.Upserter.
func (u *upserter) Upsert(ctx context.Context, r provider.Request) (provider.Receipt, error) {
	target, body, err := u.open(r)
	if err != nil {
		return provider.Receipt{}, err
	}
	res, err := u.send(ctx, target, body)
	if err != nil {
		return provider.Receipt{}, err
	}
	return u.receipt(ctx, res)
}

// open takes a Request apart.
func (u *upserter) open(r provider.Request) (target string, body []byte, err error) {
	if target, err = u.url.expand(r.Key); err != nil {
		return "", nil, err
	}
	body, ok := bytes.CutPrefix(r.Payload, u.head(target))
	if !ok {
		return "", nil, provider.Errorf(provider.Transient, "the request was rendered before the Integration changed: it is rendered again")
	}
	return target, body, nil
}

func (u *upserter) receipt(ctx context.Context, res httpx.Response) (provider.Receipt, error) {
	var body any
	for _, x := range []*expression.Expression{u.result, u.suppressed} {
		if x == nil || !x.ReadsBody {
			continue
		}
		var err error
		if body, err = expression.Parse(res.Body); err != nil {
			return provider.Receipt{}, notJSON(x)
		}
		break
	}
	answer := expression.NewAnswer(res, body)
	id, err := read(ctx, u.result, answer)
	if err != nil {
		return provider.Receipt{}, err
	}
	suppressed, err := read(ctx, u.suppressed, answer)
	if err != nil {
		return provider.Receipt{}, err
	}
	var receipt provider.Receipt
	if receipt.RemoteID, err = toID(u.result, id); err != nil {
		return provider.Receipt{}, err
	}
	if receipt.Suppressed, err = toSuppressed(u.suppressed, suppressed); err != nil {
		return provider.Receipt{}, err
	}
	return receipt, nil
}

// read gives null where there is no expression, and where it looks into an answer that is empty: the service has taken the
// write and has nothing to add.
func read(ctx context.Context, x *expression.Expression, a *expression.Answer) (ref.Val, error) {
	if x == nil {
		return types.NullValue, nil
	}
	v, err := x.Eval(ctx, provider.Transient, a)
	if err != nil && ctx.Err() == nil && x.ReadsBody && a.Body == nil {
		return types.NullValue, nil
	}
	return v, err
}

// toID takes whole numbers, too.
func toID(x *expression.Expression, value ref.Val) (string, error) {
	id, ok := idOf(value)
	if !ok {
		return "", provider.Errorf(provider.Transient, "%s gives something else than an id: a string, a whole number or nothing", x.Field)
	}
	return id, nil
}

// idOf reads an id. One that is too long to keep, or is no plain text, is dropped: it is a convenience. ok is false for what
// is no id.
func idOf(value ref.Val) (id string, ok bool) {
	switch v := value.(type) {
	case types.Null:
	case types.String:
		id = string(v)
	case types.Int:
		id = strconv.FormatInt(int64(v), 10)
	case types.Uint:
		id = strconv.FormatUint(uint64(v), 10)
	default:
		return "", false
	}
	if len(id) > maxRemoteID || strings.ContainsFunc(id, unicode.IsControl) {
		return "", true
	}
	return id, true
}

// toSuppressed takes null for no.
func toSuppressed(x *expression.Expression, value ref.Val) (bool, error) {
	switch v := value.(type) {
	case types.Null:
		return false, nil
	case types.Bool:
		return bool(v), nil
	}
	return false, provider.Errorf(provider.Transient, "%s gives something else than true or false", x.Field)
}

// eraser removes.
type eraser struct {
	call
	kept string
}

// Erase implements provider.Eraser.
func (e *eraser) Erase(ctx context.Context, r provider.Request) (provider.Erased, error) {
	target, err := e.url.expand(r.Key)
	if err != nil {
		return provider.Erased{}, err
	}
	if _, err = e.send(ctx, target, nil); err != nil {
		return provider.Erased{}, err
	}
	return provider.Erased{Kept: e.kept}, nil
}
