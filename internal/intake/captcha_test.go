package intake

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/intake/captcha"
)

// captchaSite is an intake whose form has a captcha, checked by a stand-in: the token "good" is good.
func captchaSite(t *testing.T, kind v1alpha1.CaptchaType, change ...func(*v1alpha1.FormCaptcha)) (*site, *httptest.Server) {
	t.Helper()
	stand := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.PostFormValue("response") {
		case "good":
			_, _ = fmt.Fprint(w, `{"success":true}`)
		case "":
			_, _ = fmt.Fprint(w, `{"success":false,"error-codes":["missing-input-response"]}`)
		default:
			_, _ = fmt.Fprint(w, `{"success":false,"error-codes":["invalid-input-response"]}`)
		}
	}))
	t.Cleanup(stand.Close)
	c := &v1alpha1.FormCaptcha{Type: kind, SiteKey: "site-key", SecretRef: v1alpha1.SecretKeyReference{Name: "captcha", Key: "k"}, URL: stand.URL}
	for _, f := range change {
		f(c)
	}
	s := newSite(v1alpha1.FormSpec{Captcha: c})
	s.secrets = fakeSecrets{"captcha": {"a secret"}}
	s.captchas = captcha.New(httpx.New(httpx.Options{AllowLoopback: true}), logr.Discard(), func() time.Time { return s.now })
	t.Cleanup(s.captchas.Wait)
	return s, stand
}

func TestSuspicion(t *testing.T) {
	hold := func(c *v1alpha1.FormCaptcha) { c.WithoutScript = v1alpha1.CaptchaHold }
	const turnstileToken, hcaptchaToken = "&cf-turnstile-response=", "&h-captcha-response="
	cases := map[string]struct {
		reason  string
		kind    v1alpha1.CaptchaType
		change  func(*v1alpha1.FormCaptcha)
		request *http.Request
		prepare func(s *site, stand *httptest.Server)
		want    v1alpha1.Suspicion
	}{
		"a person":                  {reason: "the service says so", request: request(minForm+turnstileToken+"good", contentTy, asForm)},
		"a person, hCaptcha":        {reason: "its own field", kind: v1alpha1.CaptchaHCaptcha, request: request(minForm+hcaptchaToken+"good", contentTy, asForm)},
		"another service's token":   {reason: "it is not this one's", kind: v1alpha1.CaptchaHCaptcha, request: request(minForm+turnstileToken+"good", contentTy, asForm), want: v1alpha1.SuspicionMissing},
		"a bad token":               {reason: "kept, held", request: request(minForm+turnstileToken+"bad", contentTy, asForm), want: v1alpha1.SuspicionFailed},
		"no token":                  {reason: "kept, held", request: request(minForm, contentTy, asForm), want: v1alpha1.SuspicionMissing},
		"no JavaScript":             {reason: "no service could tell", request: request(minForm+"&captchaWithoutScript=yes", contentTy, asForm), want: v1alpha1.SuspicionWithoutScript},
		"no JavaScript, held":       {reason: "the pipeline says so", change: hold, request: request(minForm+"&captchaWithoutScript=yes", contentTy, asForm), want: v1alpha1.SuspicionMissing},
		"no JavaScript and a token": {reason: "a token counts", request: request(minForm+"&captchaWithoutScript=yes"+turnstileToken+"bad", contentTy, asForm), want: v1alpha1.SuspicionFailed},
		"JSON with a token":         {reason: "in a header", request: request(aName, contentTy, asJSON, captchaHeader, "good")},
		"JSON without":              {reason: "another way in is no way around", request: request(aName, contentTy, asJSON), want: v1alpha1.SuspicionMissing},
		"the service is away": {
			reason: "accepted, with a flag", request: request(minForm+turnstileToken+"good", contentTy, asForm),
			prepare: func(_ *site, stand *httptest.Server) { stand.Close() }, want: v1alpha1.SuspicionUnchecked,
		},
		"no Secret": {
			reason: "accepted, with a flag: the administrator's fault loses nobody", request: request(minForm+turnstileToken+"bad", contentTy, asForm),
			prepare: func(s *site, _ *httptest.Server) { s.secrets = fakeSecrets{} }, want: v1alpha1.SuspicionUnchecked,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			kind := tc.kind
			if kind == "" {
				kind = v1alpha1.CaptchaTurnstile
			}
			change := tc.change
			if change == nil {
				change = func(*v1alpha1.FormCaptcha) {}
			}
			s, stand := captchaSite(t, kind, change)
			if tc.prepare != nil {
				tc.prepare(s, stand)
			}
			if w := s.do(tc.request); w.Code != http.StatusAccepted {
				t.Fatalf("%d %s: nobody is refused", w.Code, w.Body)
			}
			kept := s.committer.kept[0].Spec
			if kept.Source.Suspicion != tc.want {
				t.Errorf("%q, want %q: %s", kept.Source.Suspicion, tc.want, tc.reason)
			}
			if len(kept.Attributes) > 0 {
				t.Errorf("a token is kept: %v", kept.Attributes)
			}
			if tc.want != "" && testutil.ToFloat64(s.metrics.suspected.WithLabelValues("ns", "trial", string(tc.want))) != 1 {
				t.Error("not counted")
			}
		})
	}
}

// TestCaptchaComesLast: what is sent back to be mended has spent no token, and the trap does what it does without a captcha.
func TestCaptchaComesLast(t *testing.T) {
	s, _ := captchaSite(t, v1alpha1.CaptchaTurnstile)
	s.captchas = nil // asking it would panic
	for _, body := range []string{"email=&cf-turnstile-response=good", minForm + "&contact_homepage_url=x&cf-turnstile-response=good"} {
		if w := s.do(request(body, contentTy, asForm, "Accept", aBrowser)); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", body, w.Code)
		}
	}
}

// TestSentAgainIsTheSame: the name does not depend on what the captcha service says, so a form that is sent again with another
// token is still the same submission.
func TestSentAgainIsTheSame(t *testing.T) {
	s, _ := captchaSite(t, v1alpha1.CaptchaTurnstile)
	for _, token := range []string{"good", "bad", "good"} {
		s.do(request(minForm+"&idempotencyKey=k&cf-turnstile-response="+token, contentTy, asForm))
	}
	kept := s.committer.kept
	if len(kept) != 3 || kept[0].Name != kept[1].Name || kept[1].Name != kept[2].Name {
		t.Errorf("%d names that differ", len(kept))
	}
}

func TestFormWithACaptcha(t *testing.T) {
	cases := map[v1alpha1.CaptchaType]struct{ class, script, policy string }{
		v1alpha1.CaptchaTurnstile: {
			"captcha cf-turnstile", "https://challenges.cloudflare.com/turnstile/v0/api.js",
			"; script-src https://challenges.cloudflare.com; frame-src https://challenges.cloudflare.com; form-action 'self'",
		},
		v1alpha1.CaptchaHCaptcha: {
			"captcha h-captcha", "https://js.hcaptcha.com/1/api.js",
			"; script-src https://hcaptcha.com https://*.hcaptcha.com; frame-src https://hcaptcha.com https://*.hcaptcha.com; connect-src https://hcaptcha.com https://*.hcaptcha.com; form-action 'self'",
		},
	}
	for kind, tc := range cases {
		t.Run(string(kind), func(t *testing.T) {
			s, _ := captchaSite(t, kind)
			pages := map[string]*httptest.ResponseRecorder{
				"form":  s.do(httptest.NewRequest(http.MethodGet, "/v1/ns/trial/form", nil)),
				"again": s.do(request("email=", contentTy, asForm, "Accept", aBrowser)),
			}
			for name, w := range pages {
				var scripts, widgets []string
				for _, n := range browser(t, w.Body.String()) {
					if class, _ := attr(n, "class"); class == tc.class {
						key, _ := attr(n, "data-sitekey")
						widgets = append(widgets, key)
					}
					if n.Data == "script" {
						address, _ := attr(n, "src")
						scripts = append(scripts, address)
						if n.FirstChild != nil {
							t.Errorf("%s: a script in the page, which its policy forbids", name)
						}
					}
				}
				if len(scripts) != 1 || scripts[0] != tc.script || len(widgets) != 1 || widgets[0] != "site-key" {
					t.Errorf("%s: scripts %q, widgets %q", name, scripts, widgets)
				}
				policy := w.Header().Get("Content-Security-Policy")
				if !strings.Contains(policy, tc.policy) || strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'; ") {
					t.Errorf("%s: %s", name, policy)
				}
				if !admits(t, policy, tc.script) {
					t.Errorf("%s: the policy does not admit the page's own script: %s", name, policy)
				}
				if !strings.Contains(w.Body.String(), `<noscript><input type="hidden" name="captchaWithoutScript" value="yes"></noscript>`) {
					t.Errorf("%s: a browser without JavaScript can't say so", name)
				}
			}
			// No other page of the pipeline admits any script.
			for _, address := range []string{"/v1/ns/trial/thanks", "/v1/ns/trial/nothing"} {
				if policy := s.do(httptest.NewRequest(http.MethodGet, address, nil)).Header().Get("Content-Security-Policy"); strings.Contains(policy, "script-src") {
					t.Errorf("%s: %s", address, policy)
				}
			}
		})
	}
	plain := newSite(v1alpha1.FormSpec{}).do(httptest.NewRequest(http.MethodGet, "/v1/ns/trial/form", nil))
	if strings.Contains(plain.Body.String(), "<script") || strings.Contains(plain.Header().Get("Content-Security-Policy"), "script-src") {
		t.Error("a form without a captcha has a script")
	}
}

// admits tells whether a policy's script-src has the host of an address.
func admits(t *testing.T, policy, address string) bool {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(policy, "script-src ")
	sources, _, _ := strings.Cut(rest, ";")
	for source := range strings.FieldsSeq(sources) {
		host := strings.TrimPrefix(source, "https://")
		if suffix, wild := strings.CutPrefix(host, "*"); host == u.Host || wild && strings.HasSuffix(u.Host, suffix) {
			return true
		}
	}
	return false
}
