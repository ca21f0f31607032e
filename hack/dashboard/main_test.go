package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/hack/dashboard/board"
)

// The page shows every panel of the real dashboard, with what Prometheus says: here, that everything is 0 but for one incident.
func TestPage(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		labels, value := `{"integration":"<crm>"}`, "0"
		if strings.Contains(r.FormValue("query"), "incident") {
			labels, value = `{"alertname":"ContactLinkFailing","severity":"critical","integration":"crm"}`, "1208"
		}
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"result":[{"metric":%s,"values":[[%s,%q],[%s,%q]]}]}}`,
			labels, r.FormValue("start"), value, r.FormValue("end"), value)
	}))
	defer server.Close()
	file := filepath.Join("..", "..", board.File)
	var out bytes.Buffer
	if err := run(t.Context(), &out, file, server.URL, 15*time.Minute); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	b, err := board.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range b.Panels {
		if !strings.Contains(page, "<h2>"+p.Title+"</h2>") {
			t.Errorf("panel %q is not drawn", p.Title)
		}
	}
	for what, want := range map[string]int{
		`<dt>health</dt><dd style="color: #f2495c">fails</dd>`: 5, `<dt>rate</dt><dd style="color: #ccccdc">0.00 req/s</dd>`: 6,
		`<td>ContactLinkFailing</td>`: 1, `<td>1208</td>`: 1, `&lt;crm&gt;`: -1, `<crm>`: 0, `d="M0.00 100.00`: -1,
	} {
		if n := strings.Count(page, what); n != want && (want >= 0 || n == 0) {
			t.Errorf("%s is on the page %d times, want %d (-1: some)", what, n, want)
		}
	}
}

func TestPageNeedsPrometheus(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"status":"error","error":"parse error"}`))
	}))
	defer server.Close()
	err := run(t.Context(), &bytes.Buffer{}, filepath.Join("..", "..", board.File), server.URL, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "parse error") || !strings.Contains(err.Error(), "panel") {
		t.Errorf("error %v; it should say which panel, and what Prometheus says", err)
	}
}
