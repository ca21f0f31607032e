package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
)

const (
	// minKey is the shortest key, in bytes.
	minKey = 32
	// maxKeys bounds the keys that a token is tried with.
	maxKeys = 8
	// maxKeyFile bounds the file, in bytes.
	maxKeyFile = 64 << 10
	// keyPoll is the time between two looks at the file. A Secret takes longer than that to reach its Pods.
	keyPoll = 30 * time.Second
)

// tokenKeys are the keys in a file, read again when it changes. Without a file, or while none of its contents has been
// good, there are no keys and nobody is known: the forms work all the same.
type tokenKeys struct {
	path string
	log  logr.Logger
	ring atomic.Pointer[keyring]
	// read is what the file held at the last look; problem, what was wrong with it. Only reload uses them.
	read    []byte
	problem string
}

// newTokenKeys reads the file for the first time. An empty path means no keys.
func newTokenKeys(path string, log logr.Logger) *tokenKeys {
	k := &tokenKeys{path: path, log: log}
	if path != "" {
		k.reload()
	}
	return k
}

// keys returns the keys of now.
func (k *tokenKeys) keys() keyring {
	if ring := k.ring.Load(); ring != nil {
		return *ring
	}
	return nil
}

// run looks at the file now and then, until ctx ends.
func (k *tokenKeys) run(ctx context.Context) {
	if k.path == "" {
		return
	}
	poll := time.NewTicker(keyPoll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			k.reload()
		}
	}
}

// reload takes the keys of the file. When it can't, those from before stay; each problem is logged once.
func (k *tokenKeys) reload() {
	content, err := readKeyFile(k.path)
	if err == nil && k.read != nil && bytes.Equal(content, k.read) && k.problem == "" {
		return
	}
	var ring keyring
	if err == nil {
		ring, err = parseKeys(content)
	}
	if err != nil {
		if k.problem != err.Error() {
			k.problem = err.Error()
			k.log.Info("the keys of tokens are not usable: "+k.consequence()+". Give the file at least one line of 32 characters or more; it is looked at again every 30 s",
				"file", k.path, "problem", k.problem)
		}
		return
	}
	k.ring.Store(&ring)
	k.read, k.problem = content, ""
	k.log.Info("keys of tokens read", "file", k.path, "keys", len(ring))
}

func (k *tokenKeys) consequence() string {
	if k.ring.Load() == nil {
		return "visitors are asked everything each time"
	}
	return "those from before stay in use"
}

// readKeyFile says what is wrong without the file's contents.
func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the administrator names it
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("there is no such file")
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxKeyFile {
		return nil, fmt.Errorf("it has more than %d bytes", maxKeyFile)
	}
	return content, nil
}

// parseKeys reads one key a line; blank lines and those that begin with # don't count. The first key signs, the others
// are those of before, whose tokens are still good.
func parseKeys(content []byte) (keyring, error) {
	var ring keyring
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case len(line) < minKey:
			return nil, fmt.Errorf("line %d has %d characters", number, len(line))
		case len(ring) == maxKeys:
			return nil, fmt.Errorf("it has more than %d keys", maxKeys)
		default:
			ring = append(ring, []byte(line))
		}
	}
	if len(ring) == 0 {
		return nil, errors.New("it holds no key")
	}
	return ring, nil
}
