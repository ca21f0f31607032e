package intake

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/intake/captcha"
)

// fakePipelines knows one pipeline, ns/trial.
type fakePipelines struct {
	form      v1alpha1.FormSpec
	sources   []v1alpha1.FormSource
	notSynced bool
	err       error
}

func (f fakePipelines) Synced() bool { return !f.notSynced }

func (f fakePipelines) Get(_ context.Context, namespace, name string) (*v1alpha1.ContactPipeline, error) {
	if f.err != nil || namespace != "ns" || name != "trial" {
		return nil, f.err
	}
	return &v1alpha1.ContactPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.ContactPipelineSpec{Form: f.form, Sources: f.sources},
	}, nil
}

// fakeCommitter keeps what it is given, unless it has an error.
type fakeCommitter struct {
	kept []*v1alpha1.ContactSubmission
	err  error
	fail func()
}

func (f *fakeCommitter) Commit(_ context.Context, s *v1alpha1.ContactSubmission) error {
	if f.fail != nil {
		f.fail()
	}
	if f.err == nil {
		f.kept = append(f.kept, s)
	}
	return f.err
}

// fakeContacts holds the Contacts of namespace ns by name; unreachable stands for an API server that is away.
type fakeContacts struct {
	records     map[string]*v1alpha1.Contact
	unreachable error
}

func (f fakeContacts) Get(_ context.Context, namespace, name string) (*v1alpha1.Contact, error) {
	if namespace != "ns" {
		return nil, f.unreachable
	}
	return f.records[name], f.unreachable
}

// fakeSecrets holds values by the Secret's name.
type fakeSecrets map[string][]string

func (f fakeSecrets) Lines(_ context.Context, _ string, ref v1alpha1.SecretKeyReference) ([]string, error) {
	if lines := f[ref.Name]; len(lines) > 0 {
		return lines, nil
	}
	return nil, errSecret("there is none")
}

var receivedAt = time.Date(2026, 11, 23, 10, 20, 30, 123456789, time.FixedZone("", 3600))

func testHandler(p Pipelines, c Committer) *Handler {
	h := newHandler(Handler{
		pipelines: p, committer: c, contacts: fakeContacts{}, keys: newTokenKeys("", logr.Discard()),
		secrets: fakeSecrets{}, captchas: captcha.New(http.DefaultClient, logr.Discard(), func() time.Time { return receivedAt }),
		tokenLifetime: time.Hour, maxBodyBytes: 4096, metrics: newMetrics(), log: logr.Discard(),
	})
	h.now = func() time.Time { return receivedAt }
	return h
}

// request makes a POST to the pipeline; headers are pairs.
func request(body string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/ns/trial/submissions?email=query@example.com", strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

const (
	asJSON    = "application/json"
	asForm    = "application/x-www-form-urlencoded"
	aBrowser  = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	aName     = `{"email":"ada@example.com"}`
	minForm   = "email=ada%40example.com"
	contentTy = "Content-Type"
)

func TestSubmitAnswers(t *testing.T) {
	away := &Uncommitted{RetryAfter: 7 * time.Second, Err: errors.New("away")}
	cases := map[string]struct {
		request    *http.Request
		pipelines  fakePipelines
		err        error
		fail       func()
		wantCode   int
		wantType   string
		wantHeader map[string]string
		wantBody   string
		wantKept   int
	}{
		"a program, JSON":           {request: request(aName, contentTy, asJSON), wantCode: 202, wantType: asJSON, wantBody: `"message":"Thank you"`, wantKept: 1},
		"JSON with a charset":       {request: request(aName, contentTy, "application/json; charset=UTF-8"), wantCode: 202, wantType: asJSON, wantKept: 1},
		"a script in a page, JSON":  {request: request(aName, contentTy, asJSON, "Accept", aBrowser), wantCode: 202, wantType: asJSON, wantKept: 1},
		"a program, form":           {request: request(minForm, contentTy, asForm, "Accept", "*/*"), wantCode: 202, wantType: asJSON, wantKept: 1},
		"a form that prefers JSON":  {request: request(minForm, contentTy, asForm, "Accept", "text/html;q=0.5, application/json"), wantCode: 202, wantType: asJSON, wantKept: 1},
		"a browser":                 {request: request(minForm, contentTy, asForm, "Accept", aBrowser), wantCode: 303, wantHeader: map[string]string{"Location": "/v1/ns/trial/thanks"}, wantKept: 1},
		"an address that looks bad": {request: request("email=not-an-address", contentTy, asForm), wantCode: 202, wantType: asJSON, wantKept: 1},
		"the query is no form":      {request: request("name=x", contentTy, asForm), wantCode: 422, wantType: "application/problem+json", wantBody: `"errors":[{"field":"email","message":"Enter your e-mail address."}]`},
		"a bad key": {
			request: request(`{"email":""}`, contentTy, asJSON, "Idempotency-Key", "a b"), wantCode: 422, wantType: "application/problem+json",
			wantBody: `"errors":[{"field":"email","message":"Enter your e-mail address."},{"field":"Idempotency-Key"`,
		},
		"a bad hidden key is replaced": {request: request(minForm+"&idempotencyKey=a+b", contentTy, asForm), wantCode: 202, wantType: asJSON, wantKept: 1},
		"a browser's bad form":         {request: request("email=&name=Ada", contentTy, asForm, "Accept", aBrowser), wantCode: 422, wantType: "text/html; charset=utf-8", wantBody: `value="Ada"`},
		"malformed":                    {request: request(`{"email"`, contentTy, asJSON), wantCode: 400, wantType: "application/problem+json", wantBody: "after byte 8"},
		"plain text":                   {request: request(aName, contentTy, "text/plain"), wantCode: 415, wantType: "application/problem+json", wantHeader: map[string]string{"Accept": "application/json, application/x-www-form-urlencoded, multipart/form-data"}},
		"no type":                      {request: request(aName), wantCode: 415, wantType: "application/problem+json"},
		"another charset":              {request: request(minForm, contentTy, asForm+"; charset=iso-8859-1"), wantCode: 415, wantType: "application/problem+json"},
		"compressed":                   {request: request(aName, contentTy, asJSON, "Content-Encoding", "gzip"), wantCode: 415, wantType: "application/problem+json"},
		"too large":                    {request: request(strings.Repeat("x", 4097), contentTy, asJSON), wantCode: 413, wantType: "application/problem+json", wantBody: "at most 4096 bytes"},
		"wrong method": {
			request:  httptest.NewRequest(http.MethodGet, "/v1/ns/trial/submissions", nil),
			wantCode: 405, wantType: "application/problem+json", wantHeader: map[string]string{"Allow": "POST"},
		},
		"not committed": {
			request: request(aName, contentTy, asJSON, "Idempotency-Key", "k"), err: away,
			wantCode: 503, wantType: "application/problem+json", wantHeader: map[string]string{"Retry-After": "7"}, wantBody: "Nothing you typed is lost",
		},
		"not committed, without a key": {request: request(aName, contentTy, asJSON), err: away, wantCode: 503, wantType: "application/problem+json", wantBody: "Idempotency-Key"},
		"not committed, in a browser": {
			request: request(minForm, contentTy, asForm, "Accept", aBrowser), err: away,
			wantCode: 503, wantType: "text/html; charset=utf-8", wantHeader: map[string]string{"Retry-After": "7"}, wantBody: `value="ada@example.com"`,
		},
		"pipelines not known yet": {request: request(aName, contentTy, asJSON), pipelines: fakePipelines{notSynced: true}, wantCode: 503, wantType: "application/problem+json", wantHeader: map[string]string{"Retry-After": "5"}},
		"the cache fails":         {request: request(aName, contentTy, asJSON), pipelines: fakePipelines{err: errors.New("x")}, wantCode: 503, wantType: "application/problem+json"},
		"a bug": {
			request: request(minForm, contentTy, asForm, "Accept", aBrowser), fail: func() { panic("ada@example.com") },
			wantCode: 500, wantType: "text/html; charset=utf-8", wantBody: "Something went wrong on our side",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			committer := &fakeCommitter{err: tc.err, fail: tc.fail}
			w := httptest.NewRecorder()
			testHandler(tc.pipelines, committer).ServeHTTP(w, tc.request)
			if w.Code != tc.wantCode {
				t.Errorf("code %d, want %d", w.Code, tc.wantCode)
			}
			if got := w.Header().Get(contentTy); got != tc.wantType {
				t.Errorf("content type %q, want %q", got, tc.wantType)
			}
			for header, want := range tc.wantHeader {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
			if !strings.Contains(w.Body.String(), tc.wantBody) {
				t.Errorf("body %s\nwant it to hold %s", w.Body, tc.wantBody)
			}
			if len(committer.kept) != tc.wantKept {
				t.Errorf("%d submissions kept, want %d", len(committer.kept), tc.wantKept)
			}
			for _, header := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control"} {
				if w.Header().Get(header) == "" {
					t.Errorf("no %s", header)
				}
			}
		})
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestUnreadBody(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/v1/ns/trial/submissions", brokenReader{})
	r.Header.Set(contentTy, asJSON)
	w := httptest.NewRecorder()
	testHandler(fakePipelines{}, &fakeCommitter{}).ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "send it again") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestSubmitBuildsTheObject(t *testing.T) {
	micro := metav1.NewMicroTime(receivedAt.UTC().Truncate(time.Microsecond))
	second := metav1.NewTime(micro.Time)
	cases := map[string]struct {
		request *http.Request
		form    v1alpha1.FormSpec
		want    v1alpha1.ContactSubmissionSpec
	}{
		"everything": {
			request: request(`{"name":"Ada","email":"ada@example.com","company":"Ltd","phone":"1","country":"GB","channel":"blog","page":"https://example.com/p",
				"attributes":{"plan":"pro"},"consent":{"marketing":true,"statement":"Yes"}}`, contentTy, asJSON, "User-Agent", " Browser\t1.0 ", "Referer", "https://example.com/r"),
			form: v1alpha1.FormSpec{Channel: "trial-download"},
			want: v1alpha1.ContactSubmissionSpec{
				PipelineRef: v1alpha1.LocalReference{Name: "trial"},
				Contact:     v1alpha1.ContactFields{Name: "Ada", Email: "ada@example.com", Company: "Ltd", Phone: "1", Country: "GB"},
				Attributes:  map[string]v1alpha1.AttributeValue{"plan": "pro"},
				Source:      v1alpha1.SubmissionSource{Channel: "blog", Page: "https://example.com/p", RemoteIP: "192.0.2.1", UserAgent: "Browser 1.0", ReceivedAt: &micro},
				Consent:     &v1alpha1.SubmissionConsent{Marketing: v1alpha1.ConsentGranted, Statement: "Yes", Time: &second},
			},
		},
		"defaults": {
			request: request(minForm+"&consent.marketing=off", contentTy, asForm, "Referer", "https://example.com/r#x"),
			want: v1alpha1.ContactSubmissionSpec{
				PipelineRef: v1alpha1.LocalReference{Name: "trial"},
				Contact:     v1alpha1.ContactFields{Email: "ada@example.com"},
				Source:      v1alpha1.SubmissionSource{Channel: "trial", Page: "https://example.com/r", RemoteIP: "192.0.2.1", ReceivedAt: &micro},
				Consent:     &v1alpha1.SubmissionConsent{Marketing: v1alpha1.ConsentDenied, Time: &second},
			},
		},
		"the form's channel, a long browser name": {
			request: request(aName, contentTy, asJSON, "User-Agent", strings.Repeat("ü", 600), "Referer", "about:blank"),
			form:    v1alpha1.FormSpec{Channel: "trial-download"},
			want: v1alpha1.ContactSubmissionSpec{
				PipelineRef: v1alpha1.LocalReference{Name: "trial"},
				Contact:     v1alpha1.ContactFields{Email: "ada@example.com"},
				Source:      v1alpha1.SubmissionSource{Channel: "trial-download", RemoteIP: "192.0.2.1", UserAgent: strings.Repeat("ü", 512), ReceivedAt: &micro},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			committer := &fakeCommitter{}
			testHandler(fakePipelines{form: tc.form}, committer).ServeHTTP(httptest.NewRecorder(), tc.request)
			if len(committer.kept) != 1 {
				t.Fatalf("%d submissions kept, want 1", len(committer.kept))
			}
			if diff := cmp.Diff(tc.want, committer.kept[0].Spec); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNamesOfReplays(t *testing.T) {
	post := func(r *http.Request) string {
		committer := &fakeCommitter{}
		w := httptest.NewRecorder()
		testHandler(fakePipelines{}, committer).ServeHTTP(w, r)
		var answer struct{ ID string }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(committer.kept) != 1 || committer.kept[0].Name != answer.ID {
			t.Fatalf("answer %s, kept %d", w.Body, len(committer.kept))
		}
		return answer.ID
	}
	first := post(request(aName, contentTy, asJSON, "Idempotency-Key", "k", "User-Agent", "a"))
	if again := post(request(aName, contentTy, asJSON, "Idempotency-Key", "k", "User-Agent", "b", "Referer", "https://example.com/")); again != first {
		t.Error("a replay has another name")
	}
	if other := post(request(`{"email":"b@example.com"}`, contentTy, asJSON, "Idempotency-Key", "k")); other == first {
		t.Error("a reused key with other content has the same name: it would be lost")
	}
	if a, b := post(request(aName, contentTy, asJSON)), post(request(aName, contentTy, asJSON)); a == b {
		t.Error("two submissions without a key have the same name: one would be lost")
	}
	click := minForm + "&idempotencyKey=page1"
	if a, b := post(request(click, contentTy, asForm)), post(request(click, contentTy, asForm)); a != b {
		t.Error("a double click makes two submissions")
	}
}

func TestOtherRoutes(t *testing.T) {
	cases := map[string]struct {
		method, path, accept string
		pipelines            fakePipelines
		wantCode             int
		wantBody             string
		wantAllow            string
	}{
		"healthy":                  {path: "/healthz", pipelines: fakePipelines{notSynced: true}, wantCode: 200, wantBody: "ok"},
		"ready":                    {path: "/readyz", wantCode: 200, wantBody: "ok"},
		"not ready":                {path: "/readyz", pipelines: fakePipelines{notSynced: true}, wantCode: 503, wantBody: "waiting for the list of ContactPipelines"},
		"thanks":                   {path: "/v1/ns/trial/thanks", wantCode: 200, wantBody: "We have received your message."},
		"the pipeline's thanks":    {path: "/v1/ns/trial/thanks", pipelines: fakePipelines{form: v1alpha1.FormSpec{ThankYou: "Merci <3"}}, wantCode: 200, wantBody: "Merci &lt;3"},
		"no such pipeline":         {path: "/v1/ns/other/form", wantCode: 404, wantBody: `"status":404`},
		"no such page":             {path: "/v1/ns/other/thanks", accept: aBrowser, wantCode: 404, wantBody: "<h1>Page not found</h1>"},
		"nothing there":            {path: "/", accept: aBrowser, wantCode: 404, wantBody: "<h1>Page not found</h1>"},
		"the metrics are not here": {path: "/metrics", wantCode: 404},
		"a reload after an error":  {path: "/v1/ns/trial/submissions", accept: aBrowser, wantCode: 405, wantAllow: "POST", wantBody: `<a href="form">`},
		"a post to the form":       {method: http.MethodPost, path: "/v1/ns/trial/form", wantCode: 405, wantAllow: "GET, HEAD"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, tc.path, nil)
			r.Header.Set("Accept", tc.accept)
			w := httptest.NewRecorder()
			testHandler(tc.pipelines, &fakeCommitter{}).ServeHTTP(w, r)
			if w.Code != tc.wantCode || !strings.Contains(w.Body.String(), tc.wantBody) || w.Header().Get("Allow") != tc.wantAllow {
				t.Errorf("%d, Allow %q, %s\nwant %d, %q, %s", w.Code, w.Header().Get("Allow"), w.Body, tc.wantCode, tc.wantAllow, tc.wantBody)
			}
		})
	}
}

func TestMetricsAreBounded(t *testing.T) {
	h := testHandler(fakePipelines{}, &fakeCommitter{})
	h.ServeHTTP(httptest.NewRecorder(), request(aName, contentTy, asJSON))
	for _, path := range []string{"/a", "/b", "/v1/x/y/form", "/v1/x/z/form"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	want := `
# HELP contact_intake_requests_total Requests answered, by route, status code, and the pipeline where it exists.
# TYPE contact_intake_requests_total counter
contact_intake_requests_total{code="202",namespace="ns",pipeline="trial",route="/v1/{namespace}/{pipeline}/submissions"} 1
contact_intake_requests_total{code="404",namespace="",pipeline="",route="/v1/{namespace}/{pipeline}/form"} 2
contact_intake_requests_total{code="404",namespace="",pipeline="",route="other"} 2
`
	if err := testutil.GatherAndCompare(h.metrics.registry, strings.NewReader(want), "contact_intake_requests_total"); err != nil {
		t.Error(err)
	}
}

// What counts for the objective of accepting: requests to keep a submission, by whose fault it is.
func TestSubmissionsAreCountedByTheirEnd(t *testing.T) {
	const none, trial = `namespace="",pipeline=""`, `namespace="ns",pipeline="trial"`
	post := func(body, contentType string) *http.Request { return request(body, contentTy, contentType) }
	tests := map[string]struct {
		reason    string
		pipelines fakePipelines
		committer *fakeCommitter
		full      bool
		request   *http.Request
		want      map[string]int
	}{
		"accepted":             {reason: "it is kept", request: post(aName, asJSON), want: map[string]int{trial + " Accepted": 1}},
		"without an address":   {reason: "whoever sent it has to mend it", request: post("{}", asJSON), want: map[string]int{trial + " Refused": 1}},
		"nobody can keep it":   {reason: "that is our fault", committer: &fakeCommitter{err: errors.New("away")}, request: post(aName, asJSON), want: map[string]int{trial + " Failed": 1}},
		"pipelines unknown":    {reason: "it might have been good", pipelines: fakePipelines{notSynced: true}, request: post(aName, asJSON), want: map[string]int{none + " Failed": 1}},
		"too many at a time":   {reason: "it does not even reach the router", full: true, request: post(aName, asJSON), want: map[string]int{none + " Failed": 1}},
		"a look at the form":   {reason: "nobody has sent anything", request: httptest.NewRequest(http.MethodGet, "/v1/ns/trial/form", nil), want: map[string]int{}},
		"a browser that asks":  {reason: "nobody has sent anything", request: httptest.NewRequest(http.MethodOptions, "/v1/ns/trial/submissions", nil), want: map[string]int{}},
		"no such form":         {reason: "the address is wrong", request: httptest.NewRequest(http.MethodPost, "/v1/ns/other/submissions", nil), want: map[string]int{none + " Refused": 1}},
		"an address of nobody": {reason: "nothing is kept there", request: httptest.NewRequest(http.MethodPost, "/x", nil), want: map[string]int{}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if tc.committer == nil {
				tc.committer = &fakeCommitter{}
			}
			h := testHandler(tc.pipelines, tc.committer)
			for tc.full && len(h.requests) < cap(h.requests) {
				h.requests <- struct{}{}
			}
			h.ServeHTTP(httptest.NewRecorder(), tc.request)
			got := map[string]int{}
			for _, labels := range []struct{ shown, namespace, pipeline string }{{none, "", ""}, {trial, "ns", "trial"}} {
				for _, result := range []string{resultAccepted, resultRefused, resultFailed} {
					if n := testutil.ToFloat64(h.metrics.submissions.WithLabelValues(labels.namespace, labels.pipeline, result)); n > 0 {
						got[labels.shown+" "+result] = int(n)
					}
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: %s", tc.reason, diff)
			}
		})
	}
}
