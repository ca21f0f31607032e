package otlp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/contact-operator/contact-operator/internal/tracing"
)

func TestWanted(t *testing.T) {
	const endpoint, url = "OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"
	tests := map[string]struct {
		reason  string
		env     map[string]string
		want    bool
		wantErr string
	}{
		"nothing said":        {"off by default", nil, false, ""},
		"an endpoint":         {"is enough", map[string]string{endpoint: url}, true, ""},
		"of traces":           {"as well", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": url + "/v1/traces"}, true, ""},
		"blank":               {"is like none", map[string]string{endpoint: " "}, false, ""},
		"exporter":            {"the library's own endpoint", map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"none":                {"metrics may go there, traces don't", map[string]string{endpoint: url, "OTEL_TRACES_EXPORTER": "none"}, false, ""},
		"disabled":            {"all of it", map[string]string{endpoint: url, "OTEL_SDK_DISABLED": "true"}, false, ""},
		"an exporter unknown": {"it is said", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, "otlp only"},
		"http":                {"is spoken", map[string]string{endpoint: url, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, true, ""},
		"grpc":                {"is spoken, too", map[string]string{endpoint: url, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, true, ""},
		"json":                {"is not", map[string]string{endpoint: url, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, false, "4318"},
		"json, but for traces": {
			"the more special one counts",
			map[string]string{endpoint: url, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"},
			true, "",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := wanted(func(name string) string { return tc.env[name] })
			if (got != nil) != tc.want || (err == nil) != (tc.wantErr == "") || (err != nil && !strings.Contains(err.Error(), tc.wantErr)) {
				t.Errorf("%s: %v, %v", tc.reason, got != nil, err)
			}
		})
	}
}

// lines is a log that is read.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) logger() logr.Logger {
	return funcr.New(func(prefix, args string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.all = append(l.all, prefix+" "+args)
	}, funcr.Options{})
}

func (l *lines) with(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func follow(tracer *tracing.Tracer, n int) {
	for range n {
		_, step := tracer.Accept(context.Background(), time.Now(), "", tracing.Submission{Name: "abc"})
		step.End("Accepted", "")
	}
}

// TestTracesArrive speaks to a collector over HTTP, as the environment says.
func TestTracesArrive(t *testing.T) {
	var mu sync.Mutex
	var spans int
	service := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &request)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range request.GetResourceSpans() {
			for _, a := range resource.GetResource().GetAttributes() {
				if a.GetKey() == "service.name" {
					service = a.GetValue().GetStringValue()
				}
			}
			for _, scope := range resource.GetScopeSpans() {
				spans += len(scope.GetSpans())
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	log := &lines{}
	tracer, stop := Start(t.Context(), "contact-test", log.logger())
	follow(tracer, 3)
	stop() // sends what has not been sent
	mu.Lock()
	defer mu.Unlock()
	if spans != 3 || service != "contact-test" {
		t.Errorf("%d spans of %q arrived; the log says %q", spans, service, log.all)
	}
}

func TestOff(t *testing.T) {
	log := &lines{}
	tracer, stop := Start(t.Context(), "contact-test", log.logger())
	stop()
	if tracer != nil || len(log.all) > 0 {
		t.Errorf("it is on, or talks: %q", log.all)
	}
	t.Setenv("OTEL_TRACES_EXPORTER", "zipkin")
	if tracer, _ = Start(t.Context(), "contact-test", log.logger()); tracer != nil || log.with("set it to otlp") != 1 {
		t.Errorf("it is on, or does not say what to do: %q", log.all)
	}
}

// TestCollectorAway: nobody waits for one that can't be reached, and one line tells of it, however many batches are lost.
func TestCollectorAway(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+address)
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
	log := &lines{}
	tracer, stop := Start(t.Context(), "contact-test", log.logger())
	follow(tracer, 100)
	stop()
	if log.with("can't be sent") != 1 || log.with("OTEL_EXPORTER_OTLP_ENDPOINT") != 1 {
		t.Errorf("the log says %q", log.all)
	}
}

// script is an exporter that does as it is told.
type script struct {
	mu    sync.Mutex
	err   error
	hangs bool
	calls int
}

func (s *script) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.hangs {
		s.mu.Unlock()
		time.Sleep(time.Hour) //nolint:forbidigo // of the bubble
		s.mu.Lock()
	}
	return s.err
}

func (*script) Shutdown(context.Context) error { return nil }

func (s *script) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func TestToldOnceAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, exporter := &lines{}, &script{err: errors.New("refused")}
		tracer, stop := start(t.Context(), "contact-test", exporter, log.logger())
		defer stop()
		batches := func(n int) {
			for range n {
				follow(tracer, 2)
				time.Sleep(10 * time.Second) //nolint:forbidigo // of the bubble
				synctest.Wait()
			}
		}
		expect := func(when string, failing, well int) {
			t.Helper()
			if log.with("can't be sent") != failing || log.with("sent again") != well {
				t.Errorf("%s: %q", when, log.all)
			}
		}
		batches(5)
		expect("an outage", 1, 0)
		exporter.set(nil)
		batches(5)
		expect("its end", 1, 1)
		if log.with(`"droppedSpans"=10`) != 1 {
			t.Errorf("how many were lost is not said: %q", log.all)
		}
		exporter.set(fmt.Errorf("%s", strings.Repeat("long ", 1000)))
		batches(5)
		expect("another one", 2, 1)
		for _, line := range log.all {
			if len(line) > 600 {
				t.Errorf("a line of %d characters", len(line))
			}
		}
		if exporter.calls < 15 {
			t.Errorf("only %d batches: this test shows nothing", exporter.calls)
		}
	})
}

// TestHangingCollector: steps end at once, and so does the process, nearly.
func TestHangingCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, exporter := &lines{}, &script{hangs: true}
		tracer, stop := start(t.Context(), "contact-test", exporter, log.logger())
		begin := time.Now()
		follow(tracer, 10_000) // more than the queue takes
		if took := time.Since(begin); took != 0 {
			t.Errorf("steps waited %s for the collector", took)
		}
		stop()
		if took := time.Since(begin); took != flushTime {
			t.Errorf("the end took %s", took)
		}
		if log.with("not sent in time") != 1 {
			t.Errorf("the log says %q", log.all)
		}
		time.Sleep(24 * time.Hour) //nolint:forbidigo // of the bubble: where the process would have ended
	})
}
