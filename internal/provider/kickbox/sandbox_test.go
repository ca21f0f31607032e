package kickbox_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/kickbox"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// What each kind of address leads to, asked of the stand-in.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	p := connect(t, newVendor(kickbox.Options{}, liveKey), "", liveKey)
	for address, want := range map[string]provider.Verification{
		"ada@example.com":            {Verdict: "Deliverable", Evidence: "deliverable: accepted_email", Mailbox: "Own"},
		"ada+news@example.com":       {Verdict: "Deliverable", Evidence: "deliverable: accepted_email", Mailbox: "Own"},
		"ada@gmail.com":              {Verdict: "Deliverable", Evidence: "deliverable: accepted_email", Mailbox: "Free"},
		"ada@gmial.com":              {Verdict: "Deliverable", Evidence: "deliverable: accepted_email", Mailbox: "Own", Suggestion: "ada@gmail.com"},
		"info@example.com":           {Verdict: "Role", Evidence: "risky: low_quality", Mailbox: "Own"},
		"info@unknown.example":       {Verdict: "Role", Evidence: "unknown: no_connect", Mailbox: "Own"},
		"info@undeliverable.example": {Verdict: "Undeliverable", Evidence: "undeliverable: rejected_email"},
		"ada@undeliverable.example":  {Verdict: "Undeliverable", Evidence: "undeliverable: rejected_email"},
		"not an address":             {Verdict: "Undeliverable", Evidence: "undeliverable: invalid_email"},
		"ada@disposable.example":     {Verdict: "Disposable", Evidence: "risky: low_quality", Mailbox: "Own"},
		"ada@acceptall.example":      {Verdict: "AcceptAll", Evidence: "risky: low_deliverability", Mailbox: "Own"},
		"ada@full.example":           {Verdict: "Unknown", Evidence: "risky: low_deliverability", Mailbox: "Own"},
		"ada@unknown.example":        {Verdict: "Unknown", Evidence: "unknown: no_connect", Mailbox: "Own"},
	} {
		got, err := ask(t, p, address)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", address, err, diff)
		}
	}
}

// A sandbox key would let everybody in, so it is taken only where it is meant.
func TestMode(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		mode, key string
		want      *provider.Error
	}{
		"a live key":                     {"", liveKey, nil},
		"a live key, said":               {"Live", liveKey, nil},
		"a key that does not say":        {"Live", "0123456789abcdef", nil},
		"a sandbox key":                  {"Sandbox", testKey, nil},
		"a sandbox key that is not said": {"", testKey, &provider.Error{Class: provider.Config, Message: "Secret kickbox, key key holds a sandbox key, which calls nearly every address deliverable: give a live key, or, for a trial, set spec.kickbox.mode to Sandbox"}},
		"a live key for the sandbox":     {"Sandbox", liveKey, &provider.Error{Class: provider.Config, Message: "Secret kickbox, key key holds no sandbox key (one that begins with test_), yet spec.kickbox.mode is Sandbox: leave mode out"}},
		"another mode":                   {"Trial", liveKey, &provider.Error{Class: provider.Config, Message: `spec.kickbox.mode: "Trial" is neither Live nor Sandbox`}},
	}
	for name, tc := range cases {
		_, err := made("http://kickbox.example", tc.mode, tc.key)
		if diff := cmp.Diff(tc.want, providertest.Failure(err)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	p := connect(t, newVendor(kickbox.Options{Credits: -1}, testKey), "Sandbox", testKey)
	for address, want := range map[string]provider.Verdict{
		"ada@undeliverable.example": "Deliverable", "rejected-email@example.com": "Undeliverable", "ada+timeout@example.com": "Unknown",
	} {
		if got, err := ask(t, p, address); err != nil || got.Verdict != want {
			t.Errorf("sandbox, %s: %v, %v", address, got, err)
		}
	}
	if err := p.Health.CheckHealth(t.Context()); err != nil {
		t.Errorf("the sandbox needs no credits: %v", err)
	}
}

func TestCreditsAndLimits(t *testing.T) {
	t.Parallel()
	noCredits := &provider.Error{Class: provider.Auth, Message: "the Kickbox account has no credits left: buy some; addresses wait meanwhile, and go on within minutes of it"}
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	p := connect(t, newVendor(kickbox.Options{Credits: 1, PerMinute: 4, Now: func() time.Time { return now }}, liveKey), "", liveKey)
	if err := p.Health.CheckHealth(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := ask(t, p, "ada@example.com"); err != nil {
		t.Error(err)
	}
	_, err := ask(t, p, "bob@example.com")
	if diff := cmp.Diff(noCredits, providertest.Failure(err)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(noCredits, providertest.Failure(p.Health.CheckHealth(t.Context()))); diff != "" {
		t.Errorf("health: %s", diff)
	}
	_, err = ask(t, p, "bob@example.com")
	if e := providertest.Failure(err); e == nil || e.Class != provider.Throttled || e.RetryAfter != 0 {
		t.Errorf("the fifth call of the minute: %+v", e)
	}
}
