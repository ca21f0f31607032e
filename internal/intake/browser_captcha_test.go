package intake

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// widgetScript does what a captcha's script does: it shows a frame of its own site in the widget, and puts a token into the form.
const widgetScript = `for (const e of document.querySelectorAll('.cf-turnstile, .h-captcha')) {
	const frame = document.createElement('iframe');
	frame.src = 'https://%[1]s/frame'; frame.title = 'captcha'; frame.style.width = '300px'; frame.style.height = '65px';
	const token = document.createElement('input');
	token.type = 'hidden'; token.name = %[2]q; token.value = 'good';
	e.append(frame, token);
	frame.addEventListener('load', () => { document.body.dataset.solved = 'yes'; });
}`

// TestBrowserCaptcha shows the form with a captcha in a browser with JavaScript, to which a stand-in is the captcha's site: the
// page's policy has to admit script and frame, or the browser complains.
func TestBrowserCaptcha(t *testing.T) {
	for kind, tc := range map[v1alpha1.CaptchaType]struct{ site, field string }{
		v1alpha1.CaptchaTurnstile: {"challenges.cloudflare.com", "cf-turnstile-response"},
		v1alpha1.CaptchaHCaptcha:  {"js.hcaptcha.com", "h-captcha-response"},
	} {
		t.Run(string(kind), func(t *testing.T) {
			theirs := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/frame" {
					w.Header().Set(contentTy, "text/html")
					_, _ = fmt.Fprint(w, "<!DOCTYPE html><title>captcha</title><p>I am a person")
					return
				}
				w.Header().Set(contentTy, "text/javascript")
				_, _ = fmt.Fprintf(w, widgetScript, tc.site, tc.field)
			}))
			t.Cleanup(theirs.Close)
			b := openTab(t, smallest, "en", chromedp.Flag("host-resolver-rules", "MAP "+tc.site+":443 "+strings.TrimPrefix(theirs.URL, "https://")))
			b.run(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
				_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
				return err
			}))
			s, base := serveCaptcha(t, kind)
			b.open(base + "form")
			b.run(chromedp.WaitVisible(chromedp.CSS("body[data-solved]")))
			b.picture("solved")
			b.fits()
			b.fill("#email", "ada@example.com")
			b.click("button", ".done")
			kept := s.committer.kept
			if len(kept) != 1 || kept[0].Spec.Source.Suspicion != "" {
				t.Errorf("%d kept, of which the first is suspected: %q", len(kept), kept[0].Spec.Source.Suspicion)
			}
		})
	}
}

// TestBrowserCaptchaWithoutScript: a browser without JavaScript shows nothing of the captcha, sends the form, and says why there
// is no token.
func TestBrowserCaptchaWithoutScript(t *testing.T) {
	b := openTab(t, phone, "en")
	s, base := serveCaptcha(t, v1alpha1.CaptchaTurnstile)
	b.open(base + "form")
	b.picture("form")
	b.fits()
	if height := ask[float64](b, "document.querySelector('.captcha').getBoundingClientRect().height"); height != 0 {
		t.Errorf("%v pixels are left blank for nothing", height)
	}
	b.fill("#email", "ada@example.com")
	b.click("button", ".done")
	if kept := s.committer.kept; len(kept) != 1 || kept[0].Spec.Source.Suspicion != v1alpha1.SuspicionWithoutScript {
		t.Errorf("%+v", kept)
	}
}

// serveCaptcha makes an intake with a captcha that a browser can reach.
func serveCaptcha(t *testing.T, kind v1alpha1.CaptchaType) (*site, string) {
	t.Helper()
	s, _ := captchaSite(t, kind)
	s.Handler.now = time.Now
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL + "/v1/ns/trial/"
}
