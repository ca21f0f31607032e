// Command local runs the whole system on this machine: a real kube-apiserver and etcd, the resource types, roles and
// samples of this repository, the sandbox, the operator and the intake. It is what "make run" starts.
//
// It prints a line that begins with "ready" once a submission would be processed, and stops everything on Ctrl-C or
// SIGTERM. When one part ends by itself, all end, and the launcher says which one it was and what it last logged; with
// --restart it is started again instead. The process id of each part is in run/<part>.pid of the state folder.
//
// Everything listens on loopback. The state lies in one folder, which holds personal data and credentials and is readable
// by its owner only. Two launchers run side by side when they have different folders and addresses.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// errRequested is why everything stops when somebody asked for it.
var errRequested = errors.New("asked to stop")

func main() {
	// The kernel ends the parts when the thread that started them ends (see platform_linux.go). The main thread lasts as
	// long as the process, so every part is started from it.
	runtime.LockOSThread()
	os.Exit(launch())
}

// launch returns the exit code: 0 after a requested stop, 1 when something went wrong, 2 for wrong usage.
func launch() int {
	s, err := readSettings(os.Args[1:], os.Getenv)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 2
	}

	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	all := &parts{logs: s.path("logs"), run: s.path("run"), lost: stop}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() { // lives as long as the process
		<-signals
		stop(errRequested)
		<-signals
		all.kill()
	}()

	err = run(ctx, s, all)
	if errors.Is(err, errRequested) {
		return 0
	}
	fmt.Fprintf(os.Stderr, "\n%v\n", err)
	return 1
}

// run starts everything, waits until ctx ends, and stops everything again. Its error says why it ended.
func run(ctx context.Context, s settings, all *parts) error {
	unlock, err := lock(s.Dir)
	if err != nil {
		return err
	}
	defer unlock()

	l := &launcher{settings: s, parts: all, say: say}
	err = l.start(ctx)
	if err == nil {
		if s.Restart {
			all.restartFromHere()
		}
		l.announce()
		err = all.keep(ctx, say) // without --restart nothing is started again: it waits
	}
	// What made the start fail is less than why: a part that died, or somebody who lost patience.
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	all.stop(say)
	return err
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }
