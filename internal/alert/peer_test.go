package alert

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSendOutcomes(t *testing.T) {
	tests := map[string]struct {
		reason string
		status int
		want   Outcome
	}{
		"taken":            {reason: "200 and nothing else", status: 200, want: Sent},
		"bad credentials":  {reason: "an administrator has to mend them", status: 401, want: Unauthorized},
		"not allowed":      {reason: "likewise", status: 403, want: Unauthorized},
		"wrong prefix":     {reason: "the address is wrong", status: 404, want: Refused},
		"redirected":       {reason: "credentials go nowhere else", status: 302, want: Refused},
		"refused":          {reason: "something is wrong with the alerts", status: 400, want: Refused},
		"broken":           {reason: "it passes", status: 500, want: Unreachable},
		"asked to go slow": {reason: "a proxy may", status: 429, want: Unreachable},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte("what a remote system says"))
			}))
			defer server.Close()
			p, err := newPeer(Alertmanager{URL: server.URL + "/"})
			if err != nil {
				t.Fatal(err)
			}
			err = p.send(t.Context(), []Posted{{Labels: map[string]string{"alertname": "A"}}})
			got := Sent
			if err != nil {
				got = outcomeOf(err)
				if strings.Contains(err.Error(), "remote system says") {
					t.Errorf("repeats the answer: %v", err)
				}
			}
			if got != tc.want {
				t.Errorf("%s: got %s (%v), want %s", tc.reason, got, err, tc.want)
			}
		})
	}
	p, err := newPeer(Alertmanager{URL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.send(t.Context(), nil); outcomeOf(err) != Unreachable {
		t.Errorf("nobody is there: %v", err)
	}
}

func TestSendWithCredentials(t *testing.T) {
	var authorization string
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { authorization = r.Header.Get("Authorization") }))
	defer server.Close()
	folder := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	ca := write("ca", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	token := write("token", "first\n")
	send := func(a Alertmanager) error {
		a.URL = server.URL
		p, err := newPeer(a)
		if err != nil {
			t.Fatal(err)
		}
		return p.send(t.Context(), nil)
	}
	if err := send(Alertmanager{}); outcomeOf(err) != Unreachable {
		t.Errorf("a certificate of an unknown authority is taken: %v", err)
	}
	if err := send(Alertmanager{CAFile: ca, Username: "me", PasswordFile: write("password", "pass")}); err != nil || authorization != "Basic bWU6cGFzcw==" {
		t.Errorf("%v, sent %q", err, authorization)
	}
	p, err := newPeer(Alertmanager{URL: server.URL, CAFile: ca, BearerTokenFile: token})
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"first", "second"} {
		write("token", content+"\n")
		if err := p.send(t.Context(), nil); err != nil || authorization != "Bearer "+content {
			t.Errorf("%v, sent %q: the file is read for each call", err, authorization)
		}
	}
	if err := os.Remove(token); err != nil {
		t.Fatal(err)
	}
	if err := p.send(t.Context(), nil); outcomeOf(err) != Unauthorized {
		t.Errorf("a token that can't be read: %v", err)
	}
	if _, err := newPeer(Alertmanager{URL: server.URL, CAFile: token}); err == nil {
		t.Error("a CA file that is not there is not noticed")
	}
	if _, err := newPeer(Alertmanager{URL: server.URL, CAFile: write("empty", "nothing")}); err == nil {
		t.Error("a CA file without certificates is not noticed")
	}
}

func TestSendInBatches(t *testing.T) {
	var sizes []int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var alerts []Posted
		if err := json.NewDecoder(r.Body).Decode(&alerts); err != nil || r.URL.Path != "/prefix/api/v2/alerts" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v %v %v", err, r.URL, r.Header)
		}
		if sizes = append(sizes, len(alerts)); len(sizes) == 2 {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer server.Close()
	p, err := newPeer(Alertmanager{URL: server.URL + "/prefix"})
	if err != nil {
		t.Fatal(err)
	}
	var alerts []Posted
	for n := range 150 {
		alerts = append(alerts, Posted{Labels: map[string]string{"alertname": "A", "n": strconv.Itoa(n)}})
	}
	err = p.send(t.Context(), alerts)
	if u := (*undelivered)(nil); !errors.As(err, &u) || u.outcome != Refused {
		t.Errorf("one batch was refused: %v", err)
	}
	if diff := cmp.Diff([]int{64, 64, 22}, sizes); diff != "" {
		t.Errorf("what is wrong with one batch need not be with the next: %s", diff)
	}
}
