package intake

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/utils/ptr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

const asMultipart = "multipart/form-data; boundary=x"

// TestFormsAreSentBack: whatever is wrong, a person gets the form again with what was typed, and can mend it.
func TestFormsAreSentBack(t *testing.T) {
	required := v1alpha1.FormSpec{Fields: []v1alpha1.FormField{
		{Name: "name", Answer: v1alpha1.AnswerRequired},
		{Name: "email"},
		{Name: "attributes.plan", Label: "Plan", Type: v1alpha1.FieldChoice, Answer: v1alpha1.AnswerRequired, Choices: []v1alpha1.FormChoice{{Value: "pro"}, {Value: "free", Label: "Free"}}},
		{Name: "attributes.note", Type: v1alpha1.FieldLines},
	}}
	cases := map[string]struct {
		form     v1alpha1.FormSpec
		body     string
		headers  []string
		wantCode int
		wantPage []string
		wantKept int
	}{
		"required fields": {
			form: required, body: "email=ada@example.com&name=&attributes.plan=&attributes.note=one%0D%0Atwo", wantCode: 422,
			wantPage: []string{`id="name-error">Please fill in this field.`, `id="field-2-error">Please fill in this field.`, `value="ada@example.com"`, "one\ntwo</textarea>", `<a href="#field-2">Plan</a>`},
		},
		"a choice that is no longer offered is kept": {
			form: required, body: "email=ada@example.com&name=Ada&attributes.plan=gold", wantCode: 303, wantKept: 1,
		},
		"a choice that is no longer offered is shown again": {
			form: required, body: "email=&name=Ada&attributes.plan=gold", wantCode: 422,
			wantPage: []string{`<option value="gold" selected>gold</option>`, `<option value="free">Free</option>`},
		},
		"values that the form does not ask for travel on": {
			form: v1alpha1.FormSpec{Fields: []v1alpha1.FormField{{Name: "email"}}}, body: "email=&phone=1&attributes.x=y", wantCode: 422,
			wantPage: []string{`<input type="hidden" name="phone" value="1">`, `<input type="hidden" name="attributes.x" value="y">`},
		},
		"the trap, with what autofill put there": {
			body: "email=ada@example.com&" + trapField + "=https://spam.example", wantCode: 422,
			wantPage: []string{`value="ada@example.com"`, leaveEmpty, `name="contact_homepage_url" type="text" value=""`},
		},
		"a file": {
			body:    multipartBody(part{`name="email"`, "ada@example.com"}, part{`name="cv"; filename="cv.pdf"`, "x"}),
			headers: []string{contentTy, asMultipart}, wantCode: 422,
			wantPage: []string{`value="ada@example.com"`, "cv: <span>Files are not taken here."},
		},
		"multipart": {
			body:    multipartBody(part{`name="email"`, "ada@example.com"}),
			headers: []string{contentTy, asMultipart}, wantCode: 303, wantKept: 1,
		},
		"another site": {
			form: v1alpha1.FormSpec{AllowedOrigins: []string{"https://www.example.com"}}, body: minForm,
			headers: []string{"Origin", "https://evil.example"}, wantCode: 403, wantPage: []string{"be sent from the site that you came from"},
		},
		"in German": {
			form: required, body: "email=&name=Ada", headers: []string{"Accept-Language", "de"}, wantCode: 422,
			wantPage: []string{`<html lang="en"`}, // the form has words of its own
		},
		"in German, the intake's words": {
			body: "email=", headers: []string{"Accept-Language", "de"}, wantCode: 422,
			wantPage: []string{`<html lang="de"`, "Geben Sie Ihre E-Mail-Adresse ein.", "Bitte prüfen Sie Ihre Eingaben"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			committer := &fakeCommitter{}
			r := request(tc.body, contentTy, asForm, "Accept", aBrowser)
			for i := 0; i < len(tc.headers); i += 2 {
				r.Header.Set(tc.headers[i], tc.headers[i+1])
			}
			w := httptest.NewRecorder()
			testHandler(fakePipelines{form: tc.form}, committer).ServeHTTP(w, r)
			if w.Code != tc.wantCode || len(committer.kept) != tc.wantKept {
				t.Errorf("code %d, %d kept; want %d, %d", w.Code, len(committer.kept), tc.wantCode, tc.wantKept)
			}
			for _, want := range tc.wantPage {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("want the page to hold %s", want)
				}
			}
			if t.Failed() {
				t.Log(w.Body)
			}
		})
	}
}

// TestProgramsAreBoundToTheContractAlone: what a form requires is asked of people, who can answer.
func TestProgramsAreBoundToTheContractAlone(t *testing.T) {
	form := v1alpha1.FormSpec{Fields: []v1alpha1.FormField{{Name: "email"}, {Name: "name", Answer: v1alpha1.AnswerRequired}}, RedirectURL: "https://example.com/x"}
	for name, r := range map[string]*http.Request{
		"JSON":   request(aName, contentTy, asJSON),
		"a form": request(minForm, contentTy, asForm),
	} {
		w := httptest.NewRecorder()
		testHandler(fakePipelines{form: form}, &fakeCommitter{}).ServeHTTP(w, r)
		if w.Code != http.StatusAccepted || !strings.Contains(w.Body.String(), `"redirectURL":"https://example.com/x"`) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestOverTheLimit(t *testing.T) {
	cases := map[string]struct {
		limits   v1alpha1.FormLimits
		reason   string
		wantText string
	}{
		"of the client":   {v1alpha1.FormLimits{ClientPerMinute: ptr.To[int32](2)}, refusedClient, "from your network. Nothing you typed is lost: please send it again in 30 seconds."},
		"of the pipeline": {v1alpha1.FormLimits{PipelinePerMinute: ptr.To[int32](2)}, refusedCap, "Very many people are sending this form. Nothing you typed is lost: please send it again in 30 seconds."},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			committer := &fakeCommitter{}
			h := testHandler(fakePipelines{form: v1alpha1.FormSpec{Limits: &tc.limits}}, committer)
			for range 2 {
				h.ServeHTTP(httptest.NewRecorder(), request(aName, contentTy, asJSON))
			}
			program, page := httptest.NewRecorder(), httptest.NewRecorder()
			h.ServeHTTP(program, request(aName, contentTy, asJSON))
			h.ServeHTTP(page, request(minForm+"&idempotencyKey=k", contentTy, asForm, "Accept", aBrowser))
			for _, w := range []*httptest.ResponseRecorder{program, page} {
				if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "30" || !strings.Contains(w.Body.String(), tc.wantText) {
					t.Errorf("%d, Retry-After %q, %s", w.Code, w.Header().Get("Retry-After"), w.Body)
				}
			}
			if body := page.Body.String(); !strings.Contains(body, `value="ada@example.com"`) || !strings.Contains(body, `value="k"`) {
				t.Errorf("what was typed, or its key, is gone: %s", body)
			}
			if len(committer.kept) != 2 {
				t.Errorf("%d kept, want 2", len(committer.kept))
			}
			if n := testutil.ToFloat64(h.metrics.refused.WithLabelValues("ns", "trial", tc.reason)); n != 2 {
				t.Errorf("%v counted, want 2", n)
			}
		})
	}
}

// TestPolicyNamesTheRedirect: browsers refuse to follow a form's redirect to a site that the policy does not name.
func TestPolicyNamesTheRedirect(t *testing.T) {
	form := v1alpha1.FormSpec{RedirectURL: "https://www.example.com:8443/x?y", AllowedOrigins: []string{"*", "https://blog.example"}}
	w := httptest.NewRecorder()
	testHandler(fakePipelines{form: form}, &fakeCommitter{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/ns/trial/form", nil))
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"form-action 'self' https://www.example.com:8443;", "frame-ancestors 'self' https://blog.example", "default-src 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %s, want it to hold %s", policy, want)
		}
	}
}
