package link

import (
	"math"
	"time"
)

const (
	// figuresWindow is the time over which calls are counted.
	figuresWindow = 5 * time.Minute
	// throughputWindow is the time over which the pace of a drain is measured.
	throughputWindow = time.Minute
	bucketTime       = 5 * time.Second
	buckets          = int(figuresWindow / bucketTime)
	// Latencies are counted in steps that grow by a quarter, from a millisecond to two minutes.
	latencySteps = 54
	latencyStep  = 1.25
)

// figures count the calls of a link over a sliding window. It is not safe for concurrent use.
type figures struct {
	ring [buckets]bucket
}

type bucket struct {
	number    int64 // which five seconds these are
	calls     int
	failures  int
	records   int // that the system took
	latencies [latencySteps]uint16
}

func (f *figures) at(now time.Time) *bucket {
	number := now.Unix() / int64(bucketTime/time.Second)
	b := &f.ring[number%int64(buckets)]
	if b.number != number {
		*b = bucket{number: number}
	}
	return b
}

func (f *figures) add(now time.Time, took time.Duration, failed bool, records int) {
	b := f.at(now)
	b.calls++
	b.records += records
	if failed {
		b.failures++
	}
	step := 0
	if ms := took.Seconds() * 1000; ms > 1 {
		step = min(int(math.Ceil(math.Log(ms)/math.Log(latencyStep))), latencySteps-1)
	}
	if b.latencies[step] < math.MaxUint16 {
		b.latencies[step]++
	}
}

// recent sums up the last five minutes.
func (f *figures) recent(now time.Time) (calls, failures int, p95 time.Duration) {
	oldest := now.Unix()/int64(bucketTime/time.Second) - int64(buckets)
	var latencies [latencySteps]int
	total := 0
	for i := range f.ring {
		b := &f.ring[i]
		if b.number <= oldest {
			continue
		}
		calls += b.calls
		failures += b.failures
		for step, n := range b.latencies {
			latencies[step] += int(n)
			total += int(n)
		}
	}
	seen := 0
	for step, n := range latencies {
		if seen += n; total > 0 && seen*100 >= total*95 {
			return calls, failures, time.Duration(math.Pow(latencyStep, float64(step)) * float64(time.Millisecond))
		}
	}
	return calls, failures, 0
}

// throughput is how many records a second the system took of late, but not before since; 0 while there is too little to
// tell by.
func (f *figures) throughput(now, since time.Time) float64 {
	number := func(t time.Time) int64 { return t.Unix() / int64(bucketTime/time.Second) }
	current := number(now)
	oldest := max(current-int64(throughputWindow/bucketTime), number(since)) + 1 // the bucket of since may hold what was before
	records, first := 0, int64(0)
	for i := range f.ring {
		b := &f.ring[i]
		if b.number >= oldest && b.records > 0 {
			records += b.records
			if first == 0 || b.number < first {
				first = b.number
			}
		}
	}
	if records == 0 {
		return 0
	}
	seconds := now.Sub(time.Unix(first*int64(bucketTime/time.Second), 0)).Seconds()
	return float64(records) / max(seconds, 1)
}
