package httpx

import (
	"context"
	"net/http"
)

// Exchange is one request of an adapter's, and how much of the answer is read.
type Exchange struct {
	Method, URL string
	// Header is sent as it is. A Content-Type is added where there is a Body and none is given: JSON.
	Header map[string]string
	// Body is nil for none.
	Body []byte
	// MaxBody is the largest answer that is read, in bytes; 0: the package's MaxBody.
	MaxBody int
}

// Do sends the request and reads the answer. Any status is an answer. One that is a refusal is a refusal by its status, also
// where its body broke off: only what happens to a success, or before the status is known, is an error. It is a
// *provider.Error.
func (x Exchange) Do(ctx context.Context, client *http.Client) (Response, error) {
	req, err := NewRequest(ctx, x.Method, x.URL, x.Body)
	if err != nil {
		return Response{}, err
	}
	req.Header.Set("Accept", "application/json")
	if x.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range x.Header {
		req.Header.Set(name, value)
	}
	limit := MaxBody
	if x.MaxBody > 0 {
		limit = x.MaxBody
	}
	res, err := do(ctx, client, req, limit)
	if res.Status != 0 && res.Status/100 != 2 {
		return res, nil
	}
	return res, err
}
