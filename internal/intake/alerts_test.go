package intake

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/contact-operator/contact-operator/internal/alert"
	"github.com/contact-operator/contact-operator/internal/intake/spool"
)

func TestAlertFactsRememberSinceWhen(t *testing.T) {
	start := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	figures, percent := spool.Figures{}, int64(0)
	f := &alertFacts{
		name: "contact-intake-0", namespace: "system", dir: "/spool", threshold: 75,
		figures: func() spool.Figures { return figures }, percent: func() int64 { return percent },
	}
	base := alert.IntakeState{Name: "contact-intake-0", Namespace: "system", SpoolDir: "/spool"}
	steps := []struct {
		reason  string
		figures spool.Figures
		percent int64
		want    func(*alert.IntakeState)
	}{
		{reason: "nothing", want: func(*alert.IntakeState) {}},
		{
			reason:  "dead letters of two reasons, and etcd fills up",
			figures: spool.Figures{Pending: 3, OldestReceivedAt: start, Dead: map[string]int{"invalid": 2, "corrupt": 1}}, percent: 80,
			want: func(s *alert.IntakeState) {
				s.Spooled, s.OldestSpooled, s.DeadLetters, s.OldestDead = 3, start, 3, start.Add(time.Minute)
				s.QuotaPercent, s.QuotaSince = 80, start.Add(time.Minute)
			},
		},
		{
			reason: "it goes on, and began when it began", figures: spool.Figures{Dead: map[string]int{"invalid": 5}}, percent: 90,
			want: func(s *alert.IntakeState) {
				s.DeadLetters, s.OldestDead, s.QuotaPercent, s.QuotaSince = 5, start.Add(time.Minute), 90, start.Add(time.Minute)
			},
		},
		{reason: "it is over", percent: 60, want: func(s *alert.IntakeState) { s.QuotaPercent = 60 }},
	}
	for i, step := range steps {
		figures, percent = step.figures, step.percent
		want := base
		step.want(&want)
		if diff := cmp.Diff(want, f.now(start.Add(time.Duration(i)*time.Minute))); diff != "" {
			t.Errorf("%s: %s", step.reason, diff)
		}
	}
}

// A dead letter on the disk of an intake reaches an Alertmanager.
func TestDeadLetterIsAlertedOn(t *testing.T) {
	var once sync.Once
	told := make(chan alert.Posted)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var alerts []alert.Posted
		if err := json.NewDecoder(r.Body).Decode(&alerts); err != nil {
			t.Error(err)
		}
		if len(alerts) > 0 {
			once.Do(func() { told <- alerts[0] })
		}
	}))
	defer server.Close()
	o := DefaultOptions()
	o.SpoolDir, o.AlertmanagerURLs = t.TempDir(), []string{server.URL}
	m := newMetrics()
	front, err := newSpoolFront(&rest.Config{}, o, &watchedPipelines{}, newAPICommitter(nil, 1, time.Second, m, logr.Discard()), m, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	defer front.close()
	key := spool.NewKey(time.Now(), "web", "a-name")
	if err := <-front.store.Put(key, []byte(`{"email":"ada@personal.example"}`)); err != nil {
		t.Fatal(err)
	}
	if err := <-front.store.Bury(key, spool.Reasons[0]); err != nil {
		t.Fatal(err)
	}
	part, err := newAlerts(o, front, m, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	ctx := t.Context()
	running.Go(func() { _ = part(ctx) })
	defer server.CloseClientConnections()
	got := <-told
	if got.Labels["alertname"] != "ContactDeadLetters" || got.Annotations["affected"] != "1" {
		t.Errorf("told %v", got)
	}
	if text, _ := json.Marshal(got); strings.Contains(string(text), "personal") || strings.Contains(string(text), "a-name") {
		t.Errorf("told what somebody sent: %s", text)
	}
	t.Cleanup(running.Wait)
}

func TestAlertsNeedASpool(t *testing.T) {
	o := DefaultOptions()
	o.AlertmanagerURLs = []string{"http://alertmanager:9093"}
	if _, err := o.validate(); err == nil || !strings.Contains(err.Error(), "--alertmanager-url") {
		t.Errorf("got %v", err)
	}
}
