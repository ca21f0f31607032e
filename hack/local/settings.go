package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// settings say where everything is. Paths are absolute.
type settings struct {
	Root   string // the repository: its config folder is applied
	Bin    string // the binaries of this repository
	Assets string // kube-apiserver, etcd and kubectl
	Dir    string // the state

	Restart bool // what ends by itself is started again, instead of ending everything

	Addresses []address
	// Without names the parts that are not started.
	Without []string
	// Providers are the vendors that serve the sample pipelines.
	Providers []string
	// Flags are more flags for a part, by its name.
	Flags map[string][]string
}

// The parts that can be left out, and their flags added to.
const (
	partOperator = "contact-operator"
	partIntake   = "contact-intake"
	// partAlertmanager is left out where none is installed, and when its address is 0.
	partAlertmanager = "alertmanager"
)

// The environment variables of their flags.
const (
	envOperatorFlags = "OPERATOR_FLAGS"
	envIntakeFlags   = "INTAKE_FLAGS"
)

// address is where a part listens.
type address struct {
	part  string // for messages
	env   string // the environment variable that changes it
	value string // host:port
	udp   bool   // beside TCP
}

// The environment variables of the addresses.
const (
	envIntake        = "INTAKE_ADDR"
	envIntakeMetrics = "INTAKE_METRICS_ADDR"
	envMetrics       = "METRICS_ADDR"
	envHealth        = "HEALTH_ADDR"
	envSandbox       = "SANDBOX_ADDR"
	envSandboxDNS    = "SANDBOX_DNS_ADDR"
	envSandboxTLS    = "SANDBOX_TLS_ADDR"
	envAlertmanager  = "ALERTMANAGER_ADDR"
)

func defaultAddresses() []address {
	return []address{
		{part: "the intake", env: envIntake, value: "127.0.0.1:8080"},
		{part: "the intake's metrics", env: envIntakeMetrics, value: "127.0.0.1:8081"},
		{part: "the operator's metrics", env: envMetrics, value: "127.0.0.1:8082"},
		{part: "the operator's health", env: envHealth, value: "127.0.0.1:8083"},
		{part: "the sandbox", env: envSandbox, value: "127.0.0.1:8090"},
		{part: "the sandbox's DNS", env: envSandboxDNS, value: "127.0.0.1:8053", udp: true},
		{part: "the sandbox's TLS", env: envSandboxTLS, value: "127.0.0.1:8091"},
		{part: "Alertmanager", env: envAlertmanager, value: "127.0.0.1:9093"},
	}
}

// readSettings reads the flags and the environment.
func readSettings(args []string, getenv func(string) string) (settings, error) {
	self, err := os.Executable()
	if err != nil {
		return settings{}, err
	}
	s := settings{Bin: filepath.Dir(self), Dir: ".local", Addresses: defaultAddresses(), Flags: map[string][]string{}}
	if dir := getenv("LOCAL_DIR"); dir != "" {
		s.Dir = dir
	}
	for i, a := range s.Addresses {
		if value := getenv(a.env); value != "" {
			s.Addresses[i].value = value
		}
	}

	if s.addr(envAlertmanager) == "0" {
		s.Addresses = slices.DeleteFunc(s.Addresses, func(a address) bool { return a.env == envAlertmanager })
		s.Without = append(s.Without, partAlertmanager)
	}

	if s.Providers, err = readProviders(getenv(envProviders)); err != nil {
		return settings{}, err
	}
	for part, env := range map[string]string{partOperator: envOperatorFlags, partIntake: envIntakeFlags} {
		if flags := strings.Fields(getenv(env)); len(flags) > 0 {
			s.Flags[part] = flags
		}
	}

	f := flag.NewFlagSet("local", flag.ContinueOnError)
	f.StringVar(&s.Root, "root", filepath.Dir(s.Bin), "the repository, whose config folder is applied")
	f.StringVar(&s.Assets, "assets", "", "folder of kube-apiserver, etcd and kubectl (default: what hack/controlplane/assets.sh finds or builds)")
	f.BoolVar(&s.Restart, "restart", false, "start a part again that ends by itself, instead of ending everything")
	f.Func("without", "leave a part out: contact-operator or contact-intake; may be given twice", func(name string) error {
		if name != partOperator && name != partIntake {
			return fmt.Errorf("only %s and %s can be left out", partOperator, partIntake)
		}
		s.Without = append(s.Without, name)
		return nil
	})
	f.SetOutput(io.Discard) // an error is said once, by the caller
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			usage(f)
			return settings{}, err
		}
		return settings{}, fmt.Errorf("%w; see --help", err)
	}
	if f.NArg() > 0 {
		return settings{}, fmt.Errorf("unexpected arguments: %s", strings.Join(f.Args(), " "))
	}
	return s, s.absolute()
}

func usage(f *flag.FlagSet) {
	f.SetOutput(os.Stdout)
	fmt.Println("Runs the whole system on this machine. Usage: local [flags]")
	f.PrintDefaults()
	fmt.Println("Environment: LOCAL_DIR, the folder of the state, default .local; and the addresses:")
	for _, a := range defaultAddresses() {
		fmt.Printf("  %-20s %s, default %s\n", a.env, a.part, a.value)
	}
	fmt.Printf("%s=0 leaves Alertmanager out.\n", envAlertmanager)
	fmt.Printf("Stand-ins of real systems for the samples: %s, separated by commas: hubspot, listmonk, mailchimp, brevo.\n", envProviders)
	fmt.Printf("More flags for a part: %s, %s, separated by blanks.\n", envOperatorFlags, envIntakeFlags)
}

func (s *settings) absolute() error {
	var errs []error
	for _, p := range []*string{&s.Root, &s.Bin, &s.Assets, &s.Dir} {
		if *p == "" {
			continue
		}
		path, err := filepath.Abs(*p)
		errs = append(errs, err)
		*p = path
	}
	return errors.Join(errs...)
}

// path is a path below the state folder.
func (s settings) path(elem ...string) string {
	return filepath.Join(append([]string{s.Dir}, elem...)...)
}

// starts tells whether a part is to be started.
func (s settings) starts(part string) bool { return !slices.Contains(s.Without, part) }

// addr is the address that an environment variable sets.
func (s settings) addr(env string) string {
	for _, a := range s.Addresses {
		if a.env == env {
			return a.value
		}
	}
	panic("no address is set by " + env)
}
