package trouble

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

func plan(seed uint64) []Event {
	return Plan(Options{Seed: seed, Duration: 30 * time.Second, Disk: true})
}

func TestTheSameSeedMakesTheSameTrouble(t *testing.T) {
	if diff := cmp.Diff(plan(3), plan(3)); diff != "" {
		t.Errorf("twice the same seed (-first +second):\n%s", diff)
	}
	if cmp.Equal(plan(3), plan(4)) {
		t.Error("two seeds make the same trouble")
	}
}

func TestTwentySeedsMeetEveryTroubleEverywhere(t *testing.T) {
	met := map[string]int{}
	for seed := range uint64(20) {
		for _, e := range plan(seed + 1) {
			if e.End() > 40*time.Second {
				t.Errorf("seed %d: %s ends long after the others", seed, e)
			}
			if e.Kind != Service {
				met[string(e.Kind)+" "+e.Target]++
			}
			for _, f := range e.Faults {
				met[e.Target+" "+name(f)]++
			}
		}
	}
	var want []string
	for _, part := range []string{"contact-intake", "contact-operator", "kube-apiserver", "etcd"} {
		want = append(want, "kill -9 "+part, "SIGTERM "+part, "SIGSTOP "+part)
	}
	for _, service := range server.Services() {
		want = append(want, "credential "+string(service))
		for _, f := range serviceFaults() {
			want = append(want, string(service)+" "+name(f))
		}
	}
	for _, w := range append(want, "disk full spool") {
		if met[w] == 0 {
			t.Errorf("twenty seeds never meet %s", w)
		}
	}
}

func TestShortIsFiveTroubles(t *testing.T) {
	kinds := map[Kind]int{}
	for _, e := range Plan(Options{Seed: 1, Duration: 30 * time.Second, Short: true}) {
		kinds[e.Kind]++
	}
	if diff := cmp.Diff(map[Kind]int{Service: 2, Kill: 3}, kinds); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
