package e2e

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// span is one step of a trace, as a collector sees it.
type span struct {
	*trace.Span
	service string
}

// says is the value of an attribute, "" when there is none.
func (s span) says(key string) string {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == key {
			if a.GetValue().GetStringValue() != "" {
				return a.GetValue().GetStringValue()
			}
			return fmt.Sprint(a.GetValue().GetIntValue())
		}
	}
	return ""
}

// receiver is a collector of traces that speaks OTLP over HTTP.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	spans []span
	text  strings.Builder // all that arrived, to look for personal data in
}

func newReceiver() *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		var export collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &export)
		}
		if err != nil || request.URL.Path != "/v1/traces" {
			http.Error(w, "not traces", http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.text.WriteString(protojson.Format(&export))
		for _, of := range export.GetResourceSpans() {
			service := ""
			for _, a := range of.GetResource().GetAttributes() {
				if a.GetKey() == "service.name" {
					service = a.GetValue().GetStringValue()
				}
			}
			for _, scope := range of.GetScopeSpans() {
				for _, s := range scope.GetSpans() {
					r.spans = append(r.spans, span{s, service})
				}
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	DeferCleanup(r.Close)
	return r
}

// traceOf returns the steps of the submission's trace, the accept first, then by the time at which they began.
func (r *receiver) traceOf(submission string) []span {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []span
	for _, s := range r.spans {
		if s.says("contact.submission") == submission {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil
	}
	for _, s := range r.spans {
		if string(s.GetTraceId()) == string(all[0].GetTraceId()) && s.Span != all[0].Span {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all[1:], func(a, b span) int { return int(a.GetStartTimeUnixNano()) - int(b.GetStartTimeUnixNano()) }) //nolint:gosec // times
	return all
}

// told is what the steps of a name say, in order: service, outcome, failure, attempt.
func told(spans []span, name string) (all []string) {
	for _, s := range spans {
		if s.GetName() == name {
			all = append(all, strings.TrimSpace(strings.Join([]string{s.service, s.says("contact.outcome"), s.says("error.type"), s.says("contact.attempt")}, " ")))
		}
	}
	return all
}

var _ = Describe("The trace of a submission", Ordered, func() {
	var s *system
	var traces *receiver
	BeforeAll(func() {
		traces = newReceiver()
		s = newSystem()
		// With logs that say as much as they may: nothing personal must be in them either.
		s.env = append(s.env, "OTEL_EXPORTER_OTLP_ENDPOINT="+traces.URL, "OTEL_BSP_SCHEDULE_DELAY=200",
			"OPERATOR_FLAGS=--zap-log-level=7", "INTAKE_FLAGS=--zap-log-level=7")
		DeferCleanup(s.stop)
		s.start()
	})

	const theirs = "0af7651916cd43dd8448eb211c80319c"
	visitor := contact{name: "Grace Traceable", email: "grace.traceable@example.com", company: "Traceable Ltd", phone: "+49 30 5550199"}
	post := func(c contact) string {
		GinkgoHelper()
		body := fmt.Sprintf(`{"name":%q,"email":%q,"company":%q,"phone":%q,"consent":{"marketing":true}}`, c.name, c.email, c.company, c.phone)
		request, err := http.NewRequest(http.MethodPost, s.url("INTAKE_ADDR", "/v1/contacts/trial/submissions"), strings.NewReader(body))
		Expect(err).NotTo(HaveOccurred())
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Traceparent", "00-"+theirs+"-b7ad6b7169203331-01")
		request.Header.Set("Tracestate", "from="+strings.ReplaceAll(c.email, "@", "-at-"))
		response, err := http.DefaultClient.Do(request)
		Expect(err).NotTo(HaveOccurred())
		defer func() { _ = response.Body.Close() }()
		Expect(response.StatusCode).To(Equal(http.StatusAccepted))
		var answer struct{ ID string }
		Expect(json.NewDecoder(response.Body).Decode(&answer)).To(Succeed())
		return answer.ID
	}

	It("is one, from the form to marketing, across both programs and a failure", func() {
		s.fault("crm", `{"mode":"status","status":503,"rate":1}`)
		id := post(visitor)
		Eventually(func() []string { return told(traces.traceOf(id), "CRMSynced") }).Should(ContainElement("contact-operator Retrying Transient 1"))
		s.fault("crm", `{"mode":"ok"}`)
		s.awaitSettled(1)

		var all []span
		Eventually(func(g Gomega) {
			all = traces.traceOf(id)
			g.Expect(told(all, "CRMSynced")).To(ContainElement(HavePrefix("contact-operator Synced")))
			g.Expect(told(all, "write status")).To(HaveLen(2))
		}).Should(Succeed())
		Expect(told(all, "accept")).To(Equal([]string{"contact-intake Accepted"}))
		Expect(told(all, "create")).To(ContainElement("contact-intake Created"))
		Expect(told(all, "Validated")).To(Equal([]string{"contact-operator Deliverable  1"}))
		Expect(told(all, "Located")).To(Equal([]string{"contact-operator Located  1"}))
		Expect(told(all, "MarketingSynced")).To(ContainElement("contact-operator Synced  1"))
		Expect(told(all, "write Contact")).NotTo(BeEmpty())

		accept := all[0]
		Expect(accept.GetParentSpanId()).To(BeEmpty(), "a visitor's trace is no parent")
		Expect(hex.EncodeToString(accept.GetTraceId())).NotTo(Equal(theirs))
		Expect(accept.GetLinks()).To(HaveLen(1))
		Expect(hex.EncodeToString(accept.GetLinks()[0].GetTraceId())).To(Equal(theirs))
		for _, step := range all[1:] {
			Expect(step.GetParentSpanId()).NotTo(BeEmpty(), step.GetName())
		}
		traceparent := strings.TrimSpace(s.kubectl("-n", namespace, "get", "csub", id, "-o", `jsonpath={.metadata.annotations.contact-operator\.io/traceparent}`))
		Expect(traceparent).To(ContainSubstring(hex.EncodeToString(accept.GetTraceId())))

		By("naming it in the log")
		for _, log := range []string{"contact-intake.log", "contact-operator.log"} {
			data, err := os.ReadFile(filepath.Join(s.dir, "logs", log)) //nolint:gosec // in a folder of the test
			Expect(err).NotTo(HaveOccurred())
			Expect(string(data)).To(ContainSubstring(`"traceID":"`+hex.EncodeToString(accept.GetTraceId())+`"`), log)
		}

		By("saying what was answered, of each call and of each batch")
		statuses := map[string][]string{}
		for _, step := range all {
			if status := step.says("http.response.status_code"); status != "" {
				statuses[step.GetName()+" "+step.says("contact.integration")] = append(statuses[step.GetName()+" "+step.says("contact.integration")], status)
			}
		}
		Expect(statuses).To(HaveKeyWithValue("Validated verifier", []string{"200"}))
		Expect(statuses["batch crm"]).To(ContainElements("503", "201"))
		Expect(statuses["CRMSynced crm"]).To(ContainElements("503", "201"))
		for _, step := range all {
			if step.GetName() == "batch" {
				Expect(step.GetLinks()).NotTo(BeEmpty())
				Expect(step.says("contact.records")).To(Equal("1"))
			}
		}
	})

	It("is sent to its end when the programs stop, and holds nothing personal", func() {
		last := contact{name: "Last Traceable", email: "last.traceable@example.com", company: "Traceable Ltd", phone: "+49 30 5550198"}
		id := post(last)
		s.awaitSettled(2)
		s.expectNoLeaks([]contact{visitor, last})
		s.stop()
		Expect(told(traces.traceOf(id), "write status")).To(ContainElement("contact-operator Written"))
		traces.mu.Lock()
		defer traces.mu.Unlock()
		expectNoTraces("what the collector got", traces.text.String(), []contact{visitor, last})
		expectNoTraces("what the collector got", traces.text.String(), []contact{{email: "grace.traceable-at-example.com"}})
	})
})
