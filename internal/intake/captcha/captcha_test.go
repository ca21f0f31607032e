package captcha

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// stand is a captcha service.
type stand struct {
	mu    sync.Mutex
	asked []url.Values
	types []string
	hosts []string
	// answer decides; by default every token is good.
	answer func(form url.Values) (status int, body string, err error)
	// slow is how long it takes.
	slow time.Duration
}

func (s *stand) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.asked, s.types, s.hosts = append(s.asked, form), append(s.types, r.Header.Get("Content-Type")), append(s.hosts, r.URL.String())
	answer, slow := s.answer, s.slow
	s.mu.Unlock()
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	status, text := 200, `{"success":true,"hostname":"example.com"}`
	if answer != nil {
		if status, text, err = answer(form); err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

func (s *stand) set(slow time.Duration, answer func(url.Values) (int, string, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow, s.answer = slow, answer
}

func (s *stand) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func says(status int, body string) func(url.Values) (int, string, error) {
	return func(url.Values) (int, string, error) { return status, body, nil }
}

func away(url.Values) (int, string, error) { return 0, "", errors.New("connection refused") }

// newServices returns what asks the stand-in, and what it has logged.
func newServices(s *stand) (*Services, func() string) {
	var mu sync.Mutex
	var lines []string
	log := funcr.New(func(_, args string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, args)
	}, funcr.Options{})
	return New(&http.Client{Transport: s}, log, time.Now), func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(lines, "\n")
	}
}

func turnstile() *v1alpha1.FormCaptcha {
	return &v1alpha1.FormCaptcha{Type: v1alpha1.CaptchaTurnstile, SiteKey: "site"}
}

func hcaptcha() *v1alpha1.FormCaptcha {
	return &v1alpha1.FormCaptcha{Type: v1alpha1.CaptchaHCaptcha, SiteKey: "site"}
}

func TestVerdicts(t *testing.T) {
	fails := func(codes string) func(url.Values) (int, string, error) {
		return says(200, `{"success":false,"error-codes":[`+codes+`]}`)
	}
	cases := map[string]struct {
		reason  string
		captcha *v1alpha1.FormCaptcha
		token   string // "token" unless said; "-" for none
		secret  string
		answer  func(url.Values) (int, string, error)
		want    Verdict
		wantLog string
		unasked bool
	}{
		"good": {reason: "a person", want: Good},
		"hostname that counts": {
			reason: "the form may be solved there", want: Good,
			captcha: &v1alpha1.FormCaptcha{Type: v1alpha1.CaptchaTurnstile, Hostnames: []string{"example.com"}},
		},
		"another hostname": {
			reason: "a token of somebody else's site", want: Bad,
			captcha: &v1alpha1.FormCaptcha{Type: v1alpha1.CaptchaTurnstile, Hostnames: []string{"www.example.com"}},
		},
		"our action":       {reason: "made for our form", answer: says(200, `{"success":true,"action":"contact"}`), want: Good},
		"another action":   {reason: "made for another form of the same site", answer: says(200, `{"success":true,"action":"login"}`), want: Bad},
		"not a token":      {reason: "Turnstile", answer: fails(`"invalid-input-response"`), want: Bad},
		"used before":      {reason: "Turnstile", answer: fails(`"timeout-or-duplicate"`), want: Bad},
		"expired":          {reason: "hCaptcha", captcha: hcaptcha(), answer: fails(`"expired-input-response"`), want: Bad},
		"seen before":      {reason: "hCaptcha", captcha: hcaptcha(), answer: fails(`"already-seen-response"`), want: Bad},
		"an answer of 400": {reason: "some refusals have a status of their own", answer: says(400, `{"success":false,"error-codes":["invalid-input-response"]}`), want: Bad},
		"too long":         {reason: "no service makes such a token", token: strings.Repeat("x", MaxToken+1), want: Bad, unasked: true},
		"none":             {reason: "the service is there: it could have made one", token: "-", answer: fails(`"missing-input-response"`), want: Missing},
		"none, and good":   {reason: "nobody's token is no person's", token: "-", want: Missing},
		"none, and the service away": {
			reason: "the visitor's browser could not get one either: nobody is held up by an outage",
			token:  "-", answer: away, want: Unknown,
		},
		"away":                  {reason: "an outage loses nobody", answer: away, want: Unknown},
		"internal-error":        {reason: "it may be better next time", answer: fails(`"internal-error"`), want: Unknown},
		"unheard-of":            {reason: "a code that nobody knows condemns nobody", answer: fails(`"new-code"`), want: Unknown},
		"no code":               {reason: "nor does none", answer: fails(``), want: Unknown},
		"a page":                {reason: "a proxy's error", answer: says(200, "<html>"), want: Unknown},
		"an empty object":       {reason: "says nothing", answer: says(200, "{}"), want: Unknown},
		"503":                   {reason: "whatever its body says", answer: says(503, `{"success":false,"error-codes":["invalid-input-response"]}`), want: Unknown},
		"a wrong secret":        {reason: "the administrator's fault is not the visitor's", answer: fails(`"invalid-input-secret"`), want: Unknown, wantLog: "check the Secret"},
		"keys that don't match": {reason: "likewise", captcha: hcaptcha(), answer: fails(`"sitekey-secret-mismatch"`), want: Unknown, wantLog: "do not belong together"},
		"a wrong secret, and more": {
			reason: "what is said about the token does not count then",
			answer: fails(`"invalid-input-response","invalid-input-secret"`), want: Unknown, wantLog: "check the Secret",
		},
		"no secret":     {reason: "nothing can be asked", secret: "-", want: Unknown, wantLog: "not known", unasked: true},
		"a test secret": {reason: "it would let everybody pass without a word", secret: testSecrets[0], want: Unknown, wantLog: "for tests", unasked: true},
		"a test secret, with a stand-in": {
			reason: "that is what it is for", secret: testSecrets[0], want: Good,
			captcha: &v1alpha1.FormCaptcha{Type: v1alpha1.CaptchaTurnstile, URL: "http://stand.example/siteverify"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			stand := &stand{answer: tc.answer}
			s, log := newServices(stand)
			q := Question{Captcha: turnstile(), Secret: "secret", Token: "token", Submission: "id"}
			if tc.captcha != nil {
				q.Captcha = tc.captcha
			}
			for from, into := range map[string]*string{tc.token: &q.Token, tc.secret: &q.Secret} {
				if from == "-" {
					*into = ""
				} else if from != "" {
					*into = from
				}
			}
			if got := s.Ask(t.Context(), q); got != tc.want {
				t.Errorf("%s, want %s: %s", got, tc.want, tc.reason)
			}
			if (stand.count() == 0) != tc.unasked {
				t.Errorf("asked %d times", stand.count())
			}
			if tc.wantLog != "" {
				s.Ask(t.Context(), Question{Captcha: q.Captcha, Secret: q.Secret, Token: q.Token, Submission: "another"})
			}
			if got := log(); (tc.wantLog == "" && got != "") || strings.Count(got, tc.wantLog) != 1 && tc.wantLog != "" || strings.Contains(got, "token\"=") {
				t.Errorf("logged %q, want once: %q", got, tc.wantLog)
			}
		})
	}
}

// TestQuestions: what each service wants to be asked.
func TestQuestions(t *testing.T) {
	stand := &stand{}
	s, _ := newServices(stand)
	ask := func(c *v1alpha1.FormCaptcha, token, id string) {
		s.answers = newAnswered(time.Now) // as another replica would ask
		s.Ask(t.Context(), Question{Captcha: c, Secret: "secret", Token: token, Submission: id})
	}
	ask(turnstile(), "t", "1")
	ask(turnstile(), "t", "1")
	ask(turnstile(), "t", "2")
	ask(hcaptcha(), "t", "1")

	keys := map[string]int{}
	for _, form := range stand.asked[:3] {
		keys[form.Get("idempotency_key")]++
		if form.Get("secret") != "secret" || form.Get("response") != "t" || form.Has("sitekey") || form.Has("remoteip") {
			t.Errorf("Turnstile was asked %v", form)
		}
	}
	if len(keys) != 2 || len(stand.asked[0].Get("idempotency_key")) != 36 || stand.asked[0].Get("idempotency_key") != stand.asked[1].Get("idempotency_key") {
		t.Errorf("one key for each submission, the same in every replica: %v", keys)
	}
	if h := stand.asked[3]; h.Get("sitekey") != "site" || h.Has("idempotency_key") {
		t.Errorf("hCaptcha was asked %v", h)
	}
	want := []string{"https://challenges.cloudflare.com/turnstile/v0/siteverify", "https://api.hcaptcha.com/siteverify"}
	if stand.hosts[0] != want[0] || stand.hosts[3] != want[1] {
		t.Errorf("asked at %v", stand.hosts)
	}
	for _, contentType := range stand.types {
		if contentType != "application/x-www-form-urlencoded" {
			t.Errorf("asked in %s, which hCaptcha refuses", contentType)
		}
	}
}

// TestTheSameSubmissionAgain: a token is good once; a double click and a form that is sent again are the same submission.
func TestTheSameSubmissionAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		used := map[string]bool{}
		stand := &stand{slow: 100 * time.Millisecond}
		stand.answer = func(form url.Values) (int, string, error) {
			stand.mu.Lock()
			defer stand.mu.Unlock()
			if used[form.Get("response")] {
				return 200, `{"success":false,"error-codes":["already-seen-response"]}`, nil
			}
			used[form.Get("response")] = true
			return 200, `{"success":true}`, nil
		}
		s, _ := newServices(stand)
		ask := func(id string) Verdict {
			return s.Ask(t.Context(), Question{Captcha: hcaptcha(), Secret: "secret", Token: "t", Submission: id})
		}
		var clicks [2]Verdict
		var wg sync.WaitGroup
		for i := range clicks {
			wg.Go(func() { clicks[i] = ask("a") })
		}
		wg.Wait()
		if clicks != [2]Verdict{Good, Good} || stand.count() != 1 {
			t.Errorf("a double click: %v, asked %d times", clicks, stand.count())
		}
		if got := ask("a"); got != Good {
			t.Errorf("sent again: %s", got)
		}
		if got := ask("b"); got != Bad {
			t.Errorf("a second submission with a token that was used: %s", got)
		}
		time.Sleep(answerLife + time.Second) //nolint:forbidigo // the bubble's clock
		if got := ask("a"); got != Bad {
			t.Errorf("long after: %s; nothing is remembered for ever", got)
		}
	})
}

// TestAnOutageCostsNobodyTime: three visitors wait two seconds each; all others, and whoever finds out that the service is back,
// wait for nothing.
func TestAnOutageCostsNobodyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stand := &stand{slow: time.Hour}
		s, log := newServices(stand)
		asks := 0
		ask := func(want Verdict, atMost time.Duration) {
			t.Helper()
			asks++
			start := time.Now()
			got := s.Ask(t.Context(), Question{Captcha: turnstile(), Secret: "secret", Token: "t", Submission: strings.Repeat("i", asks)})
			if took := time.Since(start); got != want || took > atMost {
				t.Errorf("%d: %s after %s, want %s within %s", asks, got, took, want, atMost)
			}
		}
		for range opensAfter {
			ask(Unknown, deadline)
		}
		for range 50 {
			ask(Unknown, 0)
		}
		if stand.count() != opensAfter || strings.Count(log(), "does not answer") != 1 {
			t.Errorf("asked %d times; logged %s", stand.count(), log())
		}

		// One probe, for which nobody waits; it fails, and the next rest is twice as long.
		time.Sleep(firstRest) //nolint:forbidigo // the bubble's clock
		ask(Unknown, 0)
		ask(Unknown, 0)
		s.Wait()
		if stand.count() != opensAfter+1 {
			t.Errorf("%d probes at a time", stand.count()-opensAfter)
		}
		time.Sleep(firstRest) //nolint:forbidigo // the bubble's clock
		ask(Unknown, 0)
		synctest.Wait()
		if stand.count() != opensAfter+1 {
			t.Error("probed too soon")
		}

		// It is back: the next probe finds out, and everybody is checked again.
		stand.set(0, nil)
		time.Sleep(firstRest) //nolint:forbidigo // the bubble's clock
		ask(Unknown, 0)
		s.Wait()
		ask(Good, deadline)
		if !strings.Contains(log(), "answers again") {
			t.Errorf("logged %s", log())
		}
	})
}

// TestNoTokenWhileTheServiceIsThere: programs that send no token don't keep the service busy.
func TestNoTokenWhileTheServiceIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stand := &stand{}
		s, _ := newServices(stand)
		s.Ask(t.Context(), Question{Captcha: turnstile(), Secret: "secret", Token: "t", Submission: "a"})
		for range 10 {
			if got := s.Ask(t.Context(), Question{Captcha: turnstile(), Secret: "secret", Submission: "b"}); got != Missing {
				t.Errorf("%s", got)
			}
		}
		if stand.count() != 1 {
			t.Errorf("asked %d times", stand.count())
		}
		time.Sleep(lately) //nolint:forbidigo // the bubble's clock
		stand.set(0, away)
		if got := s.Ask(t.Context(), Question{Captcha: turnstile(), Secret: "secret", Submission: "c"}); got != Unknown {
			t.Errorf("the service is away: %s", got)
		}
	})
}

// TestASlowServiceIsNotQueuedFor: beyond so many questions at a time, nobody waits.
func TestASlowServiceIsNotQueuedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stand := &stand{slow: time.Second}
		s, _ := newServices(stand)
		var wg sync.WaitGroup
		verdicts := make([]Verdict, inFlight+5)
		for i := range verdicts {
			wg.Go(func() {
				verdicts[i] = s.Ask(t.Context(), Question{Captcha: turnstile(), Secret: "secret", Token: "t", Submission: strings.Repeat("i", i)})
			})
		}
		wg.Wait()
		unknown := 0
		for _, v := range verdicts {
			if v == Unknown {
				unknown++
			}
		}
		if unknown != 5 || stand.count() != inFlight {
			t.Errorf("%d not asked, %d asked", unknown, stand.count())
		}
	})
}
