// Package system brings up the whole system by the launcher of "make run", from the built binaries, and reaches its parts: for
// programs that load it, break it and check what became of it.
package system

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/freeport"
)

// The parts of the system, as the launcher calls them.
const (
	Intake    = "contact-intake"
	Operator  = "contact-operator"
	APIServer = "kube-apiserver"
	Etcd      = "etcd"
	Sandbox   = "sandbox"
)

// Options say where everything is.
type Options struct {
	// Bin is the folder of the built binaries, Root the repository.
	Bin, Root string
	// Assets is the folder of kube-apiserver and etcd; "" lets the launcher find them.
	Assets string
	// Dir is the folder of the system's state.
	Dir string
	// Env is added to the launcher's environment.
	Env []string
	// Out gets what the launcher says; nil: nobody.
	Out io.Writer
}

// System is a running system.
type System struct {
	// Dir is the folder of its state.
	Dir string
	// Client reaches its API server as the administrator.
	Client client.WithWatch

	kube      *rest.Config
	addresses map[string]string
	process   *os.Process
	ended     chan struct{}
	exit      error // why the launcher ended; read it after ended
}

// Start brings a system up and returns once a submission would be processed.
func Start(ctx context.Context, o Options) (*System, error) {
	s := &System{Dir: o.Dir, addresses: map[string]string{}, ended: make(chan struct{})}
	var err error
	if s.addresses, err = freeport.Named(ctx,
		"INTAKE_ADDR", "INTAKE_METRICS_ADDR", "METRICS_ADDR", "HEALTH_ADDR", "SANDBOX_ADDR", "SANDBOX_DNS_ADDR", "SANDBOX_TLS_ADDR",
	); err != nil {
		return nil, err
	}
	cmd, ready, err := s.command(o)
	if err != nil {
		return nil, err
	}
	if err := s.launch(cmd); err != nil {
		return nil, err
	}
	select {
	case <-ready:
	case <-s.ended:
		return nil, fmt.Errorf("the launcher ended before the system was ready: %w; its logs are in %s", s.exit, filepath.Join(s.Dir, "logs"))
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), s.Stop())
	}
	if err := s.connect(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// command prepares the launcher. ready is closed when it says that it is ready.
func (s *System) command(o Options) (cmd *exec.Cmd, ready chan struct{}, err error) {
	args := []string{"--restart"}
	for flag, path := range map[string]string{"--root": o.Root, "--assets": o.Assets} {
		if path != "" {
			args = append(args, flag+"="+path)
		}
	}
	cmd = exec.Command(filepath.Join(o.Bin, "local"), args...) //nolint:gosec,noctx // of this repository; it is stopped in order
	cmd.Env = append(append(os.Environ(), "LOCAL_DIR="+s.Dir, "ALERTMANAGER_ADDR=0"), o.Env...)
	for env, addr := range s.addresses {
		cmd.Env = append(cmd.Env, env+"="+addr)
	}
	cmd.SysProcAttr = apart()
	said, say, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd.Stdout, cmd.Stderr = say, say
	ready = make(chan struct{})
	go func() { // ends with the launcher, which holds the pipe's other end
		defer func() { _ = said.Close() }()
		lines := bufio.NewScanner(said)
		announced := false
		for lines.Scan() {
			if o.Out != nil {
				_, _ = fmt.Fprintln(o.Out, lines.Text())
			}
			if !announced && strings.HasPrefix(lines.Text(), "ready") {
				announced = true
				close(ready)
			}
		}
	}()
	return cmd, ready, nil
}

// launch starts the launcher. Where the kernel can, it ends the launcher with this process; it does so with the thread that
// started it, so one thread is kept for that.
func (s *System) launch(cmd *exec.Cmd) error {
	started := make(chan error, 1)
	go func() { // ends with the launcher
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if say, ok := cmd.Stdout.(io.Closer); ok {
			_ = say.Close() // the launcher has its own
		}
		started <- err
		if err == nil {
			s.exit = cmd.Wait()
			close(s.ended)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("the launcher does not start: %w; make binaries builds it", err)
	}
	s.process = cmd.Process
	return nil
}

func (s *System) connect() error {
	kube, err := clientcmd.BuildConfigFromFlags("", filepath.Join(s.Dir, "kubeconfig"))
	if err != nil {
		return err
	}
	kube.QPS = -1
	kube.Timeout = 30 * time.Second // an API server that is stopped answers nothing
	scheme := clientgoscheme.Scheme
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	// What is needed is known: a mapper that asks the API server would fail with it.
	s.kube = kube
	s.Client, err = client.NewWithWatch(kube, client.Options{Scheme: scheme, Mapper: mapper(
		v1alpha1.GroupVersion.WithKind("ContactSubmission"), v1alpha1.GroupVersion.WithKind("Contact"),
		v1alpha1.GroupVersion.WithKind("ContactPipeline"), v1alpha1.GroupVersion.WithKind("Integration"),
		corev1.SchemeGroupVersion.WithKind("Secret"), corev1.SchemeGroupVersion.WithKind("Namespace"),
		schema.GroupVersionKind{Group: "events.k8s.io", Version: "v1", Kind: "Event"},
	)})
	return err
}

// Stop ends the system in order.
func (s *System) Stop() error {
	select {
	case <-s.ended:
		return errors.New("the launcher ended by itself; its logs are in " + filepath.Join(s.Dir, "logs"))
	default:
	}
	if err := s.process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	patience := time.NewTimer(2 * time.Minute)
	defer patience.Stop()
	select {
	case <-s.ended:
		return nil
	case <-patience.C:
		_ = s.process.Kill()
		<-s.ended
		return errors.New("the launcher did not stop within two minutes and was killed")
	}
}
