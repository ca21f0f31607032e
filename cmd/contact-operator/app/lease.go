package app

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/contact-operator/contact-operator/internal/lead"
)

const (
	leaseName = "contact-operator.contact-operator.io"
	// leaseDuration is longer than the default deadline of a call and its margins, so that such a call always fits.
	leaseDuration = 30 * time.Second
	// shortestLease leaves a call some time.
	shortestLease = 5 * time.Second
	// ownNamespace is where Kubernetes tells a Pod its namespace.
	ownNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
)

// newLock makes the lease that operators compete for, and fills in its defaults.
func newLock(kube *rest.Config, o *Options) (*lead.Lock, error) {
	o.LeaseDuration = cmp.Or(o.LeaseDuration, leaseDuration)
	if o.LeaseDuration < shortestLease {
		return nil, fmt.Errorf("--leader-election-lease-duration is %s; it must be at least %s", o.LeaseDuration, shortestLease)
	}
	if o.LeaderNamespace == "" {
		content, err := os.ReadFile(ownNamespace)
		if o.LeaderNamespace = strings.TrimSpace(string(content)); err != nil || o.LeaderNamespace == "" {
			return nil, errors.New("--leader-elect needs a namespace for its lease; outside of a cluster, give one with --leader-election-namespace")
		}
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("the machine has no name, which leader election needs: %w", err)
	}
	// A client of its own: a renewal must not wait behind anything, nor for longer than half of what is left.
	kube = rest.AddUserAgent(kube, "leader-election")
	kube.Timeout = o.LeaseDuration / 3
	clients, err := kubernetes.NewForConfig(kube)
	if err != nil {
		return nil, fmt.Errorf("the operator can't start: %w", err)
	}
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, o.LeaderNamespace, leaseName,
		clients.CoreV1(), clients.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID())})
	if err != nil {
		return nil, fmt.Errorf("the operator can't start: %w", err)
	}
	return &lead.Lock{Interface: lock, LeaseDuration: o.LeaseDuration, Now: time.Now}, nil
}
