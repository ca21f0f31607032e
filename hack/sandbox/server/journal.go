package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
)

// Journal keeps the records of the CRM, the marketing system and the vendors in a file, so that a restart finds them again, as it would
// find those of the real systems. What the verifier and the locator were asked, faults, counts and tokens are not kept.
//
// The file holds one change per line, as JSON. It is written before the change is answered, but not synced: it survives the
// process, not a loss of power. It is rewritten when it is opened; until then it also holds what was replaced or deleted.
// One process may have it open at a time. A nil Journal keeps nothing.
type Journal struct {
	log    *slog.Logger
	path   string
	stored map[Service]*contents // as found when the file was opened; the tables go on from there

	mu   sync.Mutex
	file *os.File
	size int64 // of the lines that count; what a failed write left behind them is written over
}

// kept are the services whose records a Journal keeps.
func kept() []Service {
	return []Service{CRM, Marketing, HubSpot, Listmonk, Salesforce, EspoCRM, Mailchimp, Brevo}
}

// OpenJournal reads a file, which need not be there yet, and rewrites it without what is past. A last line that was cut
// short, because the process was killed while it wrote, is dropped and reported to log. Any other line that can't be read
// is an error, and the file stays as it is.
func OpenJournal(path string, log *slog.Logger) (*Journal, error) {
	j := &Journal{log: log, path: path, stored: map[Service]*contents{}}
	for _, name := range kept() {
		j.stored[name] = newContents()
	}
	if err := j.read(); err != nil {
		return nil, err
	}
	if err := j.compact(); err != nil {
		return nil, fmt.Errorf("can't rewrite the sandbox's records: %w; see to the folder's rights and space", err)
	}
	return j, nil
}

// read replays the file.
func (j *Journal) read() error {
	info, err := os.Lstat(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file, and would be replaced by one", j.path)
	}
	if err != nil {
		return fmt.Errorf("can't read the sandbox's records: %w", err)
	}
	data, err := os.ReadFile(j.path)
	if err != nil {
		return fmt.Errorf("can't read the sandbox's records: %w", err)
	}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if !bytes.HasSuffix(line, []byte("\n")) {
			j.log.Warn("the last line was cut short and is dropped: a change that was made as the sandbox was killed is lost",
				"file", j.path, "line", number, "bytes", len(line))
			break
		}
		var ch change
		if err := json.Unmarshal(line, &ch); err != nil || j.stored[ch.Service] == nil {
			// The cause is left out: it could quote a record.
			return fmt.Errorf("line %d of %s holds no record of the sandbox: repair the line, or move the file away to start with no records",
				number, j.path)
		}
		j.stored[ch.Service].apply(ch)
	}
	return nil
}

// compact puts a file in the place of the old one that holds only what is there now, and leaves it open.
func (j *Journal) compact() error {
	var lines bytes.Buffer
	out := json.NewEncoder(&lines) // ends each value with a line break
	records := 0
	for _, name := range kept() {
		c := j.stored[name]
		if c.serial == 0 {
			continue // it has never held anything
		}
		// A line without a record: the ids of deleted records are not given again.
		if err := out.Encode(change{Service: name, Serial: c.serial}); err != nil {
			return err
		}
		for _, r := range c.sorted() {
			if err := out.Encode(change{Service: name, Serial: c.serial, Record: &r}); err != nil {
				return err
			}
			records++
		}
	}
	temporary := j.path + ".tmp"
	err := writeSynced(temporary, lines.Bytes())
	if err == nil {
		err = os.Rename(temporary, j.path)
	}
	if err != nil {
		_ = os.Remove(temporary) // the next start would write over it
		return err
	}
	file, err := os.OpenFile(j.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	j.file, j.size = file, int64(lines.Len())
	j.log.Info("the records are kept in a file", "file", j.path, "records", records)
	return nil
}

// writeSynced writes a file for its owner alone, and returns once it is on the disk.
func writeSynced(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

// add writes one change. When it fails, the change must not be made.
func (j *Journal) add(ch change) error {
	if j == nil {
		return nil
	}
	line, err := json.Marshal(ch)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.WriteAt(line, j.size); err != nil {
		j.log.Error("a record can't be written, so the call is refused: see to the disk", "file", j.path, "err", err)
		return err
	}
	j.size += int64(len(line))
	return nil
}

// empty forgets every change.
func (j *Journal) empty() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.file.Truncate(0); err != nil {
		j.log.Error("the records can't be emptied, so the reset is refused", "file", j.path, "err", err)
		return err
	}
	j.size = 0
	return nil
}

// Close closes the file. Calls that would change a record fail from then on.
func (j *Journal) Close() error { return j.file.Close() }

// change is a step from one state of a table to the next.
type change struct {
	Service Service `json:"service"`
	// Serial is how many ids the service has given since it was empty.
	Serial int `json:"serial"`
	// Record is the record as it is now, nil if none is created or changed.
	Record *Record `json:"record,omitempty"`
	// Removed is the key of a record that is deleted, "" if none is.
	Removed string `json:"removed,omitempty"`
}
