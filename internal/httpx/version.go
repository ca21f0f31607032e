package httpx

import (
	"runtime/debug"
	"strings"
	"sync"
)

// version is set by the linker where Go can't know it: an image is built without the checkout's history.
var version string

// userAgent is what outside systems see of this program: their administrators can tell which version it is that calls.
var userAgent = sync.OnceValue(func() string {
	v := version
	if v == "" {
		if info, ok := debug.ReadBuildInfo(); ok {
			v = info.Main.Version
		}
	}
	return agentOf(v)
})

// agentOf makes a product of a version, of the characters that one may have.
func agentOf(v string) string {
	v = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune(".-+_", r) {
			return r
		}
		return -1
	}, v)
	if v == "" {
		v = "devel"
	}
	return "contact-operator/" + v
}
