package controllers

import "github.com/contact-operator/contact-operator/api/v1alpha1"

// advice says what to do about an Integration or a pipeline that is not Ready. It stands behind what is seen, in the message
// of Ready and in the event, so that whoever describes the object at night needs nothing else.
var advice = map[string]string{
	v1alpha1.ReasonFailing:             "nothing, if it passes: what waits is tried again by itself; if it lasts, ask whoever runs the system",
	v1alpha1.ReasonUnauthorized:        "put what the system accepts into the Secret; what waits then goes on by itself",
	v1alpha1.ReasonRefused:             "mend the spec, or the system; what waits then goes on by itself",
	v1alpha1.ReasonInvalidSpec:         "mend that; what waits then goes on by itself",
	v1alpha1.ReasonSecretNotFound:      "bring what is missing; what waits then goes on by itself",
	v1alpha1.ReasonSuspended:           "unset it when they are to go on",
	v1alpha1.ReasonIntegrationNotFound: "create the Integration, or name another one; what waits then goes on by itself",
	v1alpha1.ReasonIntegrationUnsuited: "name an Integration that does, or teach this one; what waits then goes on by itself",
}

// advised adds it to what is seen.
func advised(reason, seen string) string {
	if a := advice[reason]; a != "" && seen != "" {
		return seen + v1alpha1.ToDo + a
	}
	return seen
}
