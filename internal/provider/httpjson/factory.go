package httpjson

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
)

// Factory makes the provider HTTP.
func Factory() provider.Factory {
	return provider.Factory{Member: "http", Refs: refs, New: newProvider}
}

// refs lists what the headers refer to, each once.
func refs(spec json.RawMessage) (provider.Refs, error) {
	c, err := decode(spec)
	if err != nil {
		return provider.Refs{}, err
	}
	var secrets []provider.Ref
	seen := map[provider.Ref]bool{}
	for _, h := range c.Headers {
		if h.SecretKeyRef != nil && !seen[*h.SecretKeyRef] {
			seen[*h.SecretKeyRef] = true
			secrets = append(secrets, *h.SecretKeyRef)
		}
	}
	return provider.Refs{Secrets: secrets}, nil
}

func newProvider(s provider.Settings) (provider.Provider, error) {
	c, err := decode(s.Spec)
	if err != nil {
		return provider.Provider{}, err
	}
	b := builder{client: s.HTTP}
	if b.header, err = headers(c.Headers, s.Secrets); err != nil {
		return provider.Provider{}, err
	}
	if b.Environments, err = expression.NewEnvironments(); err != nil {
		return provider.Provider{}, err
	}
	return b.provider(c)
}

// builder holds what the calls of one Integration share.
type builder struct {
	expression.Environments

	client *http.Client
	header http.Header
}

// provider leaves a port that is not configured nil: a nil *verifier in it would not be.
func (b builder) provider(c Config) (provider.Provider, error) {
	var p provider.Provider
	if c.Verify != nil {
		a, err := b.asker("spec.http.verify", c.Verify, func(x *expression.Expression, v ref.Val) error { _, err := toVerdict(x, v); return err })
		if err != nil {
			return provider.Provider{}, err
		}
		p.Verifier = &verifier{a}
	}
	if c.Locate != nil {
		a, err := b.asker("spec.http.locate", c.Locate, func(x *expression.Expression, v ref.Val) error { _, err := toCountry(x, v); return err })
		if err != nil {
			return provider.Provider{}, err
		}
		p.Locator = &locator{a}
	}
	if c.Upsert != nil {
		u, err := b.upserter("spec.http.upsert", c.Upsert)
		if err != nil {
			return provider.Provider{}, err
		}
		p.Upserter = u
		if c.Upsert.Batch != nil {
			if p.Batch, err = b.batch("spec.http.upsert.batch", c.Upsert.Batch, u); err != nil {
				return provider.Provider{}, err
			}
		}
	}
	if c.Erase != nil {
		e, err := b.eraser("spec.http.erase", c.Erase)
		if err != nil {
			return provider.Provider{}, err
		}
		p.Eraser = e
	}
	if c.Health != nil {
		h, err := b.health("spec.http.health", c.Health)
		if err != nil {
			return provider.Provider{}, err
		}
		p.Health = h
	}
	return p, nil
}

func (b builder) call(path, verb, otherwise, target string, responses []ResponseClass) (call, error) {
	m, err := method(path, verb, otherwise)
	if err != nil {
		return call{}, err
	}
	u, err := parseURL(path+".url", target)
	if err != nil {
		return call{}, err
	}
	byStatus, err := classes(path, responses)
	if err != nil {
		return call{}, err
	}
	return call{client: b.client, method: m, url: u, header: b.header, classes: byStatus}, nil
}

// asker compiles a call that asks. fits tells whether a value is a possible result: a result that is always the same is
// checked before any submission meets it.
func (b builder) asker(path string, c *Call, fits func(*expression.Expression, ref.Val) error) (a asker, err error) {
	if a.call, err = b.call(path, c.Method, http.MethodPost, c.URL, c.Responses); err != nil {
		return asker{}, err
	}
	if c.Body != "" {
		if a.body, err = b.body(b.Submission, path+".body", c.Body); err != nil {
			return asker{}, err
		}
	}
	if c.Result == "" {
		return asker{}, provider.Errorf(provider.Config, "%s.result is missing: it says what the answer means", path)
	}
	if a.result, err = b.Response.Compile(path+".result", c.Result, types.StringKind); err != nil {
		return asker{}, err
	}
	return a, checkConstant(a.result, fits)
}

func (b builder) upserter(path string, c *Upsert) (u *upserter, err error) {
	u = &upserter{}
	if u.call, err = b.call(path, c.Method, http.MethodPut, c.URL, c.Responses); err != nil {
		return nil, err
	}
	if c.Key != "" {
		if u.key, err = b.Contact.Compile(path+".key", c.Key, types.StringKind); err != nil {
			return nil, err
		}
		if u.key.Constant {
			return nil, provider.Errorf(provider.Config, "%s.key is the same for everybody: make it depend on contact", path)
		}
	}
	if c.Body == "" {
		return nil, provider.Errorf(provider.Config, "%s.body is missing: it says what the system should hold", path)
	}
	if u.body, err = b.body(b.Contact, path+".body", c.Body); err != nil {
		return nil, err
	}
	if c.Result != "" {
		if u.result, err = b.Response.Compile(path+".result", c.Result, types.StringKind, types.IntKind, types.UintKind); err != nil {
			return nil, err
		}
		if err := checkConstant(u.result, func(x *expression.Expression, v ref.Val) error { _, err := toID(x, v); return err }); err != nil {
			return nil, err
		}
	}
	if c.Suppressed != "" {
		if u.suppressed, err = b.Response.Compile(path+".suppressed", c.Suppressed, types.BoolKind); err != nil {
			return nil, err
		}
		if err := checkConstant(u.suppressed, func(x *expression.Expression, v ref.Val) error { _, err := toSuppressed(x, v); return err }); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (b builder) eraser(path string, c *Erase) (*eraser, error) {
	e, err := b.call(path, c.Method, http.MethodDelete, c.URL, c.Responses)
	if err != nil {
		return nil, err
	}
	if !e.url.hasKey() {
		return nil, provider.Errorf(provider.Config, "%s.url has no {key}: it would not say whom to remove", path)
	}
	// Somebody who is not there is erased.
	gone := map[int]provider.Class{http.StatusNotFound: "", http.StatusGone: ""}
	maps.Copy(gone, e.classes)
	e.classes = gone
	return &eraser{call: e, kept: c.Kept}, nil
}

// body compiles the body of a request.
func (b builder) body(env expression.Environment, field, text string) (*expression.Expression, error) {
	x, err := env.Compile(field, text)
	if err != nil {
		return nil, err
	}
	return x, checkConstant(x, func(x *expression.Expression, v ref.Val) error {
		if _, err := expression.Render(v); err != nil {
			return provider.Errorf(provider.Config, "%s has no form in JSON", x.Field)
		}
		return nil
	})
}

// checkConstant evaluates an expression that is the same for all records. What is wrong with it is wrong with the
// Integration.
func checkConstant(x *expression.Expression, fits func(*expression.Expression, ref.Val) error) error {
	if !x.Constant {
		return nil
	}
	v, err := x.Eval(context.Background(), provider.Config)
	if err != nil {
		return err
	}
	if err := fits(x, v); err != nil {
		return provider.Errorf(provider.Config, "%s", provider.AsError(err).Message)
	}
	return nil
}
