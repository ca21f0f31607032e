package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// apiDocument reads docs/openapi.yaml and checks it against the rules of OpenAPI 3.1.
func apiDocument(t *testing.T) *openapi3.T {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

// exercise is one way to get an answer. It is done twice: as a program and as a browser.
type exercise struct {
	path, method string // of the document
	name         string // of the pipeline; trial when blank
	body         io.Reader
	headers      []string
	form         v1alpha1.FormSpec
	sources      []v1alpha1.FormSource
	prepare      func(s *site)
}

const (
	submissionsPath = "/v1/{namespace}/{pipeline}/submissions"
	mePath          = "/v1/{namespace}/{pipeline}/me"
	formPath        = "/v1/{namespace}/{pipeline}/form"
	sourcePath      = "/v1/{namespace}/{pipeline}/sources/{source}"
	thanksPath      = "/v1/{namespace}/{pipeline}/thanks"
)

// deadBody ends with an error.
type deadBody struct{ err error }

func (d deadBody) Read([]byte) (int, error) { return 0, d.err }

func exercises() []exercise {
	post := func(body string) exercise {
		return exercise{path: submissionsPath, method: http.MethodPost, body: strings.NewReader(body), headers: []string{contentTy, asForm}}
	}
	with := func(e exercise, change func(e *exercise)) exercise {
		change(&e)
		return e
	}
	list := []exercise{
		post(minForm),
		with(post(multipartBody(part{`name="email"`, "ada@example.com"})), func(e *exercise) { e.headers = []string{contentTy, asMultipart} }),
		with(post(aName), func(e *exercise) {
			e.headers = []string{contentTy, asJSON, "Idempotency-Key", "k"}
			e.form.RedirectURL = "https://www.example.com/x"
		}),
		post("%"),
		with(post(minForm), func(e *exercise) {
			e.form.AllowedOrigins = []string{"https://www.example.com"}
			e.headers = append(e.headers, "Origin", "https://evil.example")
		}),
		with(post(""), func(e *exercise) { e.body = deadBody{os.ErrDeadlineExceeded} }),
		post(strings.Repeat("x", 4097)),
		with(post(minForm), func(e *exercise) { e.headers = []string{contentTy, "text/plain"} }),
		post("email=&name=" + strings.Repeat("x", 300)),
		with(post(minForm), func(e *exercise) {
			e.form.Limits = &v1alpha1.FormLimits{PipelinePerMinute: ptr.To[int32](1)}
			e.prepare = func(s *site) { s.do(request(minForm, contentTy, asForm)) }
		}),
		with(post(minForm), func(e *exercise) {
			e.prepare = func(s *site) { s.committer.fail = func() { panic("a bug") } }
		}),
		with(post(minForm), func(e *exercise) {
			e.prepare = func(s *site) { s.committer.err = &Uncommitted{RetryAfter: time.Second} }
		}),
		{path: mePath, method: http.MethodGet},
		{path: mePath, method: http.MethodGet, form: v1alpha1.FormSpec{KnownValues: v1alpha1.KnownValuesShow}, prepare: func(s *site) {
			w := s.do(request(`{"email":"ada@example.com","name":"Ada"}`, contentTy, asJSON))
			s.merge()
			s.cookies = w.Header()["Set-Cookie"]
		}},
		{path: formPath, method: http.MethodGet},
		{path: thanksPath, method: http.MethodGet},
		{path: "/healthz", method: http.MethodGet},
		{path: "/readyz", method: http.MethodGet},
		{path: "/readyz", method: http.MethodGet, prepare: func(s *site) { s.pipelines = fakePipelines{notSynced: true} }},
	}
	list = append(list, sourceExercises()...)
	for _, path := range []string{submissionsPath, mePath} {
		asks := exercise{path: path, method: http.MethodOptions, headers: []string{"Access-Control-Request-Method", "POST", "Origin", "https://www.example.com"}}
		list = append(list, asks, with(asks, func(e *exercise) { e.form.AllowedOrigins = []string{"https://www.example.com"} }))
	}
	// What every address below a pipeline may answer.
	for path, methods := range map[string][]string{
		submissionsPath: {http.MethodPost, http.MethodOptions}, mePath: {http.MethodGet, http.MethodOptions},
		sourcePath: {http.MethodPost}, formPath: {http.MethodGet}, thanksPath: {http.MethodGet},
	} {
		for _, method := range methods {
			list = append(
				list,
				exercise{path: path, method: method, name: "nothing"},
				exercise{path: path, method: method, prepare: func(s *site) { s.pipelines = fakePipelines{notSynced: true} }},
			)
		}
	}
	return list
}

// sourceExercises are those of a form tool.
func sourceExercises() []exercise {
	post := func(body, key string) exercise {
		return exercise{
			path: sourcePath, method: http.MethodPost, body: strings.NewReader(body), headers: typeformHeaders(body, key),
			sources: []v1alpha1.FormSource{{Name: "tool", Type: v1alpha1.SourceTypeform, SecretRef: v1alpha1.SecretKeyReference{Name: "tool", Key: "k"}}},
		}
	}
	with := func(e exercise, change func(e *exercise)) exercise {
		change(&e)
		return e
	}
	good := post(aName, "s3cret")
	return []exercise{
		good,
		post(`{"event_type":"form_response_partial"}`, "s3cret"),
		post(aName, "another"),
		post("no JSON", "s3cret"),
		post(strings.Repeat(" ", maxSourceBytes+1), "s3cret"),
		with(good, func(e *exercise) { e.sources = nil }),
		with(good, func(e *exercise) { e.body = deadBody{os.ErrDeadlineExceeded} }),
		with(good, func(e *exercise) { e.body = deadBody{io.ErrUnexpectedEOF} }),
		with(good, func(e *exercise) { e.prepare = func(s *site) { s.secrets = fakeSecrets{} } }),
		with(good, func(e *exercise) {
			e.prepare = func(s *site) { s.committer.err = &Uncommitted{RetryAfter: time.Second} }
		}),
	}
}

// TestDocumentMatchesTheHandlers: every answer is documented (status, type, headers and shape), and everything that is
// documented is answered by one exercise or another.
func TestDocumentMatchesTheHandlers(t *testing.T) {
	doc := apiDocument(t)
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.PlainBodyDecoder)
	t.Cleanup(func() { openapi3filter.UnregisterBodyDecoder("text/html") })

	missing := documented(doc)
	for _, e := range exercises() {
		for _, accept := range []string{"application/json", aBrowser} {
			w, r := e.do(t, accept)
			contentType, _, _ := strings.Cut(w.Header().Get(contentTy), ";")
			answer := fmt.Sprintf("%s %s %d %s", e.method, e.path, w.Code, contentType)
			delete(missing, answer)

			item := doc.Paths.Value(e.path)
			if item == nil || item.GetOperation(e.method) == nil {
				t.Fatalf("%s %s is not documented", e.method, e.path)
			}
			err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
				RequestValidationInput: &openapi3filter.RequestValidationInput{
					Request: r,
					Route:   &routers.Route{Spec: doc, Path: e.path, PathItem: item, Method: e.method, Operation: item.GetOperation(e.method)},
				},
				Status:  w.Code,
				Header:  w.Header(),
				Body:    io.NopCloser(bytes.NewReader(w.Body.Bytes())),
				Options: &openapi3filter.Options{IncludeResponseStatus: true},
			})
			if err != nil {
				t.Errorf("%s: %v", answer, err)
			}
		}
	}
	for _, answer := range slices.Sorted(maps.Keys(missing)) {
		t.Errorf("documented, but never answered: %s", answer)
	}
}

// do makes the request, with a fresh intake.
func (e exercise) do(t *testing.T, accept string) (*httptest.ResponseRecorder, *http.Request) {
	t.Helper()
	s := newSite(e.form)
	s.pipelines, s.secrets = fakePipelines{form: e.form, sources: e.sources}, fakeSecrets{"tool": {"s3cret"}}
	name := e.name
	if name == "" {
		name = "trial"
	}
	target := strings.NewReplacer("{namespace}", "ns", "{pipeline}", name, "{source}", "tool").Replace(e.path)
	if seeker, ok := e.body.(io.Seeker); ok {
		if _, err := seeker.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
	}
	if e.prepare != nil {
		e.prepare(s)
	}
	r := httptest.NewRequest(e.method, target, e.body)
	for i := 0; i < len(e.headers); i += 2 {
		r.Header.Set(e.headers[i], e.headers[i+1])
	}
	for _, cookie := range s.cookies {
		r.Header.Add("Cookie", cookie)
	}
	r.Header.Set("Accept", accept)
	return s.do(r), r
}

// documented lists every answer of the document: method, path, status and type.
func documented(doc *openapi3.T) map[string]bool {
	answers := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				if len(response.Value.Content) == 0 {
					answers[fmt.Sprintf("%s %s %s ", method, path, status)] = true
				}
				for contentType := range response.Value.Content {
					answers[fmt.Sprintf("%s %s %s %s", method, path, status, contentType)] = true
				}
			}
		}
	}
	return answers
}

// TestDocumentedRequests: what the schema of a submission admits is what the decoder takes.
func TestDocumentedRequests(t *testing.T) {
	schema := apiDocument(t).Components.Schemas["Submission"].Value
	long := func(n int) string { return strings.Repeat("é", n) }
	cases := map[string]bool{ // bodies, and whether they are taken
		`{"email":"a@b"}`: true,
		`{"email":"a@b","name":null,"attributes":null,"consent":null}`: true,
		`{"email":"a@b","attributes":{"x":null,"y":"1"}}`:              true,
		`{"email":"a@b","consent":{"marketing":true}}`:                 true,
		`{"email":"a@b","consent":{"marketing":"yes"}}`:                false,
		`{"email":"a@b","consent":{"when":"now"}}`:                     false,
		`{"email":"a@b","consent":true}`:                               false,
		`{"email":"a@b","attributes":[]}`:                              false,
		`{"email":"a@b","attributes":{"x":1}}`:                         false,
		`{"email":"a@b","newsletter":true}`:                            false,
		`{"email":5}`:                                                  false,
		`{"email":"a@b","attributes":{"` + long(63) + `":"1"}}`:        true,
		`{"email":"a@b","attributes":{"` + long(64) + `":"1"}}`:        false,
		`{"email":"a@b","attributes":{"x":"` + long(1024) + `"}}`:      true,
		`{"email":"a@b","attributes":{"x":"` + long(1025) + `"}}`:      false,
		`[]`: false,
	}
	for _, f := range textFields {
		if f.name != fieldConsentStatement {
			cases[fmt.Sprintf(`{"email":"a@b",%q:%q}`, f.name, long(f.maxRunes))] = f.name != "email" // given twice
			cases[fmt.Sprintf(`{"email":"a@b",%q:%q}`, f.name, long(f.maxRunes+1))] = false
		}
	}
	for body, want := range cases {
		_, errs, err := decodeJSON([]byte(body))
		if taken := err == nil && len(errs) == 0; taken != want {
			t.Errorf("%.80s: taken %v, want %v", body, taken, want)
		}
		var value any
		if err := json.Unmarshal([]byte(body), &value); err != nil {
			t.Fatal(err)
		}
		if strings.Count(body, `"email"`) > 1 {
			continue // no schema knows of fields that are given twice
		}
		if err := schema.VisitJSON(value, openapi3.EnableJSONSchema2020()); (err == nil) != want {
			t.Errorf("%.80s: the schema says %v, want it to admit it: %v", body, err, want)
		}
	}
}

func TestEveryAddressIsDocumented(t *testing.T) {
	served := slices.Sorted(maps.Keys(testHandler(fakePipelines{}, &fakeCommitter{}).addresses()))
	documented := append(slices.Collect(maps.Keys(apiDocument(t).Paths.Map())), "/") // which answers 404
	slices.Sort(documented)
	if diff := cmp.Diff(documented, served); diff != "" {
		t.Errorf("(-documented +served):\n%s", diff)
	}
}
