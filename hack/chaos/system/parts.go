package system

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// PID is the process id of a part. While the part is down there is an error.
func (s *System) PID(part string) (int, error) {
	data, err := os.ReadFile(filepath.Join(s.Dir, "run", part+".pid")) //nolint:gosec // one of our own
	if err != nil {
		return 0, fmt.Errorf("%s is not running: %w", part, err)
	}
	return strconv.Atoi(strings.TrimSpace(string(data)))
}

// Signal sends a signal to a part, and returns its process id.
func (s *System) Signal(part string, signal syscall.Signal) (int, error) {
	pid, err := s.PID(part)
	if err != nil {
		return 0, err
	}
	return pid, syscall.Kill(pid, signal)
}

// Resident is how much memory a part holds now, in bytes.
func (s *System) Resident(part string) (int64, error) {
	pid, err := s.PID(part)
	if err != nil {
		return 0, err
	}
	return resident(pid)
}

// Leak is a place where a marker was found.
type Leak struct {
	File string
	Line string
}

// Leaks looks for markers in every log, whatever their case. A marker is something personal that nobody may log.
func (s *System) Leaks(markers ...string) ([]Leak, error) {
	files, err := filepath.Glob(filepath.Join(s.Dir, "logs", "*.log"))
	if err != nil {
		return nil, err
	}
	if len(files) < 5 {
		return nil, fmt.Errorf("there are %d logs in %s, but five parts", len(files), s.Dir)
	}
	var leaks []Leak
	for _, file := range files {
		data, err := os.ReadFile(file) //nolint:gosec // in the system's own folder
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(data) {
			lower := bytes.ToLower(line)
			for _, marker := range markers {
				if bytes.Contains(lower, []byte(strings.ToLower(marker))) {
					leaks = append(leaks, Leak{filepath.Base(file), string(bytes.TrimSpace(line))})
					break
				}
			}
		}
	}
	return leaks, nil
}
