// Package otlp sends traces to a collector, as the standard OTEL_* variables of the environment say. It is off until one of
// them asks for it. Nothing that is wrong with it, or with the collector, stops or slows what is traced.
package otlp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/contact-operator/contact-operator/internal/tracing"
)

// flushTime is what the last steps are given, at the end of the process, to reach the collector.
const flushTime = 2 * time.Second

// Start returns what follows submissions, nil when that is off, and what ends it: it sends what has not been sent, for two
// seconds at most.
func Start(ctx context.Context, service string, log logr.Logger) (tracer *tracing.Tracer, stop func()) {
	log = log.WithName("tracing")
	off := func() {}
	connect, err := wanted(os.Getenv)
	if err != nil {
		log.Error(nil, "Nothing is traced", "problem", err.Error())
	}
	if connect == nil {
		return nil, off
	}
	exporter, err := connect(ctx)
	if err != nil {
		log.Error(nil, "Nothing is traced: check the variables OTEL_EXPORTER_OTLP_*", "problem", err.Error())
		return nil, off
	}
	return start(ctx, service, exporter, log)
}

func start(ctx context.Context, service string, exporter sdktrace.SpanExporter, log logr.Logger) (*tracing.Tracer, func()) {
	teller := &teller{next: exporter, log: log}
	otel.SetLogger(log)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(teller.problem))
	about, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", service), attribute.String("service.version", version())),
		resource.WithFromEnv(), // what is said there wins
	)
	if err != nil {
		log.Error(nil, "OTEL_RESOURCE_ATTRIBUTES is not taken as it is; it has the form key=value,key=value", "problem", err.Error())
	}
	// The rest is the library's: the sampler, the limits and the batches are read from the environment. Its queue drops what it
	// has no room for, and never makes anybody wait.
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(teller), sdktrace.WithResource(about))
	log.Info("Submissions are traced")
	return tracing.New(provider), func() {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		defer cancel()
		if err := provider.Shutdown(limit); errors.Is(err, context.DeadlineExceeded) {
			log.Info("The last traces were not sent in time", "limit", flushTime.String())
		}
	}
}

// exporters by the name of their protocol. None waits for the collector.
var exporters = map[string]func(context.Context) (sdktrace.SpanExporter, error){
	"http/protobuf": func(ctx context.Context) (sdktrace.SpanExporter, error) { return otlptracehttp.New(ctx) },
	"grpc":          func(ctx context.Context) (sdktrace.SpanExporter, error) { return otlptracegrpc.New(ctx) },
}

// wanted reads whether and by which protocol traces are sent: nil stands for not at all. The error says what it can't do.
func wanted(getenv func(string) string) (exporter func(context.Context) (sdktrace.SpanExporter, error), err error) {
	get := func(names ...string) string {
		for _, name := range names {
			if v := strings.TrimSpace(getenv(name)); v != "" {
				return v
			}
		}
		return ""
	}
	const endpoint, protocol = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL"
	const endpointOfTraces, protocolOfTraces = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	kind := strings.ToLower(get("OTEL_TRACES_EXPORTER"))
	switch {
	case strings.EqualFold(get("OTEL_SDK_DISABLED"), "true"), kind == "none":
		return nil, nil
	case kind == "" && get(endpointOfTraces, endpoint) == "":
		return nil, nil
	case kind != "" && kind != "otlp":
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER is %q: traces can be sent by otlp only; set it to otlp, or to none", kind)
	}
	spoken := cmp.Or(get(protocolOfTraces, protocol), "http/protobuf")
	if exporter = exporters[spoken]; exporter == nil {
		return nil, fmt.Errorf("%s or %s is %q: give http/protobuf, most often with port 4318, or grpc, with port 4317", protocolOfTraces, protocol, spoken)
	}
	return exporter, nil
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
