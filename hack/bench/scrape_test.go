package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const exposed = `# TYPE apiserver_request_total counter
apiserver_request_total{code="201",group="contact-operator.io",resource="contactsubmissions",subresource="",verb="POST"} 100
apiserver_request_total{code="200",group="contact-operator.io",resource="contactsubmissions",subresource="status",verb="PUT"} 90
apiserver_request_total{code="409",group="contact-operator.io",resource="contactsubmissions",subresource="status",verb="PUT"} 10
apiserver_request_total{code="404",group="contact-operator.io",resource="contacts",subresource="",verb="GET"} 50
apiserver_request_total{code="200",group="contact-operator.io",resource="contactpipelines",subresource="",verb="LIST"} 5
apiserver_request_total{code="200",group="contact-operator.io",resource="contactsubmissions",subresource="",verb="WATCH"} 3
apiserver_request_total{code="200",group="coordination.k8s.io",resource="leases",subresource="",verb="PUT"} 1000
`

func served(t *testing.T, status int, body string) (metrics, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return scrape(t.Context(), server.Client(), server.URL)
}

func TestRequestsOf(t *testing.T) {
	m, err := served(t, http.StatusOK, exposed)
	if err != nil {
		t.Fatal(err)
	}
	// Refused writes cost as much, so they count. Leases, and watches, are not the submissions'.
	want := requests{writes: 200, reads: 55, contactGets: 50}
	if diff := cmp.Diff(want, requestsOf(m), cmp.AllowUnexported(requests{})); diff != "" {
		t.Error(diff)
	}
	want = requests{writes: 1.5, reads: .5, contactGets: .5}
	got := requestsOf(m).since(requests{writes: 50, reads: 5}).per(100)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(requests{})); diff != "" {
		t.Error(diff)
	}
}

func TestSum(t *testing.T) {
	m, err := served(t, http.StatusOK, exposed)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		metric string
		labels map[string]string
		want   float64
	}{
		"all":              {metric: "apiserver_request_total", want: 1258},
		"one label":        {metric: "apiserver_request_total", labels: map[string]string{"verb": "PUT"}, want: 1100},
		"two labels":       {metric: "apiserver_request_total", labels: map[string]string{"verb": "PUT", "code": "409"}, want: 10},
		"a label unknown":  {metric: "apiserver_request_total", labels: map[string]string{"verb": "PUT", "colour": "red"}, want: 0},
		"a metric unknown": {metric: "nothing", want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := m.sum(tc.metric, tc.labels); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestScrapeSaysWhatIsWrong(t *testing.T) {
	if _, err := served(t, http.StatusForbidden, exposed); err == nil {
		t.Error("metrics that are refused are no error")
	}
	if _, err := served(t, http.StatusOK, "<html>"); err == nil {
		t.Error("a page is taken for metrics")
	}
}
