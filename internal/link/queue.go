package link

import "container/list"

// queue is an ordered set of submissions: first in, first out, each at most once. Its zero value is empty.
type queue struct {
	order list.List
	at    map[Key]*list.Element
}

func (q *queue) add(key Key) {
	if q.at == nil {
		q.at = make(map[Key]*list.Element)
	}
	if _, there := q.at[key]; !there {
		q.at[key] = q.order.PushBack(key)
	}
}

func (q *queue) remove(key Key) {
	if e, there := q.at[key]; there {
		q.order.Remove(e)
		delete(q.at, key)
	}
}

// first takes the oldest out.
func (q *queue) first() (Key, bool) {
	e := q.order.Front()
	if e == nil {
		return Key{}, false
	}
	key := e.Value.(Key)
	q.remove(key)
	return key, true
}

// drain takes all out, in order.
func (q *queue) drain() []Key {
	keys := make([]Key, 0, len(q.at))
	for key, ok := q.first(); ok; key, ok = q.first() {
		keys = append(keys, key)
	}
	return keys
}
