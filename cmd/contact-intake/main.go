// Command contact-intake is the public HTTP front: it turns what people send into ContactSubmissions. contact-intake spool
// is for administrators: it looks at what the intake keeps on disk.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/contact-operator/contact-operator/internal/intake"
	"github.com/contact-operator/contact-operator/internal/intake/spoolcmd"
	"github.com/contact-operator/contact-operator/internal/profiling"
	"github.com/contact-operator/contact-operator/internal/tracing/otlp"
)

func main() {
	start := run
	if len(os.Args) > 1 && os.Args[1] == "spool" {
		start = runSpool
	}
	if err := start(); err != nil {
		fmt.Fprintf(os.Stderr, "contact-intake: %v\n", err)
		os.Exit(1)
	}
}

func runSpool() error {
	command := spoolcmd.New()
	command.SetArgs(os.Args[2:])
	return command.ExecuteContext(context.Background())
}

// gcPercent lets the heap, which is small, grow to five times what is in use: accepting makes much short-lived memory, and a
// burst of it is a third faster so. GOGC in the environment overrides it.
const gcPercent = 400

func run() error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	options := intake.DefaultOptions()
	options.BindFlags(flag.CommandLine)
	pprofAddr := flag.String("pprof-addr", "", "Address that serves Go's profiles, for example :6060; without a host, to this machine only. Default: nowhere.")
	// An error line says what to do; a stack under it would hide that.
	logging := zap.Options{StacktraceLevel: zapcore.DPanicLevel, TimeEncoder: zapcore.RFC3339TimeEncoder}
	logging.BindFlags(flag.CommandLine)
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see --help", flag.Arg(0))
	}

	log := zap.New(zap.UseFlagOptions(&logging)).WithName("intake")
	ctrl.SetLogger(log)
	klog.SetLogger(log)
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("no usable kubeconfig; give one with --kubeconfig or KUBECONFIG, or run in a cluster: %w", err)
	}
	if _, err := profiling.Address(*pprofAddr); err != nil {
		return fmt.Errorf("--pprof-addr: %w", err)
	}
	tracer, flush := otlp.Start(context.Background(), "contact-intake", log)
	defer flush()
	options.Tracer = tracer
	group, ctx := errgroup.WithContext(ctrl.SetupSignalHandler())
	group.Go(func() error { return profiling.Serve(ctx, *pprofAddr) })
	group.Go(func() error { return intake.Run(ctx, cfg, options, log) })
	return group.Wait()
}
