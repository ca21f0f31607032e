package intake

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
)

// BenchmarkAccept says how many submissions a second are accepted from 64 clients while the API server is saturated: each of
// its few creates takes 60 ms. Clients, intake and API server share the machine.
func BenchmarkAccept(b *testing.B) {
	api := newFakeAPI(b)
	api.create = func(r *http.Request) int {
		select {
		case <-time.After(60 * time.Millisecond):
		case <-r.Context().Done():
		}
		return 0
	}
	o := DefaultOptions()
	o.SpoolDir = b.TempDir()
	base := startIntake(b, api, o)

	const clients = 64
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	var next atomic.Int64
	took := make([][]time.Duration, clients)
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			client := &http.Client{Transport: transport}
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				body := fmt.Sprintf(`{"name":"Ada Example","email":"person%d@example.com","company":"Example Ltd","phone":"+44 20 7946 0958",
					"country":"GB","attributes":{"plan":"pro"},"consent":{"marketing":true,"statement":"Send me the newsletter"}}`, n)
				start := time.Now()
				answer, err := client.Post(base+"/v1/ns/trial/submissions", asJSON, strings.NewReader(body))
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				if answer.StatusCode != http.StatusAccepted {
					b.Errorf("answered %d", answer.StatusCode)
					return
				}
				took[c] = append(took[c], time.Since(start))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	all := slices.Concat(took...)
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepted/s")
	b.ReportMetric(float64(all[len(all)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100])/1e6, "p99-ms")
}

// startIntake runs a whole intake on a fake API server until the test ends, and returns its address.
func startIntake(tb testing.TB, api *fakeAPI, o Options) string {
	tb.Helper()
	listener, err := listen(tb.Context(), "--addr", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- serveIntake(ctx, api.config(), o, nil, listener, nil, logr.Discard()) }()
	tb.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil {
			tb.Error(err)
		}
	})
	base := "http://" + listener.Addr().String()
	for {
		answer, err := http.Get(base + "/readyz")
		if err != nil {
			tb.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return base
		}
		select {
		case err := <-stopped:
			tb.Fatalf("the intake stopped: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
