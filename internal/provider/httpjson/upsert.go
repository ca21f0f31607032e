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
)

// maxRemoteID is the port's limit, in bytes.
const maxRemoteID = 256

// upserter writes. A Request's payload is the line "METHOD URL", then the body: all that the service gets but for the
// headers, so that a change of the mapping changes it.
type upserter struct {
	call
	key        *expression // nil: the address
	body       *expression
	result     *expression // nil: the service gives no id
	suppressed *expression // nil: it suppresses nobody
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
		v, err := u.key.eval(ctx, provider.Invalid, c)
		if err != nil {
			return "", err
		}
		s, ok := v.(types.String)
		if !ok {
			return "", provider.Errorf(provider.Invalid, "%s gives no string for this record", u.key.field)
		}
		key, field = string(s), u.key.field
	}
	if key == "" || len(key) > maxKey {
		return "", provider.Errorf(provider.Invalid, "%s gives this record a key that is empty or longer than %d bytes", field, maxKey)
	}
	return key, nil
}

// Upsert implements provider.Upserter.
func (u *upserter) Upsert(ctx context.Context, r provider.Request) (provider.Receipt, error) {
	target, err := u.url.expand(r.Key)
	if err != nil {
		return provider.Receipt{}, err
	}
	body, ok := bytes.CutPrefix(r.Payload, u.head(target))
	if !ok {
		return provider.Receipt{}, provider.Errorf(provider.Transient, "the request was rendered before the Integration changed: it is rendered again")
	}
	res, err := u.send(ctx, target, body)
	if err != nil {
		return provider.Receipt{}, err
	}
	return u.receipt(ctx, res)
}

func (u *upserter) receipt(ctx context.Context, res httpx.Response) (provider.Receipt, error) {
	var body any
	for _, x := range []*expression{u.result, u.suppressed} {
		if x == nil || !x.readsBody {
			continue
		}
		var err error
		if body, err = parse(res.Body); err != nil {
			return provider.Receipt{}, notJSON(x)
		}
		break
	}
	answer := newAnswer(res, body)
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
func read(ctx context.Context, x *expression, a *answer) (ref.Val, error) {
	if x == nil {
		return types.NullValue, nil
	}
	v, err := x.eval(ctx, provider.Transient, a)
	if err != nil && ctx.Err() == nil && x.readsBody && a.Body == nil {
		return types.NullValue, nil
	}
	return v, err
}

// toID takes whole numbers, too. An id that is too long to keep, or is no plain text, is dropped: it is a convenience.
func toID(x *expression, value ref.Val) (string, error) {
	var id string
	switch v := value.(type) {
	case types.Null:
	case types.String:
		id = string(v)
	case types.Int:
		id = strconv.FormatInt(int64(v), 10)
	case types.Uint:
		id = strconv.FormatUint(uint64(v), 10)
	default:
		return "", provider.Errorf(provider.Transient, "%s gives something else than an id: a string, a whole number or nothing", x.field)
	}
	if len(id) > maxRemoteID || strings.ContainsFunc(id, unicode.IsControl) {
		return "", nil
	}
	return id, nil
}

// toSuppressed takes null for no.
func toSuppressed(x *expression, value ref.Val) (bool, error) {
	switch v := value.(type) {
	case types.Null:
		return false, nil
	case types.Bool:
		return bool(v), nil
	}
	return false, provider.Errorf(provider.Transient, "%s gives something else than true or false", x.field)
}

// eraser removes.
type eraser struct{ call }

// Erase implements provider.Eraser. It needs the key only.
func (e *eraser) Erase(ctx context.Context, r provider.Request) error {
	target, err := e.url.expand(r.Key)
	if err != nil {
		return err
	}
	_, err = e.send(ctx, target, nil)
	return err
}
