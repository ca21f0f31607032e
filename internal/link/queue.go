package link

import (
	"container/heap"
	"slices"
	"strings"
	"time"
)

// place is a submission's place in a queue: in the order in which they were received, those that are in no hurry last.
type place struct {
	submission Key
	received   time.Time
	low        bool
	index      int // in the heap
}

func (p *place) before(o *place) bool {
	if p.low != o.low {
		return o.low
	}
	if !p.received.Equal(o.received) {
		return p.received.Before(o.received)
	}
	return strings.Compare(p.submission.Name, o.submission.Name) < 0
}

// queue is an ordered set of submissions, each at most once. Its zero value is empty.
type queue struct {
	heap places
	at   map[Key]*place
}

func (q *queue) add(p place) {
	if q.at == nil {
		q.at = make(map[Key]*place)
	}
	if _, there := q.at[p.submission]; there {
		return
	}
	q.at[p.submission] = &p
	heap.Push(&q.heap, &p)
}

func (q *queue) remove(submission Key) {
	if p, there := q.at[submission]; there {
		heap.Remove(&q.heap, p.index)
		delete(q.at, submission)
	}
}

// first takes the first out.
func (q *queue) first() (place, bool) {
	if len(q.heap) == 0 {
		return place{}, false
	}
	p := q.heap[0]
	q.remove(p.submission)
	return *p, true
}

// drain takes all out, in order.
func (q *queue) drain() []place {
	all := make([]place, len(q.heap))
	for i, p := range q.heap {
		all[i] = *p
	}
	slices.SortFunc(all, func(a, b place) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	*q = queue{}
	return all
}

// places implements heap.Interface.
type places []*place

func (h places) Len() int           { return len(h) }
func (h places) Less(i, j int) bool { return h[i].before(h[j]) }
func (h places) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *places) Push(x any) {
	p := x.(*place)
	p.index = len(*h)
	*h = append(*h, p)
}

func (h *places) Pop() any {
	last := len(*h) - 1
	p := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return p
}
