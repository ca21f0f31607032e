package intake

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// watchedPipelines stands for the watch.
type watchedPipelines struct {
	synced bool
	all    []v1alpha1.ContactPipeline
}

func (w *watchedPipelines) Synced() bool { return w.synced }

func (w *watchedPipelines) List(context.Context) ([]v1alpha1.ContactPipeline, error) {
	return w.all, nil
}

func (w *watchedPipelines) Get(_ context.Context, namespace, name string) (*v1alpha1.ContactPipeline, error) {
	for i := range w.all {
		if w.all[i].Namespace == namespace && w.all[i].Name == name {
			return &w.all[i], nil
		}
	}
	return nil, nil
}

func TestRememberedPipelines(t *testing.T) {
	dir := t.TempDir()
	form := v1alpha1.FormSpec{Title: "Trial", Channel: "trial-download"}
	watch := &watchedPipelines{all: []v1alpha1.ContactPipeline{
		{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "trial", UID: "1"}, Spec: v1alpha1.ContactPipelineSpec{Order: v1alpha1.OrderStrict, Form: form}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "blog"}},
	}}
	first := rememberPipelines(watch, dir, "", logr.Discard())
	if first.Synced() {
		t.Error("nothing is known the first time")
	}
	watch.synced = true
	if err := first.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, rememberedFile)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode: %v %v", info, err)
	}

	away := &watchedPipelines{}
	second := rememberPipelines(away, dir, "", logr.Discard())
	if !second.Synced() {
		t.Fatal("the pipelines of the last run are not known")
	}
	got, err := second.Get(t.Context(), "ns", "trial")
	if err != nil {
		t.Fatal(err)
	}
	want := &v1alpha1.ContactPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "trial"}, Spec: v1alpha1.ContactPipelineSpec{Form: form}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := second.Get(t.Context(), "ns", "new"); !errors.Is(err, errNotSynced) {
		t.Errorf("error %v: one that is not remembered may exist all the same", err)
	}
	if other, err := rememberPipelines(away, dir, "other", logr.Discard()).Get(t.Context(), "ns", "trial"); other != nil || err != nil {
		t.Errorf("%v %v: --namespace holds", other, err)
	}
	away.synced, away.all = true, watch.all[1:] // the API server is back, and one pipeline is gone
	if gone, err := second.Get(t.Context(), "ns", "trial"); gone != nil || err != nil {
		t.Errorf("%v %v: the watch knows better", gone, err)
	}
	if err := second.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if third := rememberPipelines(&watchedPipelines{}, dir, "", logr.Discard()); len(*third.before.Load()) != 1 {
		t.Error("a pipeline that is gone is still remembered")
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestRememberedPipelinesThatAreNoUse(t *testing.T) {
	for name, content := range map[string]string{"torn": `{"version":1,"pipel`, "newer": `{"version":2,"pipelines":[]}`, "empty": ""} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, rememberedFile), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			watch := &watchedPipelines{}
			p := rememberPipelines(watch, dir, "", funcr.New(func(_, args string) { log.WriteString(args) }, funcr.Options{}))
			if p.Synced() || !strings.Contains(log.String(), rememberedFile) {
				t.Errorf("synced %v, logged %s", p.Synced(), log.String())
			}
			watch.synced = true
			if err := p.save(t.Context()); err != nil {
				t.Error(err)
			}
			if again := rememberPipelines(&watchedPipelines{}, dir, "", logr.Discard()); !again.Synced() {
				t.Error("it was not replaced")
			}
		})
	}
}
