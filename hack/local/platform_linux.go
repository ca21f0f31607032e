package main

import "syscall"

// apart puts a part into a process group of its own, so that Ctrl-C in the terminal reaches the launcher alone, which
// stops the parts in order. The kernel ends the part when the launcher is gone, even by kill -9: no orphan keeps a port
// or the data. That is safe, as etcd and the intake have written what they confirmed.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
