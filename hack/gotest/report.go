package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event is one line of "go test -json": see "go doc cmd/test2json". Build output carries ImportPath instead of Package.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
}

// report turns events into what plain "go test" prints, and counts.
type report struct {
	out      io.Writer
	packages map[string]*pkg

	passed, failed int
	skipped        []string
}

// pkg is a package whose tests are running.
type pkg struct {
	output  []event         // of tests that have not passed, and of none, in the order it came
	running map[string]bool // top-level tests without an end yet
	blamed  bool            // a failed test explains the package's failure
}

func newReport(out io.Writer) *report {
	return &report{out: out, packages: map[string]*pkg{}}
}

// read takes events until the end of in. A line that is no event is printed as it is.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
				r.take(e)
			} else {
				r.print(line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the output of go test: %w", err)
		}
	}
}

func (r *report) take(e event) {
	if e.Action == "build-output" {
		r.print(e.Output)
		return
	}
	if e.Package == "" {
		return
	}
	p := r.packages[e.Package]
	if p == nil {
		p = &pkg{running: map[string]bool{}}
		r.packages[e.Package] = p
	}
	switch {
	case e.Action == "output":
		p.output = append(p.output, e)
	case e.Test != "":
		r.takeTest(p, e)
	case e.Action == "pass" || e.Action == "skip":
		r.printLast(p)
		delete(r.packages, e.Package)
	case e.Action == "fail":
		r.fail(p)
		delete(r.packages, e.Package)
	}
}

func (r *report) takeTest(p *pkg, e event) {
	top := !strings.Contains(e.Test, "/")
	switch e.Action {
	case "run":
		if top {
			p.running[e.Test] = true
		}
	case "pass", "skip":
		// What a test says when all is well is noise.
		p.output = slices.DeleteFunc(p.output, func(o event) bool { return o.Test == e.Test })
		if !top {
			return
		}
		delete(p.running, e.Test)
		if e.Action == "skip" {
			r.skipped = append(r.skipped, e.Package+" "+e.Test)
		} else {
			r.passed++
		}
	case "fail":
		p.blamed = true
		if top {
			delete(p.running, e.Test)
			r.failed++
		}
	}
}

// fail prints a failed package whole, but for what passed. Tests that never ended died with the process.
func (r *report) fail(p *pkg) {
	for _, o := range p.output {
		if o.Test == "" || !strings.HasPrefix(o.Output, "=== ") {
			r.print(o.Output)
		}
	}
	r.failed += len(p.running)
	if !p.blamed && len(p.running) == 0 {
		r.failed++
	}
}

// printLast prints the line that sums a package up: "ok ..." or "? ... [no test files]".
func (r *report) printLast(p *pkg) {
	for _, o := range slices.Backward(p.output) {
		if o.Test == "" && strings.Contains(o.Output, "\t") {
			r.print(o.Output)
			return
		}
	}
}

// close accounts for what never ended, because go test itself was stopped, and prints the closing line.
func (r *report) close() {
	for _, name := range slices.Sorted(maps.Keys(r.packages)) {
		r.print("FAIL\t" + name + " [did not end]\n")
		r.fail(r.packages[name])
	}
	if len(r.skipped) > 0 {
		r.print(fmt.Sprintf("%d skipped: %s\n", len(r.skipped), strings.Join(r.skipped, ", ")))
	}
	r.print(fmt.Sprintf("%d passed, %d failed\n", r.passed, r.failed))
}

func (r *report) print(s string) {
	_, _ = io.WriteString(r.out, s) // standard output; nowhere to complain when it is gone
}
