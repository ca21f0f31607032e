package spool

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkPut says how many entries of 1 KiB a second are synced for 64 callers at once.
func BenchmarkPut(b *testing.B) {
	for name, ring := range map[string]*Keyring{"plain": nil, "sealed": testRing(b, 'k')} {
		b.Run(name, func(b *testing.B) {
			s := open(b, Options{Dir: b.TempDir(), Limit: 4 << 30, Keys: func() *Keyring { return ring }})
			object := bytes.Repeat([]byte("x"), 1<<10)
			var n atomic.Int64
			b.SetParallelism(32)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := <-s.Put(NewKey(time.Now(), "ns", fmt.Sprint(n.Add(1))), object); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
			b.ReportMetric(float64(b.N)/float64(s.Figures().Commits), "puts/commit")
		})
	}
}
