package system

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// apart puts the launcher into a process group of its own, so that Ctrl-C reaches this process alone, which stops the launcher
// in order. The kernel stops it when this process is gone, however that ends.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// resident is how much memory a process holds now, in bytes.
func resident(pid int) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(data)) // in pages: all, resident, ...
	if len(fields) < 2 {
		return 0, nil // it has ended
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
