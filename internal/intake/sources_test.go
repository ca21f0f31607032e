package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

func hmac256(key string, parts ...string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	for _, p := range parts {
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

func typeformHeaders(body, key string) []string {
	return []string{contentTy, asJSON, "Typeform-Signature", "sha256=" + base64.StdEncoding.EncodeToString(hmac256(key, body))}
}

func toSource(body string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/ns/trial/sources/tool", strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// toolSite is an intake with one source, called tool, whose secret is s3cret.
func toolSite(spec v1alpha1.FormSource) *site {
	s := newSite(v1alpha1.FormSpec{})
	spec.Name, spec.SecretRef = "tool", v1alpha1.SecretKeyReference{Name: "tool", Key: "k"}
	s.pipelines = fakePipelines{sources: []v1alpha1.FormSource{spec}}
	s.secrets = fakeSecrets{"tool": {"s3cret"}}
	return s
}

const typeformBody = `{"event_id":"01HE","event_type":"form_response","form_response":{"token":"t1","submitted_at":"2026-11-23T09:15:02Z",
	"definition":{"fields":[{"id":"c","title":"May we write to you?"}]},
	"answers":[{"type":"email","email":"ada@example.com","field":{"id":"e","ref":"mail"}},
		{"type":"text","text":"Ada","field":{"id":"f","ref":"first"}},{"type":"text","text":"Example","field":{"id":"l","ref":"last"}},
		{"type":"choice","choice":{"label":"Pro"},"field":{"id":"p","ref":"plan"}},
		{"type":"boolean","boolean":true,"field":{"id":"c","ref":"consent"}},
		{"type":"text","text":"by telephone","field":{"id":"x","ref":"How did you hear of us?"}}]}}`

var typeformSource = v1alpha1.FormSource{Type: v1alpha1.SourceTypeform, Fields: []v1alpha1.SourceField{
	{From: "last", To: "name"}, {From: "first", To: "name"}, {From: "plan", To: "attributes.plan"}, {From: "consent", To: "consent.marketing"},
}}

// TestATypeformDelivery: the whole of it, as it is stored.
func TestATypeformDelivery(t *testing.T) {
	s := toolSite(typeformSource)
	headers := append(typeformHeaders(typeformBody, "s3cret"), "User-Agent", "Typeform Webhooks", "X-Forwarded-For", "203.0.113.9", "Referer", "https://api.typeform.com/x")
	w := s.do(toSource(typeformBody, headers...))
	var answer accepted
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusAccepted {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	sentAt := metav1.NewMicroTime(time.Date(2026, 11, 23, 9, 15, 2, 0, time.UTC))
	answeredAt := metav1.NewTime(sentAt.Time)
	want := v1alpha1.ContactSubmissionSpec{
		PipelineRef: v1alpha1.LocalReference{Name: "trial"},
		Contact:     v1alpha1.ContactFields{Email: "ada@example.com", Name: "Example Ada"},
		Attributes:  map[string]v1alpha1.AttributeValue{"plan": "Pro", "How did you hear of us?": "by telephone"},
		Source:      v1alpha1.SubmissionSource{Channel: "trial", Via: "tool", ReceivedAt: &sentAt},
		Consent:     &v1alpha1.SubmissionConsent{Marketing: v1alpha1.ConsentGranted, Statement: "May we write to you?", Time: &answeredAt},
	}
	if diff := cmp.Diff(want, s.committer.kept[0].Spec); diff != "" {
		t.Errorf("neither more nor less than the person said; nothing of the tool's own machine (-want +got):\n%s", diff)
	}
	if len(s.committer.kept[0].Annotations) > 0 {
		t.Error("the intake sets an annotation")
	}

	again := s.do(toSource(typeformBody, typeformHeaders(typeformBody, "s3cret")...))
	if again.Code != w.Code || again.Body.String() != w.Body.String() {
		t.Errorf("a delivery that is repeated is answered %d %s", again.Code, again.Body)
	}
	if s.committer.kept[0].Name != s.committer.kept[1].Name {
		t.Error("it has another name, so it would be kept twice")
	}
	edited := strings.Replace(typeformBody, "by telephone", "by letter", 1)
	s.do(toSource(edited, typeformHeaders(edited, "s3cret")...))
	if s.committer.kept[0].Name == s.committer.kept[2].Name {
		t.Error("other content under the same name would be lost")
	}
}

func TestUnverifiedLeavesNoTrace(t *testing.T) {
	unsigned := []string{contentTy, asJSON}
	cases := map[string]struct {
		reason   string
		prepare  func(s *site)
		headers  []string
		wantCode int
		refused  string
	}{
		"another secret":      {reason: "401", headers: typeformHeaders(typeformBody, "another"), wantCode: 401, refused: refusedSignature},
		"no signature":        {reason: "401", headers: unsigned, wantCode: 401, refused: refusedSignature},
		"another body":        {reason: "401", headers: typeformHeaders(typeformBody+" ", "s3cret"), wantCode: 401, refused: refusedSignature},
		"no Secret":           {reason: "the tool keeps it and sends it again", prepare: func(s *site) { s.secrets = fakeSecrets{} }, headers: typeformHeaders(typeformBody, "s3cret"), wantCode: 503, refused: refusedSecret},
		"no Secret, unsigned": {reason: "nor is anything taken on trust", prepare: func(s *site) { s.secrets = fakeSecrets{} }, headers: unsigned, wantCode: 503, refused: refusedSecret},
		"an unknown type": {reason: "a newer CRD", prepare: func(s *site) {
			s.pipelines = fakePipelines{sources: []v1alpha1.FormSource{{Name: "tool", Type: "Fax"}}}
		}, headers: unsigned, wantCode: 503, refused: refusedSecret},
		"a secret of no use": {reason: "a plain text is none of Standard Webhooks", prepare: func(s *site) {
			s.pipelines = fakePipelines{sources: []v1alpha1.FormSource{{Name: "tool", Type: v1alpha1.SourceStandardWebhooks, SecretRef: v1alpha1.SecretKeyReference{Name: "tool"}}}}
		}, headers: unsigned, wantCode: 503, refused: refusedSecret},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := toolSite(typeformSource)
			var lines []string
			s.log = funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{Verbosity: 1})
			if tc.prepare != nil {
				tc.prepare(s)
			}
			w := s.do(toSource(typeformBody, tc.headers...))
			if w.Code != tc.wantCode {
				t.Errorf("%d, want %d: %s", w.Code, tc.wantCode, tc.reason)
			}
			if tc.wantCode == 503 && w.Header().Get("Retry-After") == "" {
				t.Error("the tool is not told when to come back")
			}
			if got := testutil.ToFloat64(s.metrics.refused.WithLabelValues("ns", "trial", tc.refused)); got != 1 {
				t.Errorf("counted %v times as %s", got, tc.refused)
			}
			if len(s.committer.kept) > 0 {
				t.Error("it is kept")
			}
			for _, text := range append(lines, w.Body.String()) {
				if strings.Contains(text, "ada@") || strings.Contains(text, "s3cret") {
					t.Errorf("this says too much: %s", text)
				}
			}
		})
	}
}

// TestPostsOfEachTool: every tool reaches the pipeline, with its own proof of a body of its own.
func TestPostsOfEachTool(t *testing.T) {
	now := fmt.Sprint(receivedAt.Unix() + 1)
	milliseconds := now + "000"
	b64 := base64.StdEncoding.EncodeToString
	standardKey := strings.Repeat("k", 24)
	cases := map[v1alpha1.SourceType]struct {
		secret, url, query, body string
		headers                  func(body string) []string
	}{
		v1alpha1.SourceStandardWebhooks: {
			secret: "whsec_" + b64([]byte(standardKey)), body: `{"type":"contact.submitted","data":{"email":"ada@example.com","name":"Ada"}}`,
			headers: func(body string) []string {
				return []string{"webhook-id", "m", "webhook-timestamp", now, "webhook-signature", "v1," + b64(hmac256(standardKey, "m."+now+".", body))}
			},
		},
		v1alpha1.SourceTally: {
			secret: "s3cret", body: `{"eventType":"FORM_RESPONSE","data":{"submissionId":"s","fields":[{"key":"q1","label":"Your name","type":"INPUT_TEXT","value":"Ada"},{"key":"q2","label":"?","type":"INPUT_EMAIL","value":"ada@example.com"}]}}`,
			headers: func(body string) []string { return []string{"Tally-Signature", b64(hmac256("s3cret", body))} },
		},
		v1alpha1.SourceWebflow: {
			secret: "s3cret", body: `{"triggerType":"form_submission","payload":{"id":"1","data":{"Full name":"Ada","Email Address":"ada@example.com"}}}`,
			headers: func(body string) []string {
				return []string{"x-webflow-timestamp", milliseconds, "x-webflow-signature", hex.EncodeToString(hmac256("s3cret", milliseconds, ":", body))}
			},
		},
		v1alpha1.SourceHubSpot: {
			secret: "s3cret", url: "https://forms.example.com/v1/ns/trial/sources/tool", body: `{"vid":1,"properties":{"email":{"value":"ada@example.com"},"firstname":{"value":"Ada"}}}`,
			headers: func(body string) []string {
				return []string{"X-HubSpot-Request-Timestamp", milliseconds, "X-HubSpot-Signature-v3", b64(hmac256("s3cret", "POST", "https://forms.example.com/v1/ns/trial/sources/tool", body, milliseconds))}
			},
		},
		v1alpha1.SourceJotform: {
			secret: strings.Repeat("t", 24), query: "?token=" + strings.Repeat("t", 24),
			body:    multipartBody(part{`name="submissionID"`, "1"}, part{`name="rawRequest"`, `{"q3_name":{"first":"Ada","last":""},"q4_email":"ada@example.com"}`}),
			headers: func(string) []string { return []string{contentTy, asMultipart} },
		},
	}
	for tool, tc := range cases {
		t.Run(string(tool), func(t *testing.T) {
			s := toolSite(v1alpha1.FormSource{Type: tool, URL: tc.url})
			s.secrets = fakeSecrets{"tool": {tc.secret}}
			r := toSource(tc.body, tc.headers(tc.body)...)
			r.URL.RawQuery = strings.TrimPrefix(tc.query, "?")
			if w := s.do(r); w.Code != http.StatusAccepted {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if got := s.committer.kept[0].Spec.Contact; got.Email != "ada@example.com" || got.Name != "Ada" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestWithoutAnAddress: what can't be processed is still kept: an error would have the tool send the same again, and then
// switch the webhook off for everybody.
func TestWithoutAnAddress(t *testing.T) {
	s := toolSite(v1alpha1.FormSource{Type: v1alpha1.SourceTypeform})
	var lines []string
	s.log = funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{})
	for i := range 3 {
		body := fmt.Sprintf(`{"form_response":{"token":"t%d","answers":[{"type":"text","text":"call me: 0301234","field":{"ref":"note"}}]}}`, i)
		if w := s.do(toSource(body, typeformHeaders(body, "s3cret")...)); w.Code != http.StatusAccepted {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	spec := s.committer.kept[0].Spec
	if spec.Contact != (v1alpha1.ContactFields{}) || spec.Attributes["note"] != "call me: 0301234" || spec.Source.Via != "tool" {
		t.Errorf("%+v", spec)
	}
	if got := testutil.ToFloat64(s.metrics.sourceNoAddress.WithLabelValues("ns", "trial")); got != 3 {
		t.Errorf("counted %v of 3", got)
	}
	if len(lines) != 1 || !strings.Contains(lines[0], "spec.sources[].fields") || strings.Contains(lines[0], "0301234") {
		t.Errorf("the administrator reads %q", lines)
	}
}

func TestTimeOfADelivery(t *testing.T) {
	cases := map[string]struct{ submitted, want string }{
		"the tool's":        {"2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z"},
		"none":              {"", "2026-11-23T09:20:31.123456Z"},
		"from the future":   {"2027-01-01T00:00:00Z", "2026-11-23T09:20:31.123456Z"},
		"before there were": {"0001-01-01T00:00:00Z", "2026-11-23T09:20:31.123456Z"},
	}
	for name, tc := range cases {
		s := toolSite(v1alpha1.FormSource{Type: v1alpha1.SourceTypeform})
		body := fmt.Sprintf(`{"form_response":{"token":"t","submitted_at":%q}}`, tc.submitted)
		s.do(toSource(body, typeformHeaders(body, "s3cret")...))
		if got := s.committer.kept[0].Spec.Source.ReceivedAt.UTC().Format(time.RFC3339Nano); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// TestManyPostsAtOnce: what is not verified yet can't take all the memory.
func TestManyPostsAtOnce(t *testing.T) {
	s := toolSite(typeformSource)
	for range maxSourcePosts {
		s.sourcePosts <- struct{}{}
	}
	w := s.do(toSource(typeformBody, typeformHeaders(typeformBody, "s3cret")...))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	<-s.sourcePosts
	if w := s.do(toSource(typeformBody, typeformHeaders(typeformBody, "s3cret")...)); w.Code != http.StatusAccepted || len(s.sourcePosts) != maxSourcePosts-1 {
		t.Errorf("%d; %d places taken", w.Code, len(s.sourcePosts))
	}
}
