package importer

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/contactsgen/generate"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
)

var resource = schema.GroupResource{Group: "contact-operator.io", Resource: "contactsubmissions"}

// server is an API server in memory, with what happens before each create; n counts them from 1.
func server(t *testing.T, before func(n int64) error) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	return fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.CreateOption) error {
			if before != nil {
				if err := before(n.Add(1)); err != nil {
					return err
				}
			}
			return c.Create(ctx, o, options...)
		},
	}).Build()
}

type trial struct {
	t    *testing.T
	path string
	out  bytes.Buffer
}

func newTrial(t *testing.T, lines int) (*trial, generate.Expect) {
	t.Helper()
	var text bytes.Buffer
	expect, err := generate.Write(&text, lines, 42)
	if err != nil {
		t.Fatal(err)
	}
	tr := &trial{t: t, path: filepath.Join(t.TempDir(), "old.csv")}
	if err := os.WriteFile(tr.path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return tr, expect
}

// run imports the file into a server.
func (tr *trial) run(ctx context.Context, c client.Client, change func(*options)) error {
	tr.t.Helper()
	streams := genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: &tr.out, ErrOut: &bytes.Buffer{}}
	o := &options{
		session: kube.NewSession(streams, func(string) string { return "" }), pipeline: "trial", encoding: encodingUTF8, concurrency: 4,
		consentColumn: "Newsletter", receivedAtColumn: "Last Contact", maps: []string{"attributes.plan=Plan"},
	}
	if change != nil {
		change(o)
	}
	w, err := o.prepare(tr.path)
	if err != nil {
		tr.t.Fatal(err)
	}
	pipeline := &v1alpha1.ContactPipeline{}
	pipeline.Name, pipeline.UID = "trial", "uid"
	return o.send(ctx, w, &kube.Cluster{Client: c, Namespace: "shop"}, pipeline)
}

func (tr *trial) state() checkpoint {
	tr.t.Helper()
	c, err := loadCheckpoint(tr.path + ".progress")
	if err != nil || c == nil {
		tr.t.Fatalf("no checkpoint: %v", err)
	}
	return *c
}

func (tr *trial) faults() int {
	text, err := os.ReadFile(tr.path + ".errors.csv")
	if err != nil {
		tr.t.Fatal(err)
	}
	all, err := newCSV(newLines(bytes.NewReader(text)), ',')
	if err != nil {
		tr.t.Fatal(err)
	}
	return len(readAll(tr.t, all))
}

func submissions(t *testing.T, c client.Client) []v1alpha1.ContactSubmission {
	t.Helper()
	list := &v1alpha1.ContactSubmissionList{}
	if err := c.List(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func wantCounts(e generate.Expect) counts {
	return counts{
		Read: int64(e.Lines), Created: int64(e.Submissions), Already: int64(e.Repeated), Blank: int64(e.Blank), Failed: int64(e.Broken),
	}
}

func TestImportInterruptedAndResumed(t *testing.T) {
	tr, expect := newTrial(t, 400)
	stops := []int64{1, 40, 41, 200}
	for _, stop := range stops {
		ctx, cancel := context.WithCancel(t.Context())
		c := server(t, func(n int64) error {
			if n == stop {
				cancel()
			}
			return nil
		})
		if err := os.RemoveAll(tr.path + ".progress"); err != nil {
			t.Fatal(err)
		}
		if err := tr.run(ctx, c, nil); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped at %d: got %v", stop, err)
		}
		half := tr.state()
		if half.Complete || half.Read >= int64(expect.Lines) {
			t.Fatalf("stopped at %d: %+v", stop, half)
		}
		if half.Created > int64(len(submissions(t, c))) {
			t.Errorf("stopped at %d: the checkpoint tells of %d, there are %d", stop, half.Created, len(submissions(t, c)))
		}
		err := tr.run(t.Context(), c, nil)
		if err == nil || !strings.Contains(err.Error(), "could not be imported") {
			t.Fatalf("the broken lines must be told of, got %v", err)
		}
		if diff := cmp.Diff(wantCounts(expect), tr.state().counts); diff != "" {
			t.Errorf("stopped at %d: %s", stop, diff)
		}
		if got := len(submissions(t, c)); got != expect.Submissions {
			t.Errorf("stopped at %d: %d submissions, want %d", stop, got, expect.Submissions)
		}
		if got := tr.faults(); got != expect.Broken {
			t.Errorf("stopped at %d: %d lines in the file of errors, want %d", stop, got, expect.Broken)
		}
		cancel()
	}
}

func TestImportAfterLostCheckpoint(t *testing.T) {
	tr, expect := newTrial(t, 200)
	c := server(t, nil)
	if err := tr.run(t.Context(), c, nil); err == nil {
		t.Fatal("the broken lines must be told of")
	}
	if err := os.Remove(tr.path + ".progress"); err != nil {
		t.Fatal(err)
	}
	if err := tr.run(t.Context(), c, nil); err == nil {
		t.Fatal("the broken lines must be told of")
	}
	state := tr.state()
	if state.Created != 0 || state.Already != int64(expect.Submissions+expect.Repeated) {
		t.Errorf("sent again: %+v", state.counts)
	}
	if got := len(submissions(t, c)); got != expect.Submissions {
		t.Errorf("%d submissions, want %d", got, expect.Submissions)
	}
}

func TestImportOverABadServer(t *testing.T) {
	tr, expect := newTrial(t, 100)
	lost := server(t, nil)
	var n atomic.Int64
	c := interceptor.NewClient(lost, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.CreateOption) error {
			switch n.Add(1) {
			case 10:
				return apierrors.NewTooManyRequests("later", 1)
			case 20: // it is created, but the answer is lost
				return errors.Join(c.Create(ctx, o, options...), errors.New("connection reset"))
			case 30:
				return apierrors.NewInternalError(errors.New("etcd"))
			}
			return c.Create(ctx, o, options...)
		},
	})
	if err := tr.run(t.Context(), c, nil); err == nil {
		t.Fatal("the broken lines must be told of")
	}
	got, want := tr.state().counts, wantCounts(expect)
	// A line that repeats one whose answer was lost can't be told from it.
	got.Created, got.Already = got.Created+got.Already, 0
	want.Created, want.Already = want.Created+want.Already, 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := len(submissions(t, c)); got != expect.Submissions {
		t.Errorf("%d submissions, want %d", got, expect.Submissions)
	}
}

func TestImportStopsWhenNothingCanSucceed(t *testing.T) {
	for name, refusal := range map[string]error{
		"forbidden":    apierrors.NewForbidden(resource, "", errors.New("no right")),
		"no namespace": apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "shop"),
		"no kind":      apierrors.NewGenericServerResponse(http.StatusNotFound, "post", resource, "", "404 page not found", 0, true),
	} {
		t.Run(name, func(t *testing.T) {
			tr, _ := newTrial(t, 1000)
			var asked atomic.Int64
			c := server(t, func(n int64) error {
				asked.Store(n)
				if n > 20 {
					return refusal
				}
				return nil
			})
			if err := tr.run(t.Context(), c, nil); !errors.Is(err, refusal) {
				t.Fatalf("got %v", err)
			}
			// What is done beyond a line that is still under way is ahead of the counts.
			state := tr.state()
			if state.Complete || state.Created+state.Already > 20 || state.Created+int64(len(state.Ahead)) == 0 {
				t.Errorf("state %+v", state)
			}
			if asked.Load() > 30 {
				t.Errorf("%d requests were made", asked.Load())
			}
		})
	}
}

func TestImportTellsRefusedLines(t *testing.T) {
	tr, expect := newTrial(t, 50)
	c := server(t, func(n int64) error {
		if n == 3 {
			return apierrors.NewInvalid(schema.GroupKind{Kind: "ContactSubmission"}, "x", nil)
		}
		return nil
	})
	if err := tr.run(t.Context(), c, nil); err == nil {
		t.Fatal("the refused line must be told of")
	}
	if got := tr.state().Failed; got != int64(expect.Broken+1) {
		t.Errorf("%d failed, want %d", got, expect.Broken+1)
	}
}

func TestImportOfAnotherKind(t *testing.T) {
	tr, _ := newTrial(t, 50)
	if err := tr.run(t.Context(), server(t, nil), nil); err == nil {
		t.Fatal("the broken lines must be told of")
	}
	for name, change := range map[string]func(*options){
		"another pipeline": func(o *options) { o.pipeline = "other" },
		"another mapping":  func(o *options) { o.maps = nil },
	} {
		err := tr.run(t.Context(), server(t, nil), change)
		if err == nil || !strings.Contains(err.Error(), "--restart") {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
	tr.out.Reset()
	if err := tr.run(t.Context(), server(t, func(int64) error { return errors.New("nothing is to be sent") }), nil); err != nil {
		t.Errorf("a complete import: %v", err)
	}
	if !strings.Contains(tr.out.String(), "imported already") {
		t.Errorf("told %q", tr.out.String())
	}
}

func TestImportedObject(t *testing.T) {
	tr := &trial{t: t, path: filepath.Join(t.TempDir(), "one.jsonl")}
	text := `{"email":" Ada@Example.com","name":"Ada","consent":{"marketing":true},"received-at":"2019-03-31","attributes":{"plan":"pro"}}`
	if err := os.WriteFile(tr.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := server(t, nil)
	err := tr.run(t.Context(), c, func(o *options) {
		o.consentColumn, o.receivedAtColumn, o.maps, o.consentStatement = "", "", nil, "Send me news"
	})
	if err != nil {
		t.Fatal(err)
	}
	got := submissions(t, c)[0]
	if got.Annotations[v1alpha1.AnnotationPriority] != v1alpha1.PriorityLow {
		t.Error("imports give way to visitors")
	}
	at := got.Spec.Source.ReceivedAt
	want := v1alpha1.ContactSubmissionSpec{
		PipelineRef: v1alpha1.LocalReference{Name: "trial"},
		Contact:     v1alpha1.ContactFields{Email: "Ada@Example.com", Name: "Ada"},
		Attributes:  map[string]v1alpha1.AttributeValue{"plan": "pro"},
		Source:      v1alpha1.SubmissionSource{Channel: "trial", ReceivedAt: at},
		Consent:     &v1alpha1.SubmissionConsent{Marketing: v1alpha1.ConsentGranted, Statement: "Send me news"},
	}
	if diff := cmp.Diff(want, got.Spec); diff != "" {
		t.Error(diff)
	}
	if wantAt := time.Date(2019, 3, 31, 0, 0, 0, 1000, time.UTC); !at.Time.Equal(wantAt) {
		t.Errorf("received at %s, want %s", at, wantAt)
	}
}
