// Package upgrade checks that objects of earlier releases live on under today's CRDs.
package upgrade

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

func TestObjectsOfEarlierReleases(t *testing.T) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Skip("KUBEBUILDER_ASSETS names no control-plane binaries; make test sets it")
	}
	releases, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	api := startAPI(t)
	for i, release := range releases {
		t.Run(release.Name(), func(t *testing.T) {
			namespace := fmt.Sprintf("release-%d", i)
			if err := api.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
				t.Fatal(err)
			}
			kinds := map[string]bool{}
			for _, object := range read(t, filepath.Join("testdata", release.Name())) {
				kinds[object.GetKind()] = true
				object.SetNamespace(namespace)
				t.Run(object.GetKind()+"/"+object.GetName(), func(t *testing.T) { livesOn(t, api, object) })
			}
			if len(kinds) < 4 {
				t.Errorf("there are objects of %v only", slices.Sorted(maps.Keys(kinds)))
			}
		})
	}
}

// livesOn stores an object as the release left it, and does with it what today's operator and today's people would.
func livesOn(t *testing.T, api client.Client, old *unstructured.Unstructured) {
	ctx := t.Context()
	stored := old.DeepCopy()
	if err := api.Create(ctx, stored); err != nil {
		t.Fatalf("today's schema refuses it: %v", err)
	}
	if separateStatus(old.GetKind()) && old.Object["status"] != nil {
		stored.Object["status"] = old.DeepCopy().Object["status"]
		if err := api.Status().Update(ctx, stored); err != nil {
			t.Fatalf("today's schema refuses its status: %v", err)
		}
	}

	typed, err := api.Scheme().New(old.GroupVersionKind())
	if err != nil {
		t.Fatal(err)
	}
	object := typed.(client.Object)
	if err := api.Get(ctx, client.ObjectKeyFromObject(old), object); err != nil {
		t.Fatalf("today's types can't hold it: %v", err)
	}
	object.GetObjectKind().SetGroupVersionKind(old.GroupVersionKind()) // a typed Get leaves it out
	seen, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range lost("", old.Object, seen) {
		t.Error(difference)
	}

	// A rule that is stricter than it was shows only now: what did not change is not always looked at.
	annotations := maps.Clone(object.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations["example.com/touched"] = "yes"
	object.SetAnnotations(annotations)
	if err := api.Update(ctx, object); err != nil {
		t.Errorf("it can't be updated any more: %v", err)
	}
	if separateStatus(old.GetKind()) {
		if err := api.Status().Update(ctx, object); err != nil {
			t.Errorf("its status can't be updated any more: %v", err)
		}
	}
	if err := api.Get(ctx, client.ObjectKeyFromObject(old), stored); err != nil {
		t.Fatal(err)
	}
	for _, difference := range lost("", old.Object, stored.Object) {
		t.Error("after an update: " + difference)
	}
}

// separateStatus tells which kinds have a status subresource.
func separateStatus(kind string) bool {
	return kind == "ContactSubmission" || kind == "ContactPipeline" || kind == "Integration"
}

// lost names what of old is not in now, or is different there. A map may have gained keys: a new release may set defaults.
func lost(path string, old, now any) []string {
	switch old := old.(type) {
	case map[string]any:
		now, ok := now.(map[string]any)
		if !ok {
			return []string{path + " is gone"}
		}
		var all []string
		for _, key := range slices.Sorted(maps.Keys(old)) {
			if value, there := now[key]; there {
				all = append(all, lost(path+"."+key, old[key], value)...)
			} else {
				all = append(all, path+"."+key+" is gone")
			}
		}
		return all
	case []any:
		now, ok := now.([]any)
		if !ok || len(now) != len(old) {
			return []string{path + " has another length"}
		}
		var all []string
		for i := range old {
			all = append(all, lost(fmt.Sprintf("%s[%d]", path, i), old[i], now[i])...)
		}
		return all
	default:
		if old != now {
			return []string{fmt.Sprintf("%s was %v and is %v", path, old, now)}
		}
		return nil
	}
}

// startAPI starts an API server with today's CRDs. Its client has unknown fields refused: they would be dropped silently.
func startAPI(t *testing.T) client.Client {
	t.Helper()
	environment := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("..", "..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	kube, err := environment.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := environment.Stop(); err != nil {
			t.Error(err)
		}
	})
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	api, err := client.New(kube, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return client.WithFieldValidation(api, metav1.FieldValidationStrict)
}

// read returns the objects in the files of a folder.
func read(t *testing.T, dir string) []*unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var objects []*unstructured.Unstructured
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
		for {
			document, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			inJSON, err := yaml.YAMLToJSONStrict(document)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			object := &unstructured.Unstructured{}
			if err := object.UnmarshalJSON(inJSON); err != nil { // which keeps whole numbers whole
				t.Fatalf("%s: %v", file, err)
			}
			objects = append(objects, object)
		}
	}
	return objects
}
