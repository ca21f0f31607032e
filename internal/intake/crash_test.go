package intake

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"

	"github.com/contact-operator/contact-operator/internal/intake/spool"
)

// The test binary runs as the intake when these are set: the API server's address, and the spool's folder.
const crashHost, crashDir = "INTAKE_CRASH_HOST", "INTAKE_CRASH_DIR"

func TestMain(m *testing.M) {
	if host := os.Getenv(crashHost); host != "" {
		if err := runAsIntake(host, os.Getenv(crashDir)); err != nil {
			panic(err)
		}
		return
	}
	m.Run()
}

// runAsIntake says its address on the first line, and runs until it is killed.
func runAsIntake(host, dir string) error {
	listener, err := listen(context.Background(), "--addr", "127.0.0.1:0")
	if err != nil {
		return err
	}
	o := DefaultOptions()
	o.SpoolDir = dir
	if _, err := fmt.Fprintln(os.Stdout, listener.Addr()); err != nil {
		return err
	}
	return serveIntake(context.Background(), &rest.Config{Host: host}, o, nil, listener, nil, logr.Discard())
}

// startChild runs the intake in a process of its own.
func startChild(t *testing.T, host, dir string) (*exec.Cmd, string) {
	t.Helper()
	child := exec.Command(os.Args[0]) //nolint:gosec // this test itself
	child.Env = append(os.Environ(), crashHost+"="+host, crashDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return child, "http://" + strings.TrimSpace(line)
}

// A process that is killed at any instant loses nothing that was answered with 202: it is in the API server, or in the
// spool, and the next process hands that over.
func TestKilledAtAnyInstant(t *testing.T) {
	api := newFakeAPI(t)
	var well atomic.Bool
	api.create = func(r *http.Request) int {
		if well.Load() {
			return 0
		}
		switch rand.N(10) {
		case 0, 1:
			return http.StatusServiceUnavailable
		case 2:
			return http.StatusTooManyRequests
		case 3: // kept, but the answer comes late, or never
			select {
			case <-r.Context().Done():
			case <-time.After(time.Duration(rand.N(200)) * time.Millisecond):
			}
		case 4: // neither kept nor answered for a while
			select {
			case <-r.Context().Done():
			case <-time.After(300 * time.Millisecond):
			}
			return http.StatusInternalServerError
		}
		return 0
	}
	dir := t.TempDir()
	const rounds, clients, perRound = 6, 16, 400
	var mu sync.Mutex
	accepted := map[string]bool{}
	for range rounds {
		child, base := startChild(t, api.URL, dir)
		transport := &http.Transport{MaxIdleConnsPerHost: clients}
		var answers atomic.Int64
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				client := &http.Client{Transport: transport}
				for answers.Load() < 2*perRound {
					answer, err := client.Post(base+"/v1/ns/trial/submissions", asJSON, strings.NewReader(`{"email":"ada@example.com"}`))
					if err != nil {
						return // killed
					}
					var body accepted202
					err = json.NewDecoder(answer.Body).Decode(&body)
					_ = answer.Body.Close()
					if answer.StatusCode == http.StatusServiceUnavailable {
						continue // the pipelines are not known yet
					}
					if answer.StatusCode != http.StatusAccepted || (err == nil && body.ID == "") {
						t.Errorf("answered %d", answer.StatusCode)
						return
					}
					if err != nil {
						return // killed within the answer
					}
					mu.Lock()
					accepted[body.ID] = true
					mu.Unlock()
					if answers.Add(1) == perRound {
						_ = child.Process.Kill()
					}
				}
			})
		}
		wg.Wait()
		_ = child.Wait()
		transport.CloseIdleConnections()

		kept := api.names()
		for name := range pendingNames(t, dir) {
			kept[name] = true
		}
		for id := range accepted {
			if !kept[id] {
				t.Fatalf("%s was answered with 202, and is neither in the API server nor in the spool", id)
			}
		}
	}
	if waiting := len(pendingNames(t, dir)); waiting == 0 {
		t.Error("nothing was left in the spool: the test shows nothing about it")
	}

	well.Store(true)
	child, _ := startChild(t, api.URL, dir)
	const patience = 3000 // looks
	for looks, missing := 0, len(accepted); missing > 0; looks++ {
		missing = 0
		kept := api.names()
		for id := range accepted {
			if !kept[id] {
				missing++
			}
		}
		if looks == patience {
			t.Fatalf("%d of %d not handed over", missing, len(accepted))
		}
		time.Sleep(20 * time.Millisecond) //nolint:forbidigo // another process works
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	t.Logf("%d accepted over %d kills, all kept", len(accepted), rounds)
}

type accepted202 = struct{ ID string }

// pendingNames opens a spool that nobody has open, and lists what waits in it.
func pendingNames(t *testing.T, dir string) map[string]bool {
	t.Helper()
	store, err := spool.Open(spool.Options{Dir: dir, Limit: 1 << 30, KeepDamaged: true, Log: logr.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	figures, names := store.Figures(), map[string]bool{}
	if len(figures.Dead) > 0 {
		t.Errorf("dead letters: %v", figures.Dead)
	}
	for q := (spool.Query{Pending: true, Objects: true}); ; {
		page, err := store.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			if item.Problem != "" {
				t.Errorf("%s: %s", item.Name, item.Problem)
			}
			names[item.Name] = true
		}
		if q.After = page.Next; q.After == "" {
			return names
		}
	}
}
