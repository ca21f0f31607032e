package intake

import (
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

func limited(limits *v1alpha1.FormLimits) *v1alpha1.ContactPipeline {
	return &v1alpha1.ContactPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "trial"},
		Spec:       v1alpha1.ContactPipelineSpec{Form: v1alpha1.FormSpec{Limits: limits}},
	}
}

func TestRateLimits(t *testing.T) {
	type step struct {
		ip       string
		after    time.Duration
		want     string
		wantWait time.Duration
	}
	cases := map[string]struct {
		limits *v1alpha1.FormLimits
		steps  []step
	}{
		"none": {steps: []step{{ip: "192.0.2.1"}, {ip: "192.0.2.1"}, {ip: "192.0.2.1"}}},
		"a client": {
			limits: &v1alpha1.FormLimits{ClientPerMinute: ptr.To[int32](6), ClientBurst: ptr.To[int32](2)},
			steps: []step{
				{ip: "192.0.2.1"},
				{ip: "192.0.2.1"},
				{ip: "192.0.2.1", want: refusedClient, wantWait: 10 * time.Second},
				{ip: "192.0.2.1", after: 4 * time.Second, want: refusedClient, wantWait: 6 * time.Second},
				{ip: "192.0.2.2"},
				{ip: "192.0.2.1", after: 6 * time.Second},
				{ip: "192.0.2.1", want: refusedClient, wantWait: 10 * time.Second},
			},
		},
		"one line has many IPv6 addresses": {
			limits: &v1alpha1.FormLimits{ClientPerMinute: ptr.To[int32](1)},
			steps: []step{
				{ip: "2001:db8::1"},
				{ip: "2001:db8::ffff", want: refusedClient, wantWait: time.Minute},
				{ip: "2001:db8:0:1::1"},
			},
		},
		"those without an address are one": {
			limits: &v1alpha1.FormLimits{ClientPerMinute: ptr.To[int32](1)},
			steps:  []step{{}, {want: refusedClient, wantWait: time.Minute}},
		},
		"a cap, which a greedy client does not use up": {
			limits: &v1alpha1.FormLimits{ClientPerMinute: ptr.To[int32](1), PipelinePerMinute: ptr.To[int32](2)},
			steps: []step{
				{ip: "192.0.2.1"},
				{ip: "192.0.2.1", want: refusedClient, wantWait: time.Minute},
				{ip: "192.0.2.1", want: refusedClient, wantWait: time.Minute},
				{ip: "192.0.2.2"},
				{ip: "192.0.2.3", want: refusedCap, wantWait: 30 * time.Second},
				{ip: "192.0.2.3", after: 30 * time.Second}, // the refusal did not count against the client
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			l, now := newRateLimits(), receivedAt
			for i, s := range tc.steps {
				now = now.Add(s.after)
				wait, refusal := l.take(limited(tc.limits), s.ip, now)
				if refusal != s.want || wait.Round(time.Millisecond) != s.wantWait {
					t.Errorf("step %d: %q after %s, want %q after %s", i, refusal, wait, s.want, s.wantWait)
				}
			}
		})
	}
}

func TestRateLimitsFollowThePipeline(t *testing.T) {
	l := newRateLimits()
	one := limited(&v1alpha1.FormLimits{ClientPerMinute: ptr.To[int32](1)})
	many := limited(&v1alpha1.FormLimits{ClientPerMinute: ptr.To[int32](600)})
	_, _ = l.take(one, "192.0.2.1", receivedAt)
	if _, refusal := l.take(one, "192.0.2.1", receivedAt); refusal == "" {
		t.Error("the limit does not hold")
	}
	_, _ = l.take(many, "192.0.2.1", receivedAt) // from here on, ten a second
	if _, refusal := l.take(many, "192.0.2.1", receivedAt.Add(time.Second)); refusal != "" {
		t.Error("a limit that was raised still holds")
	}
}

func TestRateLimitTableIsBounded(t *testing.T) {
	l := newRateLimits()
	pipeline := limited(&v1alpha1.FormLimits{ClientPerMinute: ptr.To[int32](1)})
	for i := range maxClients + 100 {
		_, _ = l.take(pipeline, "10."+strconv.Itoa(i>>16&255)+"."+strconv.Itoa(i>>8&255)+"."+strconv.Itoa(i&255), receivedAt)
	}
	if n := l.clients.Len(); n != maxClients {
		t.Errorf("%d clients are remembered, want %d", n, maxClients)
	}
}
