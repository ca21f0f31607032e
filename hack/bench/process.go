package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticksPerSecond is the unit of CPU times in /proc, the same on every Linux.
const ticksPerSecond = 100

// children are the processes that another one started, by program name. It is empty where there is no /proc.
func children(parent int) map[string]int {
	byName := map[string]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		data, err := os.ReadFile(file) //nolint:gosec // in /proc
		if err != nil {
			continue // it has ended
		}
		if s, err := parseStat(string(data)); err == nil && s.parent == parent && s.state != "Z" {
			byName[fullName(s.name)] = s.pid
		}
	}
	return byName
}

// fullName undoes the kernel's cut to 15 characters.
func fullName(name string) string {
	for _, part := range []string{operatorPart, intakePart, apiServerPart} {
		if name == part[:min(len(part), 15)] {
			return part
		}
	}
	return name
}

// stat is what /proc/<pid>/stat says of a process.
type stat struct {
	pid, parent int
	name, state string
	cpuSeconds  float64
}

// parseStat reads: pid (name) state parent ..., with the user's and the system's time as the 14th and 15th fields. The
// name may hold anything.
func parseStat(line string) (stat, error) {
	pid, rest, _ := strings.Cut(line, " (")
	end := strings.LastIndex(rest, ") ")
	if end < 0 {
		return stat{}, errors.New("no process name")
	}
	s := stat{name: rest[:end]}
	fields := strings.Fields(rest[end+2:])
	if len(fields) < 13 {
		return stat{}, fmt.Errorf("%d fields after the name, want 13 or more", len(fields))
	}
	s.state = fields[0]
	var errs [4]error
	var user, system int
	s.pid, errs[0] = strconv.Atoi(pid)
	s.parent, errs[1] = strconv.Atoi(fields[1])
	user, errs[2] = strconv.Atoi(fields[11])
	system, errs[3] = strconv.Atoi(fields[12])
	s.cpuSeconds = float64(user+system) / ticksPerSecond
	return s, errors.Join(errs[:]...)
}

// cpuSeconds is what each process has used up to now.
func cpuSeconds(processes map[string]int) map[string]float64 {
	used := map[string]float64{}
	for name, pid := range processes {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		if s, err := parseStat(string(data)); err == nil {
			used[name] = s.cpuSeconds
		}
	}
	return used
}

// used is the CPU time per submission, in milliseconds, by process.
func used(before, after map[string]float64, submissions int) map[string]float64 {
	all := map[string]float64{}
	for name, seconds := range after {
		all[name] = (seconds - before[name]) * 1000 / float64(submissions)
	}
	return all
}

// peaksMiB is the most memory that each process but this one has held, in MiB.
func peaksMiB(processes map[string]int) map[string]float64 {
	peaks := map[string]float64{}
	for name, pid := range processes {
		if name == benchPart {
			continue
		}
		if peak, err := peakMiB(pid); err == nil {
			peaks[name] = peak
		}
	}
	return peaks
}

// peakMiB is the most memory that a process has held, in MiB.
func peakMiB(pid int) (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil { // no Linux
		return 0, fmt.Errorf("this machine does not tell how much memory a process has: %w", err)
	}
	return parsePeak(string(data))
}

func parsePeak(status string) (float64, error) {
	for line := range strings.Lines(status) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("no line VmHWM")
}
