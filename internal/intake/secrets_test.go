package intake

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// secretReader is an API server that holds one Secret, ns/tool.
type secretReader struct {
	client.Reader
	mu    sync.Mutex
	data  map[string][]byte
	err   error
	reads int
	wait  chan struct{}
}

func (r *secretReader) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if r.wait != nil {
		<-r.wait
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads++
	if r.err == nil {
		into.(*corev1.Secret).Data = r.data
	}
	return r.err
}

func (r *secretReader) set(value string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.data, r.err = map[string][]byte{"key": []byte(value)}, err
}

var toolSecret = v1alpha1.SecretKeyReference{Name: "tool", Key: "key"}

func namingPipeline() []v1alpha1.ContactPipeline {
	return []v1alpha1.ContactPipeline{{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "trial"},
		Spec: v1alpha1.ContactPipelineSpec{
			Sources: []v1alpha1.FormSource{{Name: "tool", SecretRef: toolSecret}},
			Form:    v1alpha1.FormSpec{Captcha: &v1alpha1.FormCaptcha{SecretRef: v1alpha1.SecretKeyReference{Name: "captcha", Key: "key"}}},
		},
	}}
}

func TestSecrets(t *testing.T) {
	secrets := schema.GroupResource{Resource: "secrets"}
	gone, forbidden, away := apierrors.NewNotFound(secrets, "tool"), apierrors.NewForbidden(secrets, "tool", nil), errors.New("connection refused")
	now := receivedAt
	api := &secretReader{}
	var lines []string
	m := newMetrics()
	s := newAPISecrets(api, nil, m, funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{}))
	s.now = func() time.Time { return now }

	steps := []struct {
		reason    string
		later     time.Duration
		value     string
		err       error
		want      []string
		wantRead  bool
		wantInLog string
	}{
		{reason: "it does not exist yet", err: gone, wantRead: true, wantInLog: "does not exist"},
		{reason: "a flood of posts is no flood of reads", later: secretRetry - 1, value: "new", want: nil},
		{reason: "then it is found", later: 1, value: " new \n\nold\r\n", want: []string{"new", "old"}, wantRead: true, wantInLog: "can be used again"},
		{reason: "it is not read for each post", later: secretFresh - 1, value: "newest", want: []string{"new", "old"}},
		{reason: "but now and then", later: 1, value: "newest", want: []string{"newest"}, wantRead: true},
		{reason: "while the API server is away, what it said last counts", later: secretFresh, err: away, want: []string{"newest"}, wantRead: true},
		{reason: "and nobody waits for it again and again", later: secretFresh - 1, err: away, want: []string{"newest"}},
		{reason: "what is gone counts no more", later: secretFresh, err: gone, wantRead: true, wantInLog: "does not exist"},
		{reason: "an outage does not bring it back", later: secretRetry, err: away, wantRead: true, wantInLog: "did not answer"},
		{reason: "nor does a Role that is missing", later: secretRetry, err: forbidden, wantRead: true, wantInLog: "Role"},
		{reason: "said once", later: secretRetry, err: forbidden, wantRead: true},
		{reason: "a blank value is none", later: secretRetry, value: " \n", wantRead: true, wantInLog: "no such key"},
		{reason: "so many lines and no more", later: secretRetry, value: strings.Repeat("x\n", 100), want: slices.Repeat([]string{"x"}, maxSecretLines), wantRead: true, wantInLog: "again"},
	}
	for _, step := range steps {
		now = now.Add(step.later)
		api.set(step.value, step.err)
		reads, logged := api.reads, len(lines)
		got, err := s.Lines(t.Context(), "ns", toolSecret)
		if !slices.Equal(got, step.want) || (err == nil) != (len(step.want) > 0) {
			t.Fatalf("%s: %q, %v", step.reason, got, err)
		}
		if (api.reads > reads) != step.wantRead {
			t.Errorf("%s: read %d times", step.reason, api.reads-reads)
		}
		said := strings.Join(lines[logged:], "\n")
		if (said == "") != (step.wantInLog == "") || !strings.Contains(said, step.wantInLog) {
			t.Errorf("%s: logged %q", step.reason, said)
		}
		if strings.Contains(said, "newest") {
			t.Error("a secret is logged")
		}
		if got := testutil.ToFloat64(m.secretsUnusable); (got == 1) != (len(step.want) == 0) {
			t.Errorf("%s: %v unusable", step.reason, got)
		}
	}
}

// TestSecretsAreReadAhead: the first post finds them there, and what nobody names any more is forgotten.
func TestSecretsAreReadAhead(t *testing.T) {
	api := &secretReader{}
	api.set("value", nil)
	s := newAPISecrets(api, nil, newMetrics(), funcr.New(func(string, string) {}, funcr.Options{}))
	s.refresh(t.Context(), namingPipeline())
	if api.reads != 2 {
		t.Fatalf("%d reads for a source and a captcha", api.reads)
	}
	if _, err := s.Lines(t.Context(), "ns", toolSecret); err != nil || api.reads != 2 {
		t.Errorf("%v; %d reads", err, api.reads)
	}
	s.refresh(t.Context(), nil)
	if len(s.known) != 0 {
		t.Errorf("%d values are kept that nobody names", len(s.known))
	}
}

// TestManyPostsReadOnce: those who come while a read is under way wait for that one.
func TestManyPostsReadOnce(t *testing.T) {
	api := &secretReader{wait: make(chan struct{})}
	api.set("value", nil)
	s := newAPISecrets(api, nil, newMetrics(), funcr.New(func(string, string) {}, funcr.Options{}))
	var started, wg sync.WaitGroup
	started.Add(50)
	for range 50 {
		wg.Go(func() {
			started.Done()
			if lines, err := s.Lines(t.Context(), "ns", toolSecret); err != nil || lines[0] != "value" {
				t.Errorf("%v %v", lines, err)
			}
		})
	}
	started.Wait()
	close(api.wait)
	wg.Wait()
	if api.reads != 1 {
		t.Errorf("%d reads for 50 posts", api.reads)
	}
}
