package main

import (
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseStat(t *testing.T) {
	const numbers = " 10 10 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 9 0 100"
	for name, tc := range map[string]struct {
		line    string
		want    stat
		wantErr bool
	}{
		"a program": {
			line: "42 (etcd) S 7" + numbers,
			want: stat{pid: 42, parent: 7, name: "etcd", state: "S", cpuSeconds: 3},
		},
		"a name may hold anything": {
			line: "42 (a) S (b) c) R 7" + numbers,
			want: stat{pid: 42, parent: 7, name: "a) S (b) c", state: "R", cpuSeconds: 3},
		},
		"cut off":        {line: "42 (etcd) S 7 10", wantErr: true},
		"without a name": {line: "42 etcd S 7" + numbers, wantErr: true},
		"no number":      {line: "42 (etcd) S x" + numbers, wantErr: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat(tc.line)
			if (err != nil) != tc.wantErr {
				t.Fatalf("error %v, want one: %t", err, tc.wantErr)
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(stat{})); diff != "" && !tc.wantErr {
				t.Error(diff)
			}
		})
	}
}

func TestParsePeak(t *testing.T) {
	for name, tc := range map[string]struct {
		status  string
		want    float64
		wantErr bool
	}{
		"a program":            {status: "Name:\tetcd\nVmPeak:\t 9999999 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n", want: 2},
		"one that has ended":   {status: "Name:\tetcd\nState:\tZ (zombie)\n", wantErr: true},
		"a value that is none": {status: "VmHWM:\tmuch kB\n", wantErr: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parsePeak(tc.status)
			if (err != nil) != tc.wantErr || got != tc.want && !tc.wantErr {
				t.Errorf("got %v, %v; want %v, an error: %t", got, err, tc.want, tc.wantErr)
			}
		})
	}
}

func TestFullName(t *testing.T) {
	for cut, want := range map[string]string{"contact-operato": operatorPart, "contact-intake": intakePart, "kube-apiserver": apiServerPart, "etcd": "etcd"} {
		if got := fullName(cut); got != want {
			t.Errorf("fullName(%q) = %q, want %q", cut, got, want)
		}
	}
}

func TestUsed(t *testing.T) {
	got := used(map[string]float64{"etcd": 1, "gone": 5}, map[string]float64{"etcd": 3, "new": 1}, 1000)
	if diff := cmp.Diff(map[string]float64{"etcd": 2, "new": 1}, got); diff != "" {
		t.Error(diff)
	}
}

// What the parsers expect is what this machine says.
func TestProcessesOfThisMachine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has /proc")
	}
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	}()
	found := children(os.Getpid())
	if found["sleep"] != child.Process.Pid {
		t.Errorf("children are %v, want sleep with %d among them", found, child.Process.Pid)
	}
	if _, known := cpuSeconds(map[string]int{"this": os.Getpid()})["this"]; !known {
		t.Error("the CPU time of this process is not known")
	}
	if peaks := peaksMiB(map[string]int{"this": os.Getpid(), benchPart: os.Getpid()}); peaks["this"] < 1 || len(peaks) != 1 {
		t.Errorf("peaks are %v, want some MiB for this process, and nothing of the bench", peaks)
	}
}
