package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/utils/ptr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

func TestBudget(t *testing.T) {
	var unfinished []int32
	var failure error
	p := &pressure{
		maxUnfinished: 1000, metrics: newMetrics(), log: logr.Discard(), relieved: make(chan struct{}, 1),
		pipelines: func(context.Context) ([]v1alpha1.ContactPipeline, error) {
			all := make([]v1alpha1.ContactPipeline, len(unfinished)+1) // the last has no figure yet
			for i, n := range unfinished {
				all[i].Status.Unfinished = ptr.To(n)
			}
			return all, failure
		},
	}
	for _, step := range []struct {
		unfinished []int32
		failure    error
		want       string
		reason     string
	}{
		{nil, nil, "", "nothing is known"},
		{[]int32{500, 499}, nil, "", "within the budget"},
		{[]int32{500, 500}, nil, spooledBudget, "all pipelines together reach it"},
		{[]int32{0}, errors.New("x"), spooledBudget, "while nothing is known, what was known last holds"},
		{[]int32{900}, nil, spooledBudget, "a little below: not yet, or it would flap"},
		{[]int32{899}, nil, "", "below nine tenths"},
		{[]int32{950}, nil, "", "between the two, on the way up"},
	} {
		unfinished, failure = step.unfinished, step.failure
		p.lookAtBudget(t.Context())
		if got := p.reason(); got != step.want {
			t.Errorf("%v: reason %q, want %q: %s", step.unfinished, got, step.want, step.reason)
		}
	}
	if len(p.relieved) == 0 || testutil.ToFloat64(p.metrics.unfinished) != 950 {
		t.Error("the drainer was not told, or the figure is not exported")
	}
	p.maxUnfinished = 0
	unfinished = []int32{1 << 30}
	p.lookAtBudget(t.Context())
	if p.reason() != "" {
		t.Error("0 is no budget")
	}
}

func TestQuota(t *testing.T) {
	var size int64
	var failure error
	p := &pressure{
		quotaBytes: 1000, metrics: newMetrics(), log: logr.Discard(), relieved: make(chan struct{}, 1),
		etcdSize: func(context.Context) (int64, error) { return size, failure },
	}
	for _, step := range []struct {
		size    int64
		failure error
		want    string
	}{{799, nil, ""}, {800, nil, spooledQuota}, {0, errNoSize, spooledQuota}, {750, nil, spooledQuota}, {749, nil, ""}, {799, nil, ""}} {
		size, failure = step.size, step.failure
		p.lookAtQuota(t.Context())
		if got := p.reason(); got != step.want {
			t.Errorf("%d bytes: reason %q, want %q", step.size, got, step.want)
		}
	}
	if share, unread := testutil.ToFloat64(p.metrics.etcdShare), testutil.ToFloat64(p.metrics.etcdUnread); share != 0.799 || unread != 1 {
		t.Errorf("share %v, %v failures", share, unread)
	}
}

func TestReadEtcdSize(t *testing.T) {
	cases := map[string]struct {
		metrics string
		want    int64
		wantErr error
	}{
		"one":           {metrics: "# HELP apiserver_storage_size_bytes x\n# TYPE apiserver_storage_size_bytes gauge\napiserver_storage_size_bytes{storage_cluster_id=\"etcd-0\"} 1.2345e+06\nother 1\n", want: 1234500},
		"the largest":   {metrics: "apiserver_storage_size_bytes{storage_cluster_id=\"etcd-0\"} 5\napiserver_storage_size_bytes{storage_cluster_id=\"} 9\"} 70\n", want: 70},
		"no labels":     {metrics: "apiserver_storage_size_bytes 8 1700000000\n", want: 8},
		"another name":  {metrics: "apiserver_storage_size_bytes_total 8\n", wantErr: errNoSize},
		"nonsense":      {metrics: "apiserver_storage_size_bytes{x=\"y\"} NaNope\napiserver_storage_size_bytes -1\n", wantErr: errNoSize},
		"nothing":       {wantErr: errNoSize},
		"an empty line": {metrics: "apiserver_storage_size_bytes{}\n\n", wantErr: errNoSize},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := readEtcdSize(strings.NewReader(tc.metrics))
			if !errors.Is(err, tc.wantErr) || got != tc.want {
				t.Errorf("%d %v, want %d %v", got, err, tc.want, tc.wantErr)
			}
		})
	}
	long := fmt.Sprintf("x %s\napiserver_storage_size_bytes 1\n", strings.Repeat("y", maxMetricLine))
	if _, err := readEtcdSize(strings.NewReader(long)); err == nil {
		t.Error("a line without an end must not be read into memory")
	}
}
