package httpjson

import (
	"context"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
)

// asker makes a call that asks, for verifier and locator.
type asker struct {
	call
	body   *expression.Expression // nil: no body
	result *expression.Expression
}

// ask returns the value of the result. The key is the submission's address.
func (a *asker) ask(ctx context.Context, s provider.Submission) (ref.Val, error) {
	target, err := a.url.expand(s.Email)
	if err != nil {
		return nil, err
	}
	body, err := renderBody(ctx, a.body, &s)
	if err != nil {
		return nil, err
	}
	res, err := a.send(ctx, target, body)
	if err != nil {
		return nil, err
	}
	var answered any
	if a.result.ReadsBody {
		if answered, err = expression.Parse(res.Body); err != nil {
			return nil, notJSON(a.result)
		}
	}
	return a.result.Eval(ctx, provider.Transient, expression.NewAnswer(res, answered))
}

// renderBody evaluates the body of a request. No expression gives no body.
func renderBody(ctx context.Context, x *expression.Expression, record any) ([]byte, error) {
	if x == nil {
		return nil, nil
	}
	v, err := x.Eval(ctx, provider.Invalid, record)
	if err != nil {
		return nil, err
	}
	b, err := expression.Render(v)
	if err != nil {
		return nil, provider.Errorf(provider.Invalid, "%s gives a value for this record that has no form in JSON", x.Field)
	}
	return b, nil
}

type verifier struct{ asker }

// Verify implements provider.Verifier.
func (v *verifier) Verify(ctx context.Context, s provider.Submission) (provider.Verification, error) {
	value, err := v.ask(ctx, s)
	if err != nil {
		return provider.Verification{}, err
	}
	verdict, err := toVerdict(v.result, value)
	return provider.Verification{Verdict: verdict}, err
}

func toVerdict(x *expression.Expression, value ref.Val) (provider.Verdict, error) {
	s, _ := value.(types.String)
	switch verdict := provider.Verdict(s); verdict {
	case provider.Deliverable, provider.Undeliverable, provider.Disposable, provider.Role, provider.AcceptAll, provider.Unknown:
		return verdict, nil
	}
	return "", provider.Errorf(provider.Transient,
		"%s gives something else than a verdict: Deliverable, Undeliverable, Disposable, Role, AcceptAll or Unknown", x.Field)
}

type locator struct{ asker }

// Locate implements provider.Locator.
func (l *locator) Locate(ctx context.Context, s provider.Submission) (provider.Location, error) {
	value, err := l.ask(ctx, s)
	if err != nil {
		return provider.Location{}, err
	}
	country, err := toCountry(l.result, value)
	return provider.Location{Country: country, Source: "Service"}, err
}

// toCountry takes null for a country that is not known.
func toCountry(x *expression.Expression, value ref.Val) (string, error) {
	switch v := value.(type) {
	case types.Null:
		return "", nil
	case types.String:
		if v == "" {
			return "", nil
		}
		if len(v) == 2 && isLetter(v[0]) && isLetter(v[1]) {
			return string([]byte{v[0] &^ 0x20, v[1] &^ 0x20}), nil // in capitals
		}
	}
	return "", provider.Errorf(provider.Transient,
		"%s gives something else than a country: two letters (ISO 3166-1 alpha-2), or nothing", x.Field)
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
