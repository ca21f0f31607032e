package e2e

import (
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// apiRequests count the requests that the API server itself has counted for the resources of this project, and events:
// by resource and verb, the successful ones and the others alike.
type apiRequests map[[2]string]int

func (s *system) apiRequests() apiRequests {
	GinkgoHelper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(s.kubectl("get", "--raw", "/metrics")))
	Expect(err).NotTo(HaveOccurred())
	counts := apiRequests{}
	for _, m := range families["apiserver_request_total"].GetMetric() {
		resource := label(m, "resource")
		if label(m, "group") != "contact-operator.io" && resource != "events" {
			continue
		}
		if sub := label(m, "subresource"); sub != "" {
			resource += "/" + sub
		}
		counts[[2]string{resource, label(m, "verb")}] += int(m.GetCounter().GetValue())
	}
	return counts
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// since returns what was counted since an earlier time; what did not change is left out.
func (now apiRequests) since(before apiRequests) apiRequests {
	diff := apiRequests{}
	for key, n := range now {
		if d := n - before[key]; d != 0 {
			diff[key] = d
		}
	}
	return diff
}

// writes is the number of requests that change something.
func (now apiRequests) writes() int {
	sum := 0
	for key, n := range now {
		switch key[1] {
		case "GET", "LIST", "WATCH", "WATCHLIST", "CONNECT":
		default:
			sum += n
		}
	}
	return sum
}
