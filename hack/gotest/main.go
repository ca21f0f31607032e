// Command gotest runs "go test" with the given arguments, shows what plain "go test" shows, and ends with the line
//
//	N passed, N failed
//
// where N counts top-level tests; a package that fails with no failed test to blame (it does not build, TestMain gives
// up, the process dies between tests) counts as one failure. It exits with 0 only when go test did and nothing failed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	ok, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

func run(args []string) (ok bool, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	// A process group of its own, so that a signal reaches the test binaries and the servers that they started, and not
	// go test alone, which would leave them behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	events, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("go test could not be started: %w", err)
	}

	r := newReport(os.Stdout)
	readErr := r.read(events)
	waitErr := cmd.Wait()
	r.close()

	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return false, errors.New("stopped before the tests had ended")
	case readErr != nil:
		return false, readErr
	case waitErr != nil && !errors.As(waitErr, &exit):
		return false, waitErr
	}
	return waitErr == nil && r.failed == 0, nil
}
