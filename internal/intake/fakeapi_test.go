package intake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// fakeAPI is as much of an API server as the intake needs, over HTTP: it knows the pipeline ns/trial, and keeps submissions
// unless create says otherwise.
type fakeAPI struct {
	*httptest.Server
	mu   sync.Mutex
	kept map[string]*v1alpha1.ContactSubmission
	// order is that of the creates that were kept.
	order []string
	// create decides about each create. It returns 0 to have it kept, or a status code. It may wait.
	create func(r *http.Request) int
}

func newFakeAPI(tb testing.TB) *fakeAPI {
	tb.Helper()
	f := &fakeAPI{kept: map[string]*v1alpha1.ContactSubmission{}}
	mux := http.NewServeMux()
	const group = "/apis/contact-operator.io/v1alpha1"
	mux.HandleFunc("GET "+group+"/contactpipelines", f.pipelines)
	mux.HandleFunc("POST "+group+"/namespaces/{namespace}/contactsubmissions", f.post)
	f.Server = httptest.NewServer(mux)
	tb.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

func (f *fakeAPI) config() *rest.Config { return &rest.Config{Host: f.URL} }

const fakePipeline = `{"apiVersion":"contact-operator.io/v1alpha1","kind":"ContactPipeline",
	"metadata":{"namespace":"ns","name":"trial","uid":"1","resourceVersion":"1"},"spec":{},"status":{}}`

func (f *fakeAPI) pipelines(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Query().Get("watch") == "" {
		_, _ = fmt.Fprintf(w, `{"apiVersion":"contact-operator.io/v1alpha1","kind":"ContactPipelineList","metadata":{"resourceVersion":"1"},"items":[%s]}`, fakePipeline)
		return
	}
	if r.URL.Query().Get("sendInitialEvents") != "" {
		_, _ = fmt.Fprintf(w, `{"type":"ADDED","object":%s}`+"\n", fakePipeline)
		_, _ = fmt.Fprint(w, `{"type":"BOOKMARK","object":{"apiVersion":"contact-operator.io/v1alpha1","kind":"ContactPipeline",
			"metadata":{"resourceVersion":"1","annotations":{"k8s.io/initial-events-end":"true"}},"spec":{}}}`+"\n")
	}
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func (f *fakeAPI) post(w http.ResponseWriter, r *http.Request) {
	s := &v1alpha1.ContactSubmission{}
	if err := json.NewDecoder(r.Body).Decode(s); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if f.create != nil {
		if code := f.create(r); code != 0 {
			refuseCreate(w, code)
			return
		}
	}
	f.mu.Lock()
	there := f.kept[s.Name] != nil
	if !there {
		f.kept[s.Name] = s
		f.order = append(f.order, s.Name)
	}
	f.mu.Unlock()
	if there {
		refuseCreate(w, http.StatusConflict)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(s)
}

// refuseCreate answers as an API server does.
func refuseCreate(w http.ResponseWriter, code int) {
	reason := map[int]string{409: "AlreadyExists", 422: "Invalid", 403: "Forbidden", 401: "Unauthorized", 404: "NotFound", 400: "BadRequest", 413: "RequestEntityTooLarge", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}[code]
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d}`, reason, code)
}

// names of what is kept.
func (f *fakeAPI) names() map[string]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := make(map[string]bool, len(f.kept))
	for name := range f.kept {
		names[name] = true
	}
	return names
}
