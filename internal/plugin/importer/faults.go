package importer

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
)

// faults is the file of the lines that could not be imported: line number, error, and the line as it stands in the file.
// It is created with the first of them.
type faults struct {
	path string
	file *os.File
	size int64
}

// openFaults goes on with a file of errors at a size; 0 begins anew.
func openFaults(path string, size int64) (*faults, error) {
	f := &faults{path: path}
	if size == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		return f, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Truncate(size); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if _, err := file.Seek(size, io.SeekStart); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	f.file, f.size = file, size
	return f, nil
}

// add writes one line.
func (f *faults) add(line int64, problem, raw string) error {
	var text strings.Builder
	w := csv.NewWriter(&text)
	if f.file == nil {
		// It holds what people have typed into forms: for the user's eyes alone.
		file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		f.file = file
		if err := w.Write([]string{"line", "error", "original"}); err != nil {
			return err
		}
	}
	if err := w.Write([]string{strconv.FormatInt(line, 10), problem, raw}); err != nil {
		return err
	}
	w.Flush()
	n, err := io.WriteString(f.file, text.String())
	f.size += int64(n)
	return err
}

// sync makes sure that what was added is kept, and returns the size.
func (f *faults) sync() (int64, error) {
	if f.file == nil {
		return 0, nil
	}
	return f.size, f.file.Sync()
}

func (f *faults) close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
