package run

import (
	"context"
	"sync"
	"time"

	"github.com/contact-operator/contact-operator/hack/chaos/system"
)

// memoryLimits are the most that a part may hold, in bytes. A run holds a few hundred submissions; all that grows without a
// bound goes beyond this sooner or later.
func memoryLimits() map[string]int64 {
	return map[string]int64{system.Operator: 256 << 20, system.Intake: 192 << 20}
}

// watchMemory looks at the parts' memory now and then. peak returns the most that each held; read it after stop.
func watchMemory(ctx context.Context, s *system.System) (peak func() map[string]int64, stop func()) {
	most := map[string]int64{}
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			for part := range memoryLimits() {
				if bytes, err := s.Resident(part); err == nil { // else it is down just now
					most[part] = max(most[part], bytes)
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return func() map[string]int64 { return most }, func() { cancel(); watching.Wait() }
}
