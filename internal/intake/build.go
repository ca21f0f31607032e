package intake

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// observed is what the intake itself knows of a request. None of it is part of the name.
type observed struct {
	receivedAt time.Time
	remoteIP   string
	userAgent  string
	referer    string
	// via is the source that it came through, "" for the form and the JSON contract.
	via string
	// suspicion that it comes from a program.
	suspicion v1alpha1.Suspicion
}

func (h *Handler) observe(r *http.Request) observed {
	agent := removeControls(oneLine.Replace(strings.ToValidUTF8(r.UserAgent(), "\uFFFD")))
	return observed{
		// The resource keeps microseconds; cutting here keeps what is stored equal to what was sent.
		receivedAt: h.now().UTC().Truncate(time.Microsecond),
		remoteIP:   h.proxies.remoteIP(r),
		userAgent:  trim(truncateRunes(trim(agent), maxUserAgent)),
		referer:    pageAddress(r.Referer()),
	}
}

// build makes the object of a submission.
func build(name string, pipeline *v1alpha1.ContactPipeline, s *Submission, o observed) *v1alpha1.ContactSubmission {
	receivedAt := metav1.NewMicroTime(o.receivedAt)
	object := &v1alpha1.ContactSubmission{
		ObjectMeta: metav1.ObjectMeta{Namespace: pipeline.Namespace, Name: name},
		Spec: v1alpha1.ContactSubmissionSpec{
			PipelineRef: v1alpha1.LocalReference{Name: pipeline.Name},
			Contact: v1alpha1.ContactFields{
				Email:   s.Email,
				Name:    s.Name,
				Company: s.Company,
				Phone:   s.Phone,
				Country: s.Country,
			},
			Source: v1alpha1.SubmissionSource{
				Channel:    cmp.Or(s.Channel, pipeline.Spec.Form.Channel, pipeline.Name),
				Page:       cmp.Or(s.Page, o.referer),
				RemoteIP:   o.remoteIP,
				UserAgent:  o.userAgent,
				Via:        o.via,
				Suspicion:  o.suspicion,
				ReceivedAt: &receivedAt,
			},
		},
	}
	for name, value := range s.Attributes {
		if object.Spec.Attributes == nil {
			object.Spec.Attributes = make(map[string]v1alpha1.AttributeValue, len(s.Attributes))
		}
		object.Spec.Attributes[name] = v1alpha1.AttributeValue(value)
	}
	if s.Consent != nil {
		answeredAt := metav1.NewTime(o.receivedAt)
		object.Spec.Consent = &v1alpha1.SubmissionConsent{
			Marketing: v1alpha1.ConsentDenied,
			Statement: s.ConsentStatement,
			Time:      &answeredAt,
		}
		if *s.Consent {
			object.Spec.Consent.Marketing = v1alpha1.ConsentGranted
		}
	}
	return object
}
