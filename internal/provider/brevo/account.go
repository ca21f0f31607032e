package brevo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// The paths of Brevo's API. All are of the kind that has the larger limit: GET /account has not, and is no ping.
const (
	contactsPath   = "/contacts"
	attributesPath = "/contacts/attributes"
	listsPath      = "/contacts/lists"
)

// account makes the calls to one Brevo account.
type account struct {
	client     *http.Client
	base       string
	key        string
	targets    []int // the lists, sorted
	attributes *mapping.Mapping
	// known is passed once Brevo has the lists and all that the mapping fills; types then says what the attributes take.
	known *mapping.Check
	types atomic.Pointer[map[string]attribute]

	mu          sync.Mutex
	pausedUntil time.Time // no calls are left until then
}

func newAccount(client *http.Client, base, key string, lists []int, attributes *mapping.Mapping) *account {
	a := &account{client: client, base: base, key: key, targets: lists, attributes: attributes}
	a.known = mapping.NewCheck(a.check)
	return a
}

// call sends a request and reads the answer. A failure of the transport is an error; a refusal is not.
func (a *account) call(ctx context.Context, method, path string, body any) (httpx.Response, error) {
	text, err := expression.Body(body)
	if err != nil {
		return httpx.Response{}, err
	}
	if err := a.left(); err != nil {
		return httpx.Response{}, err
	}
	res, err := httpx.Exchange{
		Method: method, URL: a.base + path, Body: text, Header: map[string]string{"api-key": a.key}, // not Authorization
	}.Do(ctx, a.client)
	if err == nil {
		a.note(res.Header)
	}
	return res, err
}

// left says whether Brevo has said that the account has no calls left now. It spares Brevo, and the other programs that use
// the account, a call that would be refused.
func (a *account) left() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if wait := time.Until(a.pausedUntil); wait > 0 {
		return &provider.Error{Class: provider.Throttled, RetryAfter: wait, Message: usedUp}
	}
	return nil
}

const usedUp = "the account's calls are used up at Brevo for now: they are shared by all programs that use it; lower spec.limits.rate"

// note reads how many calls are left, and for how long: in seconds, not as a time.
func (a *account) note(h http.Header) {
	left, err := strconv.Atoi(h.Get("x-sib-ratelimit-remaining"))
	if err != nil || left > 0 {
		return
	}
	if wait := resetOf(h); wait > 0 {
		a.mu.Lock()
		a.pausedUntil = time.Now().Add(wait)
		a.mu.Unlock()
	}
}

// resetOf is when the calls are counted anew, 0 when that is not told.
func resetOf(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("x-sib-ratelimit-reset"))
	if err != nil || seconds <= 0 {
		return 0
	}
	return min(time.Duration(min(seconds, 3600))*time.Second, httpx.MaxRetryAfter)
}

// ask is call for what has to be answered with success. The answer is read into what is given, unless that is nil.
func (a *account) ask(ctx context.Context, method, path string, body, into any) error {
	res, err := a.call(ctx, method, path, body)
	switch {
	case err != nil:
		return err
	case res.Status/100 != 2:
		return a.refusal(res)
	case into == nil:
		return nil
	}
	return read(res, into)
}

func read(res httpx.Response, into any) error {
	if json.Unmarshal(res.Body, into) != nil {
		return errUnreadable()
	}
	return nil
}

func errUnreadable() *provider.Error {
	return provider.Errorf(provider.Transient, "the answer is not one of Brevo's API: check that spec.brevo.url leads there, and what stands between")
}

// contactPath leads to a contact by its address.
func contactPath(email string) string {
	return contactsPath + "/" + strings.ReplaceAll(url.PathEscape(email), "+", "%2B")
}

// CheckHealth implements provider.HealthChecker.
func (a *account) CheckHealth(ctx context.Context) error {
	if err := a.checkList(ctx, a.targets[0]); err != nil {
		return err
	}
	return a.known.Pass(ctx)
}
