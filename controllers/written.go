package controllers

import (
	"sync"

	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/contact-operator/contact-operator/internal/link"
)

// written remembers the status writes that the cache has not shown yet. A submission that is woken right after such a write
// would otherwise be processed by what it was before: a planned try would not be seen, and made at once.
type written struct {
	mu       sync.Mutex
	versions map[link.Key]string
}

func (w *written) note(submission link.Key, version string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.versions == nil {
		w.versions = make(map[link.Key]string)
	}
	w.versions[submission] = version
}

func (w *written) forget(submission link.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.versions, submission)
}

// isNewer tells whether something newer was written than what the cache shows. Once the cache has caught up, it forgets.
func (w *written) isNewer(submission link.Key, cached string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	version, known := w.versions[submission]
	if !known {
		return false
	}
	if order, err := resourceversion.CompareResourceVersion(version, cached); err == nil && order > 0 {
		return true
	}
	delete(w.versions, submission)
	return false
}
