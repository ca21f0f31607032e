package intake

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
)

const (
	// sizeMetric is how kube-apiserver says how large the database of each of its etcd clusters is.
	sizeMetric = "apiserver_storage_size_bytes"
	// maxMetrics bounds what is read of the API server's metrics, in bytes; they come in no fixed order.
	maxMetrics = 64 << 20
	// maxMetricLine is longer than any line of them.
	maxMetricLine  = 64 << 10
	metricsTimeout = 20 * time.Second
)

var errNoSize = errors.New("the API server's metrics hold no " + sizeMetric)

// newEtcdSize returns what asks the API server for the size of etcd's database.
func newEtcdSize(cfg *rest.Config) (func(context.Context) (int64, error), error) {
	cfg = rest.CopyConfig(cfg)
	cfg.NegotiatedSerializer = serializer.NewCodecFactory(runtime.NewScheme()).WithoutConversion()
	c, err := rest.UnversionedRESTClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("prepare to read the API server's metrics: %w", err)
	}
	return func(ctx context.Context) (int64, error) {
		ctx, cancel := context.WithTimeout(ctx, metricsTimeout)
		defer cancel()
		body, err := c.Get().AbsPath("/metrics").SetHeader("Accept", "text/plain").Stream(ctx)
		if err != nil {
			return 0, err
		}
		defer func() { _ = body.Close() }()
		return readEtcdSize(io.LimitReader(body, maxMetrics))
	}, nil
}

// readEtcdSize finds the largest database among the metrics, line by line.
func readEtcdSize(metrics io.Reader) (int64, error) {
	lines := bufio.NewScanner(metrics)
	lines.Buffer(make([]byte, 0, 4<<10), maxMetricLine)
	size := int64(-1)
	for lines.Scan() {
		if !bytes.HasPrefix(lines.Bytes(), []byte(sizeMetric)) {
			if size >= 0 {
				return size, nil // a family's lines stand together
			}
			continue
		}
		line := lines.Text()
		rest := line[len(sizeMetric):]
		if end := strings.LastIndexByte(rest, '}'); strings.HasPrefix(rest, "{") && end > 0 {
			rest = rest[end+1:]
		}
		fields := strings.Fields(rest)
		if next := line[len(sizeMetric):]; len(fields) == 0 || (next[0] != '{' && next[0] != ' ') {
			continue
		}
		value, err := strconv.ParseFloat(fields[0], 64)
		if err != nil || value < 0 {
			continue
		}
		size = max(size, int64(value))
	}
	if err := lines.Err(); err != nil {
		return 0, fmt.Errorf("read the API server's metrics: %w", err)
	}
	if size < 0 {
		return 0, errNoSize
	}
	return size, nil
}
