package intake

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/client-go/rest"

	"github.com/contact-operator/contact-operator/hack/metricsdoc"
	"github.com/contact-operator/contact-operator/internal/intake/spool"
)

// submitTo posts a submission and returns the answer's code and id.
func submitTo(t *testing.T, base string) (int, string) {
	t.Helper()
	answer, err := http.Post(base+"/v1/ns/trial/submissions", asJSON, strings.NewReader(aName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var body accepted
	_ = json.NewDecoder(answer.Body).Decode(&body)
	return answer.StatusCode, body.ID
}

// An intake that starts while there is no API server knows the forms of its last run, says that it is ready, takes
// submissions, and hands them over when the API server is there.
func TestStartsWithoutAPIServer(t *testing.T) {
	o := DefaultOptions()
	o.SpoolDir = filepath.Join(t.TempDir(), "spool")
	o.SpoolKeyFile = filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(o.SpoolKeyFile, []byte(strings.Repeat("k", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("the last run", func(t *testing.T) {
		base := startIntake(t, newFakeAPI(t), o)
		if code, _ := submitTo(t, base); code != http.StatusAccepted {
			t.Fatalf("answered %d", code)
		}
		for _, err := os.Stat(filepath.Join(o.SpoolDir, rememberedFile)); err != nil; _, err = os.Stat(filepath.Join(o.SpoolDir, rememberedFile)) {
			time.Sleep(10 * time.Millisecond) //nolint:forbidigo // written beside the requests
		}
	})
	var id string
	t.Run("no API server", func(t *testing.T) {
		base := startIntake(t, &fakeAPI{Server: &httptest.Server{URL: "http://127.0.0.1:1"}}, o) // waits for /readyz
		var code int
		if code, id = submitTo(t, base); code != http.StatusAccepted || id == "" {
			t.Fatalf("answered %d", code)
		}
		answer, err := http.Get(base + "/v1/ns/trial/form")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("the form: %d", answer.StatusCode)
		}
		if answer, err = http.Get(base + "/v1/ns/other/form"); err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a form that may exist or not: %d, want 503", answer.StatusCode)
		}
	})
	t.Run("it is back", func(t *testing.T) {
		api := newFakeAPI(t)
		startIntake(t, api, o)
		for !api.names()[id] {
			time.Sleep(10 * time.Millisecond) //nolint:forbidigo // handed over beside the requests
		}
	})
}

// With a disk that is dead from the start, the API server alone decides, and the visitor is never thanked for nothing.
func TestDeadDiskFromTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := DefaultOptions()
	o.SpoolDir = filepath.Join(file, "spool") // below a file: no folder can be made
	o.CreateTimeout = 50 * time.Millisecond
	api := newFakeAPI(t)
	base := startIntake(t, api, o)
	if code, id := submitTo(t, base); code != http.StatusAccepted || !api.names()[id] {
		t.Errorf("answered %d", code)
	}
	api.create = func(*http.Request) int { return http.StatusServiceUnavailable }
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/v1/ns/trial/submissions", strings.NewReader(minForm))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(contentTy, asForm)
	request.Header.Set("Accept", aBrowser)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || !strings.Contains(string(page), `value="ada@example.com"`) {
		t.Errorf("answered %d, Retry-After %q, a page of %d bytes", answer.StatusCode, answer.Header.Get("Retry-After"), len(page))
	}
	ready, err := http.Get(base + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = ready.Body.Close()
	if ready.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz says %d while nothing can be kept", ready.StatusCode)
	}
}

func TestSpoolKeyFileMustBeGood(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	for content, want := range map[string]string{"": "holds no key", "short": "line 1 has 5 characters"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := newSpoolKeys(path, logr.Discard()); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "short") {
			t.Errorf("error %v, want %q: nothing may be written unencrypted that should be encrypted", err, want)
		}
	}
	if _, err := newSpoolKeys(path+"x", logr.Discard()); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v", err)
	}
}

func TestRequestsAreBounded(t *testing.T) {
	h := testHandler(fakePipelines{}, &fakeCommitter{})
	for range maxRequests {
		h.requests <- struct{}{}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(aName, contentTy, asJSON))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("answered %d", w.Code)
	}
}

// docs/metrics.md names every metric of the intake with its labels, and no other.
func TestMetricsAreDocumented(t *testing.T) {
	documented, err := metricsdoc.Read(filepath.Join("..", "..", "docs", "metrics.md"), "contact_intake_")
	if err != nil {
		t.Fatal(err)
	}
	o := DefaultOptions()
	o.SpoolDir = t.TempDir()
	m := newMetrics()
	front, err := newSpoolFront(&rest.Config{}, o, &watchedPipelines{}, newAPICommitter(nil, 1, time.Second, m, logr.Discard()), m, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	defer front.close()
	m.watchQueues(front.queues(newAPICommitter(nil, 1, time.Second, m, logr.Discard()), newAPIContacts(nil), testHandler(nil, nil))...)
	o.AlertmanagerURLs = []string{"http://alertmanager:9093"}
	if _, err := newAlerts(o, front, m, logr.Discard()); err != nil {
		t.Fatal(err)
	}
	for _, problem := range metricsdoc.Compare(documented, metricsdoc.Described(m.registry, "contact_intake_")) {
		t.Error(problem)
	}
	if problems, err := testutil.GatherAndLint(m.registry); err != nil || len(problems) > 0 {
		t.Errorf("not as Prometheus wants metrics to be: %v %v", problems, err)
	}
	for _, reason := range spool.Reasons {
		if !strings.Contains(spoolDead.String(), reason) {
			t.Errorf("the help of dead letters does not name %s", reason)
		}
	}
}
