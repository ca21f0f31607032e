package tracing

import (
	"cmp"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
)

// Client returns a client that notes on the step of each call with which status it was answered; of several calls, the last.
// Nothing else of them is noted: their addresses are personal. Nor is the trace told to outside systems.
func (t *Tracer) Client(c *http.Client) *http.Client {
	if t == nil {
		return c
	}
	noting := *c
	noting.Transport = answers{next: cmp.Or(c.Transport, http.DefaultTransport)}
	return &noting
}

type answers struct{ next http.RoundTripper }

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := a.next.RoundTrip(r)
	if step := Current(r.Context()); err == nil && step.Followed() {
		step.answered(response.StatusCode)
		if batch, ok := r.Context().Value(statusesKey{}).(*statuses); ok {
			batch.add(response.StatusCode)
		}
	}
	return response, err
}

func (s Step) answered(status int) {
	s.span.SetAttributes(attribute.Int("http.response.status_code", status))
}

// CloseIdleConnections is called by the http.Client method of the same name.
func (a answers) CloseIdleConnections() {
	if c, ok := a.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
