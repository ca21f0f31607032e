package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// counts are what the summary tells. They speak of the records in the order of the file, without gaps.
type counts struct {
	Read    int64 `json:"read"`
	Created int64 `json:"created"`
	Already int64 `json:"already"`
	Blank   int64 `json:"blank"`
	Failed  int64 `json:"failed"`
}

// target is what a checkpoint belongs to: with any of it different, what is done here is not done there.
type target struct {
	File      string `json:"file"` // its SHA-256
	Namespace string `json:"namespace"`
	Pipeline  string `json:"pipeline"`
	UID       string `json:"uid"`      // of the pipeline: there may be others of its name, in other clusters
	Settings  string `json:"settings"` // a hash of what else decides what is sent
}

// checkpoint is how far an import has come. It holds nothing of the file's content.
type checkpoint struct {
	Target target `json:"target"`
	// Began orders what was imported without a time of its own. It stays the same when the import goes on.
	Began time.Time `json:"began"`
	counts
	// Ahead are the records after those that were created already, when the import was stopped: at most a few hundred.
	Ahead []int64 `json:"ahead,omitempty"`
	// ErrorsSize is the size of the file of errors, in bytes: what was written after is written again.
	ErrorsSize int64 `json:"errorsSize"`
	Complete   bool  `json:"complete"`
}

// loadCheckpoint reads how far an import has come; nil when it has not begun.
func loadCheckpoint(path string) (*checkpoint, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := &checkpoint{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("%s can't be read (%w); --restart begins anew, which sends nothing twice", path, err)
	}
	return c, nil
}

// fits tells whether an import with this target can go on from a checkpoint.
func (c *checkpoint) fits(path string, t target) error {
	differs := ""
	switch {
	case c.Target == t:
		return nil
	case c.Target.File != t.File:
		differs = "the file has changed since"
	case c.Target.Namespace != t.Namespace || c.Target.Pipeline != t.Pipeline:
		differs = fmt.Sprintf("it went to pipeline %s in namespace %s", c.Target.Pipeline, c.Target.Namespace)
	case c.Target.UID != t.UID:
		differs = "it went to another pipeline of that name, or to another cluster"
	default:
		differs = "it had another --map, --ignore, --encoding or the like"
	}
	return fmt.Errorf("%s tells of an import that is not this one: %s. Repeat the command as it was to go on with that one, "+
		"or give --restart to begin this one", path, differs)
}

// save writes a checkpoint so that it is whole whenever the machine stops.
func (c *checkpoint) save(path string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("keep track of the import: %w; choose another place with --progress-file", err)
	}
	_, err = temporary.Write(append(text, '\n'))
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep track of the import: %w", err), os.Remove(temporary.Name()))
	}
	return nil
}
