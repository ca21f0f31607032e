// Package description holds requests, and answers, against an OpenAPI description, so that a stand-in refuses what the real
// system would refuse.
package description

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// Description is a parsed document. It is safe for concurrent use.
type Description struct{ router routers.Router }

// Errors of Check that are not about the content of a request.
var (
	ErrNoPath   = errors.New("there is no such path")
	ErrNoMethod = errors.New("the path does not have this method")
)

// MustLoad parses a document that is part of the program.
func MustLoad(document []byte) *Description {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		panic(err)
	}
	doc.Servers = nil // any host will do
	if err := doc.Validate(context.Background()); err != nil {
		panic(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	return &Description{router: router}
}

// Checked is a request that fits the description.
type Checked struct {
	// Operation is the operationId.
	Operation string
	// Path are the values in the path.
	Path map[string]string

	input *openapi3filter.RequestValidationInput
}

// Check finds the operation of a request and holds the request against it, credentials aside.
func (d *Description) Check(r *http.Request, body []byte) (*Checked, error) {
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	route, values, err := d.router.FindRoute(r)
	if err != nil {
		return nil, d.missing(r)
	}
	c := &Checked{Operation: route.Operation.OperationID, Path: values, input: &openapi3filter.RequestValidationInput{
		Request: r, PathParams: values, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: false,
		},
	}}
	return c, openapi3filter.ValidateRequest(r.Context(), c.input)
}

// missing says what of a request is not there.
func (d *Description) missing(r *http.Request) error {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, _, err := d.router.FindRoute(other); err == nil {
			return ErrNoMethod
		}
	}
	return ErrNoPath
}

// Answer holds an answer to the request against the description.
func (c *Checked) Answer(status int, header http.Header, body any) error {
	text := []byte(nil)
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
		header = header.Clone()
		if header == nil {
			header = http.Header{}
		}
		header.Set("Content-Type", "application/json")
	}
	return openapi3filter.ValidateResponse(c.input.Request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: c.input, Status: status, Header: header, Body: io.NopCloser(bytes.NewReader(text)),
		Options: c.input.Options,
	})
}
