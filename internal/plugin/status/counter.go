package status

import (
	"io"

	"k8s.io/apimachinery/pkg/fields"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// notState selects the submissions in none of some states. New ones, which have none at all, are among them.
func notState(states ...v1alpha1.SubmissionState) fields.Selector {
	var selectors []fields.Selector
	for _, state := range states {
		selectors = append(selectors, fields.OneTermNotEqualSelector("status.state", string(state)))
	}
	return fields.AndSelectors(selectors...)
}

// counter tells on a terminal how far a long count has come.
type counter struct {
	out   io.Writer // nil: nobody watches
	n     int
	shown bool
}

func newCounter(session *kube.Session) *counter {
	if screen.IsTerminal(session.ErrOut) {
		return &counter{out: session.ErrOut}
	}
	return &counter{}
}

func (c *counter) add() error {
	c.n++
	if c.out == nil || c.n%1000 != 0 {
		return nil
	}
	c.shown = true
	_, err := io.WriteString(c.out, "\rcounting: "+screen.Number(c.n))
	return err
}

func (c *counter) clear() error {
	if !c.shown {
		return nil
	}
	_, err := io.WriteString(c.out, "\r\x1b[K")
	return err
}
