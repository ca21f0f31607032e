package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"

	"github.com/contact-operator/contact-operator/internal/intake/spool"
)

// front is what stands between the handlers and the API server: nothing, or the spool.
type front struct {
	pipelines Pipelines
	committer Committer
	// unready says why no submission could be kept now; nil without a spool.
	unready func() string
	// parts run beside the public port until their context ends.
	parts []func(ctx context.Context) error
	// close waits for what goes on behind requests that have been answered, then closes the spool.
	close    func()
	store    *spool.Store
	pressure *pressure
}

var errSpoolBroken = errors.New("the spool's file turned out to be damaged while in use: start again, then it is set aside and what can be read is taken over")

// newSpoolFront opens the spool and prepares everything around it.
func newSpoolFront(cfg *rest.Config, o Options, watch listedPipelines, direct *apiCommitter, m *metrics, log logr.Logger) (*front, error) {
	log = log.WithName("spool")
	keys, err := newSpoolKeys(o.SpoolKeyFile, log)
	if err != nil {
		return nil, err
	}
	store, err := spool.Open(spool.Options{Dir: o.SpoolDir, Limit: o.SpoolMaxBytes, Keys: keys.ring.Load, Log: log, OnCommit: m.committedBatch})
	if err != nil {
		return nil, fmt.Errorf("--spool-dir %s: %w", o.SpoolDir, err)
	}
	m.registry.MustRegister(spoolCollector{store: store, now: time.Now})
	p := &pressure{
		maxUnfinished: o.MaxUnfinished, quotaBytes: o.EtcdQuotaBytes, pipelines: watch.List, log: log, metrics: m, relieved: make(chan struct{}, 1),
	}
	if p.quotaBytes > 0 {
		if p.etcdSize, err = newEtcdSize(cfg); err != nil {
			store.Close()
			return nil, err
		}
	}
	known := rememberPipelines(watch, o.SpoolDir, o.Namespace, log)
	committer := newSpoolCommitter(direct, store, o.CommitPatience, p, m, log)
	drainer := newDrainer(committer)
	run := func(f func(context.Context)) func(context.Context) error {
		return func(ctx context.Context) error { f(ctx); return nil }
	}
	return &front{
		pipelines: known,
		committer: committer,
		store:     store,
		pressure:  p,
		unready: func() string {
			if err := store.Writable(); err != nil && direct.health.away() {
				return "neither the spool nor the API server takes submissions"
			}
			return ""
		},
		parts: []func(context.Context) error{
			run(drainer.run), run(p.run), run(known.run), run(keys.run),
			func(ctx context.Context) error {
				if err := spool.Serve(ctx, o.SpoolDir, store, log); err != nil {
					log.Error(err, "contact-intake spool can't be used while this intake runs; look at the folder of --spool-dir")
				}
				return nil
			},
			func(ctx context.Context) error {
				select {
				case <-ctx.Done():
					return nil
				case <-store.Broken():
					return errSpoolBroken
				}
			},
		},
		close: func() {
			committer.wait()
			store.Close()
		},
	}, nil
}

// queues lists everything bounded that things wait in.
func (f *front) queues(direct *apiCommitter, contacts *apiContacts, h *Handler) []queue {
	length := func(c chan struct{}) func() int { return func() int { return len(c) } }
	queues := []queue{
		{"requests", length(h.requests), cap(h.requests)},
		{"creates", length(direct.slots.taken), cap(direct.slots.taken)},
		{"waiting_creates", length(direct.queue), cap(direct.queue)},
		{"contact_reads", length(contacts.queue), cap(contacts.queue)},
		{"source_posts", length(h.sourcePosts), cap(h.sourcePosts)},
	}
	if f.store != nil {
		queues = append(queues, queue{"spool_commits", func() int { return f.store.Figures().Waiting }, spool.MaxWaiting})
	}
	return queues
}

// spoolKeys are the keys in a file, read again when it changes. While it is no use, those from before stay.
type spoolKeys struct {
	path    string
	log     logr.Logger
	ring    atomic.Pointer[spool.Keyring]
	read    []byte
	problem string
}

// newSpoolKeys reads the file for the first time. Where it is named, it must be good: nothing is written unencrypted that
// should have been encrypted.
func newSpoolKeys(path string, log logr.Logger) (*spoolKeys, error) {
	k := &spoolKeys{path: path, log: log}
	if path == "" {
		return k, nil
	}
	if err := k.reload(); err != nil {
		return nil, fmt.Errorf("--spool-key-file %s: %w; give it at least one line of 32 characters or more", path, err)
	}
	return k, nil
}

func (k *spoolKeys) reload() error {
	content, err := readKeyFile(k.path)
	if err != nil {
		return err
	}
	if k.read != nil && bytes.Equal(content, k.read) {
		return nil
	}
	ring, err := spool.ParseKeys(content)
	if err != nil {
		return err
	}
	k.ring.Store(ring)
	k.read = content
	k.log.Info("keys of the spool read", "file", k.path, "keys", ring.Len())
	return nil
}

func (k *spoolKeys) run(ctx context.Context) {
	if k.path == "" {
		return
	}
	poll := time.NewTicker(keyPoll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
		problem := ""
		if err := k.reload(); err != nil {
			problem = err.Error()
		}
		if problem != "" && problem != k.problem {
			k.log.Error(nil, "the keys of the spool are not usable; those from before stay in use. Give the file at least one line of 32 characters or more; it is looked at again every 30 s",
				"file", k.path, "problem", problem)
		}
		k.problem = problem
	}
}
