package zerobounce_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/hack/sandbox/zerobounce"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// What each kind of address leads to, asked of the stand-in. Those at example.com with a name are ZeroBounce's own.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	p := connect(t, newVendor(zerobounce.Options{}))
	for address, want := range map[string]provider.Verification{
		"ada@example.com":                         {Verdict: "Deliverable", Evidence: "valid", Mailbox: "Own"},
		"ada@gmail.com":                           {Verdict: "Deliverable", Evidence: "valid", Mailbox: "Free"},
		"ada@gmial.com":                           {Verdict: "Deliverable", Evidence: "valid", Mailbox: "Own", Suggestion: "ada@gmail.com"},
		"ada+news@example.com":                    {Verdict: "Deliverable", Evidence: "valid", Mailbox: "Own"},
		"alias_address@example.com":               {Verdict: "Deliverable", Evidence: "valid: alias_address", Mailbox: "Own"},
		"info@example.com":                        {Verdict: "Role", Evidence: "do_not_mail: role_based", Mailbox: "Own"},
		"role_based_catch_all@example.com":        {Verdict: "Role", Evidence: "do_not_mail: role_based_catch_all", Mailbox: "Own"},
		"ada@disposable.example":                  {Verdict: "Disposable", Evidence: "do_not_mail: disposable", Mailbox: "Own"},
		"toxic@example.com":                       {Verdict: "Undeliverable", Evidence: "do_not_mail: toxic"},
		"global_suppression@example.com":          {Verdict: "Undeliverable", Evidence: "do_not_mail: global_suppression"},
		"possible_trap@example.com":               {Verdict: "Undeliverable", Evidence: "do_not_mail: possible_trap"},
		"spamtrap@example.com":                    {Verdict: "Undeliverable", Evidence: "spamtrap"},
		"abuse@example.com":                       {Verdict: "Undeliverable", Evidence: "abuse"},
		"ada@acceptall.example":                   {Verdict: "AcceptAll", Evidence: "catch-all", Mailbox: "Own"},
		"ada@undeliverable.example":               {Verdict: "Undeliverable", Evidence: "invalid: mailbox_not_found"},
		"not an address":                          {Verdict: "Undeliverable", Evidence: "invalid: failed_syntax_check"},
		"possible_typo@example.com":               {Verdict: "Undeliverable", Evidence: "invalid: possible_typo"},
		"ada@unknown.example":                     {Verdict: "Unknown", Evidence: "unknown: greylisted", Mailbox: "Own"},
		"timeout_exceeded@example.com":            {Verdict: "Unknown", Evidence: "unknown: timeout_exceeded", Mailbox: "Own"},
		"mailbox_quota_exceeded@example.com":      {Verdict: "Unknown", Evidence: "invalid: mailbox_quota_exceeded", Mailbox: "Own"},
		"mail_server_did_not_respond@example.com": {Verdict: "Unknown", Evidence: "unknown: mail_server_did_not_respond", Mailbox: "Own"},
	} {
		got, err := ask(t, p, address)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", address, err, diff)
		}
	}
}

// A wrong key and an empty account are the same answer; what is said is which it is.
func TestWhyRefused(t *testing.T) {
	t.Parallel()
	noKey := &provider.Error{Class: provider.Auth, Message: "ZeroBounce does not take the API key: renew the Secret in spec.zerobounce.keySecretRef"}
	noCredits := &provider.Error{Class: provider.Auth, Message: "the ZeroBounce account has no credits left: buy some; addresses wait meanwhile, and go on within minutes of it"}

	v := newVendor(zerobounce.Options{Credits: 1})
	p := connect(t, v)
	if _, err := ask(t, p, "ada@unknown.example"); err != nil { // costs nothing
		t.Fatal(err)
	}
	if err := p.Health.CheckHealth(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := ask(t, p, "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	_, err := ask(t, p, "bob@example.com")
	if diff := cmp.Diff(noCredits, providertest.Failure(err)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(noCredits, providertest.Failure(p.Health.CheckHealth(t.Context()))); diff != "" {
		t.Errorf("health: %s", diff)
	}
	v.sandbox.SetToken(server.ZeroBounce, "another")
	_, err = ask(t, p, "bob@example.com")
	if diff := cmp.Diff(noKey, providertest.Failure(err)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(noKey, providertest.Failure(p.Health.CheckHealth(t.Context()))); diff != "" {
		t.Errorf("health: %s", diff)
	}
	// Three verifications and a refused one, each of the refused ones with a look at the credits, and three health calls.
	if s := v.sandbox.Stats()[server.ZeroBounce]; s.Calls != 9 {
		t.Errorf("%d calls", s.Calls)
	}
}
