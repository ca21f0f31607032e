package reacher_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/reacher"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// What each kind of address leads to, asked of the stand-in.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	p := connect(t, newVendor(reacher.Options{}), secret)
	for address, want := range map[string]provider.Verification{
		"ada@example.com":            {Verdict: "Deliverable", Evidence: "the mail server takes the mailbox", Mailbox: "Own"},
		"ada@gmail.com":              {Verdict: "Deliverable", Evidence: "the mail server takes the mailbox", Mailbox: "Free"},
		"ada@gmial.com":              {Verdict: "Deliverable", Evidence: "the mail server takes the mailbox", Mailbox: "Own", Suggestion: "ada@gmail.com"},
		"info@example.com":           {Verdict: "Role", Evidence: "role name", Mailbox: "Own"},
		"info@unknown.example":       {Verdict: "Role", Evidence: "role name", Mailbox: "Own"},
		"info@undeliverable.example": {Verdict: "Undeliverable", Evidence: "the mail server refuses the mailbox", Mailbox: "Own"},
		"ada@undeliverable.example":  {Verdict: "Undeliverable", Evidence: "the mail server refuses the mailbox", Mailbox: "Own"},
		"ada@disabled.example":       {Verdict: "Undeliverable", Evidence: "the mailbox is disabled", Mailbox: "Own"},
		"ada@nomx.example":           {Verdict: "Undeliverable", Evidence: "no MX record"},
		"not an address":             {Verdict: "Undeliverable", Evidence: "syntax, or a throw-away domain: Reacher answers the same to both"},
		"ada@disposable.example":     {Verdict: "Undeliverable", Evidence: "syntax, or a throw-away domain: Reacher answers the same to both"},
		"ada@mailinator.com":         {Verdict: "Disposable", Evidence: "list of throw-away domains"},
		"ada@acceptall.example":      {Verdict: "AcceptAll", Evidence: "the mail server takes every address", Mailbox: "Own"},
		"ada@fullinbox.example":      {Verdict: "Unknown", Evidence: "the mailbox is full", Mailbox: "Own"},
		"ada@unknown.example":        {Verdict: "Unknown", Evidence: "the mail server was not reached, or could not tell", Mailbox: "Own"},
		"ada@slow.example":           {Verdict: "Unknown", Evidence: "the mail server was not reached, or could not tell", Mailbox: "Own"},
		"ada@blocklisted.example":    {Verdict: "Unknown", Evidence: "the mail server has Reacher's own IP address on a block list", Mailbox: "Own"},
		"ada@needsrdns.example":      {Verdict: "Unknown", Evidence: "the mail server wants a reverse DNS record of Reacher's own IP address", Mailbox: "Own"},
	} {
		got, err := ask(t, p, address)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", address, err, diff)
		}
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		open  bool
		given string
		want  *provider.Error
	}{
		"the same":           {false, secret, nil},
		"none, none":         {true, "", nil},
		"one that none asks": {true, "x", nil},
		"another":            {false, "x", &provider.Error{Class: provider.Auth, Message: "Reacher does not take the secret (status 400): the Secret in spec.reacher.headerSecretRef has to hold what RCH__HEADER_SECRET is there"}},
		"none":               {false, "", &provider.Error{Class: provider.Auth, Message: "Reacher wants a secret (status 400): name it in spec.reacher.headerSecretRef; it is what RCH__HEADER_SECRET is there"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := connect(t, newVendor(reacher.Options{Open: tc.open}), tc.given)
			_, err := ask(t, p, "ada@example.com")
			if diff := cmp.Diff(tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.want, providertest.Failure(p.Health.CheckHealth(t.Context()))); diff != "" {
				t.Errorf("health: %s", diff)
			}
		})
	}
}

func TestLimitsAreHonoured(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	v := newVendor(reacher.Options{PerMinute: 1, PerDay: 2, Now: func() time.Time { return now }})
	p := connect(t, v, secret)
	for _, step := range []struct {
		reason string
		after  time.Duration
		want   time.Duration // 0: it is taken
	}{
		{"the first", 0, 0},
		{"the second in the minute", 47700 * time.Millisecond, 12300 * time.Millisecond},
		{"the first in the next", 12300 * time.Millisecond, 0},
		{"the third of the day, which has hours to go", time.Minute, time.Hour},
	} {
		now = now.Add(step.after)
		_, err := ask(t, p, "ada@example.com")
		e := providertest.Failure(err)
		if step.want == 0 && e != nil || step.want != 0 && (e == nil || e.Class != provider.Throttled || e.RetryAfter != step.want) {
			t.Errorf("%s: got %+v, want to wait %v", step.reason, e, step.want)
		}
		if err := p.Health.CheckHealth(t.Context()); err != nil {
			t.Errorf("%s: a health call counts: %v", step.reason, err)
		}
	}
	if s := v.sandbox.Stats()[server.Reacher]; s.Calls != 8 || s.Records != 2 || s.HealthChecks != 4 {
		t.Errorf("%+v", s)
	}
}

// Once is one mail server; again and again is Reacher, and nobody may be accepted unverified because of that.
func TestOneMailServerAfterTheOther(t *testing.T) {
	t.Parallel()
	p := connect(t, newVendor(reacher.Options{}), secret)
	want := &provider.Error{Class: provider.Config, Message: "one mail server after the other refuses Reacher's own IP address: take it off the block lists, " +
		"give it a reverse DNS record, or have Reacher use a proxy"}
	step := func(address string, want *provider.Error) {
		t.Helper()
		_, err := ask(t, p, address)
		if diff := cmp.Diff(want, providertest.Failure(err)); diff != "" {
			t.Errorf("%s: %s", address, diff)
		}
	}
	for range 9 {
		step("ada@blocklisted.example", nil)
	}
	step("ada@example.com", nil) // a verdict: from here on they are counted anew
	for range 8 {
		step("ada@blocklisted.example", nil)
	}
	step("ada@needsrdns.example", nil)
	step("ada@slow.example", nil) // no verdict, but another reason: tells nothing of either
	step("eve@blocklisted.example", want)
	step("eve@needsrdns.example", want)
	step("ada@example.com", nil)
	step("eve@blocklisted.example", nil)
}
