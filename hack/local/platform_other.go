//go:build unix && !linux

package main

import "syscall"

// apart puts a part into a process group of its own, so that Ctrl-C in the terminal reaches the launcher alone, which
// stops the parts in order. Other than on Linux, nothing ends the parts when the launcher is killed with kill -9.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
