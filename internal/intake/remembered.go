package intake

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

const (
	// rememberedFile holds what the intake needs of the pipelines, beside the spool: so that a freshly started intake knows
	// the forms while the API server is away.
	rememberedFile = "pipelines.json"
	// rememberedVersion of that file. A newer one is not read.
	rememberedVersion = 1
	// maxRemembered bounds the file, in bytes.
	maxRemembered = 64 << 20
	// rememberPoll is how often the file is compared with what is known.
	rememberPoll = time.Second
)

// remembered is the file's content.
type remembered struct {
	Version   int                  `json:"version"`
	Pipelines []rememberedPipeline `json:"pipelines"`
}

type rememberedPipeline struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Form      v1alpha1.FormSpec `json:"form,omitzero"`
	// Sources of the pipeline. Their Secrets are not remembered.
	Sources []v1alpha1.FormSource `json:"sources,omitempty"`
}

// listedPipelines are Pipelines that can be listed.
type listedPipelines interface {
	Pipelines
	List(ctx context.Context) ([]v1alpha1.ContactPipeline, error)
}

// rememberedPipelines answers from a watch, and from the file of the last run until the watch has synced.
type rememberedPipelines struct {
	listedPipelines
	path      string
	namespace string
	log       logr.Logger
	before    atomic.Pointer[map[pipelineKey]*v1alpha1.ContactPipeline]
	written   []byte
}

// rememberPipelines reads the file of a spool's folder. One that is missing or no use means that nothing is remembered.
func rememberPipelines(watch listedPipelines, dir, namespace string, log logr.Logger) *rememberedPipelines {
	p := &rememberedPipelines{listedPipelines: watch, path: filepath.Join(dir, rememberedFile), namespace: namespace, log: log}
	content, known, err := readRemembered(p.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		log.Error(nil, "the pipelines of the last run can't be read: until the API server answers, no form is known", "file", p.path, "problem", err.Error())
	default:
		p.written = content
		p.before.Store(&known)
		log.Info("the pipelines of the last run are known", "pipelines", len(known))
	}
	return p
}

func readRemembered(path string) ([]byte, map[pipelineKey]*v1alpha1.ContactPipeline, error) {
	f, err := os.Open(path) //nolint:gosec // in the folder that the administrator names
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxRemembered))
	if err != nil {
		return nil, nil, err
	}
	var stored remembered
	if err := json.Unmarshal(content, &stored); err != nil {
		return nil, nil, errors.New("it is not valid JSON")
	}
	if stored.Version != rememberedVersion {
		return nil, nil, fmt.Errorf("it has version %d; this program reads %d", stored.Version, rememberedVersion)
	}
	known := make(map[pipelineKey]*v1alpha1.ContactPipeline, len(stored.Pipelines))
	for _, r := range stored.Pipelines {
		known[pipelineKey{r.Namespace, r.Name}] = &v1alpha1.ContactPipeline{
			ObjectMeta: metav1.ObjectMeta{Namespace: r.Namespace, Name: r.Name},
			Spec:       v1alpha1.ContactPipelineSpec{Form: r.Form, Sources: r.Sources},
		}
	}
	return content, known, nil
}

// Synced says whether pipelines are known, from either source.
func (p *rememberedPipelines) Synced() bool {
	return p.listedPipelines.Synced() || p.before.Load() != nil
}

// Get returns a pipeline. Until the watch has synced, one that is not remembered may exist all the same.
func (p *rememberedPipelines) Get(ctx context.Context, namespace, name string) (*v1alpha1.ContactPipeline, error) {
	before := p.before.Load()
	if before == nil || p.listedPipelines.Synced() {
		return p.listedPipelines.Get(ctx, namespace, name)
	}
	if p.namespace != "" && p.namespace != namespace {
		return nil, nil
	}
	if pipeline := (*before)[pipelineKey{namespace, name}]; pipeline != nil {
		return pipeline.DeepCopy(), nil
	}
	return nil, errNotSynced
}

// run keeps the file up to date until ctx ends.
func (p *rememberedPipelines) run(ctx context.Context) {
	poll := time.NewTicker(rememberPoll)
	defer poll.Stop()
	problem := ""
	for {
		if p.listedPipelines.Synced() {
			switch err := p.save(ctx); {
			case err == nil:
				problem = ""
			case ctx.Err() == nil && err.Error() != problem:
				problem = err.Error()
				p.log.Error(err, "the pipelines can't be kept beside the spool: an intake that starts without the API server would know no form", "file", p.path)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
	}
}

// save writes the file when what is known has changed.
func (p *rememberedPipelines) save(ctx context.Context) error {
	all, err := p.List(ctx)
	if err != nil {
		return err
	}
	p.before.Store(nil) // the watch knows better from here on
	now := remembered{Version: rememberedVersion, Pipelines: make([]rememberedPipeline, 0, len(all))}
	for i := range all {
		now.Pipelines = append(now.Pipelines, rememberedPipeline{all[i].Namespace, all[i].Name, all[i].Spec.Form, all[i].Spec.Sources})
	}
	slices.SortFunc(now.Pipelines, func(a, b rememberedPipeline) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	content, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if bytes.Equal(content, p.written) {
		return nil
	}
	if err := replaceFile(p.path, content); err != nil {
		return err
	}
	p.written = content
	return nil
}

// replaceFile writes a file whole or not at all, for its owner only.
func replaceFile(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*") // made with 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(dir) //nolint:gosec // in the folder that the administrator names
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// unmarshalStrict decodes JSON in which every field must be known.
func unmarshalStrict(content []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}
