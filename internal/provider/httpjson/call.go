package httpjson

import (
	"context"
	"net/http"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
)

// call is one HTTP call, without what belongs to a single record.
type call struct {
	client  *http.Client
	method  string
	url     urlTemplate
	header  http.Header
	classes map[int]provider.Class // where they differ from the rule; success is blank
}

// send makes the call. The answer is one of success; everything else is an *provider.Error. No body is nil.
func (c *call) send(ctx context.Context, target string, body []byte) (httpx.Response, error) {
	req, err := httpx.NewRequest(ctx, c.method, target, body)
	if err != nil {
		return httpx.Response{}, err
	}
	req.Header = c.header.Clone() // the transport may add to it
	if body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := httpx.Do(ctx, c.client, req)
	if res.Status == 0 {
		return httpx.Response{}, err
	}
	// A refusal is one by its status, also where its body broke off.
	if class, ok := c.classify(res.Status); !ok {
		return httpx.Response{}, httpx.StatusError(class, res)
	}
	return res, err
}

func (c *call) classify(status int) (class provider.Class, ok bool) {
	if class, given := c.classes[status]; given {
		return class, class == ""
	}
	return httpx.Classify(status)
}

// notJSON is the failure of a result that looks into something else, for example the page of a proxy.
func notJSON(x *expression.Expression) error {
	return provider.Errorf(provider.Transient, "the service's answer is not JSON, which %s reads", x.Field)
}
