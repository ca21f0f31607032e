package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ContactSubmission is what one person sent, once.
//
// Its spec is the original form data and never changes. Its status tells how far the submission has come, and records
// every failure against that data.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=contactsubmissions,shortName=csub,categories=contacts
// +kubebuilder:selectablefield:JSONPath=`.spec.pipelineRef.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.source.suspicion`
// +kubebuilder:selectablefield:JSONPath=`.status.state`
// +kubebuilder:selectablefield:JSONPath=`.status.contactName`
// +kubebuilder:printcolumn:name="Pipeline",type=string,JSONPath=`.spec.pipelineRef.name`
// +kubebuilder:printcolumn:name="Email",type=string,JSONPath=`.spec.contact.email`,priority=1
// +kubebuilder:printcolumn:name="Validated",type=string,JSONPath=`.status.conditions[?(@.type=="Validated")].reason`
// +kubebuilder:printcolumn:name="Located",type=string,JSONPath=`.status.conditions[?(@.type=="Located")].reason`
// +kubebuilder:printcolumn:name="CRM",type=string,JSONPath=`.status.conditions[?(@.type=="CRMSynced")].reason`
// +kubebuilder:printcolumn:name="Marketing",type=string,JSONPath=`.status.conditions[?(@.type=="MarketingSynced")].reason`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Attempts",type=integer,JSONPath=`.status.attempts`
// +kubebuilder:printcolumn:name="Contact",type=string,JSONPath=`.status.contactName`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ContactSubmission struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the original form data. It never changes.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec is the original form data and never changes; send a new submission instead"
	Spec ContactSubmissionSpec `json:"spec,omitzero"`

	// status tells how far the submission has come.
	// +optional
	Status ContactSubmissionStatus `json:"status,omitempty,omitzero"`
}

// ContactSubmissionSpec is the original form data.
//
// +kubebuilder:validation:XValidation:rule="(has(self.contact) && has(self.contact.email)) || (has(self.source) && has(self.source.via))",message="an e-mail address is needed, unless a form tool sent this without one",fieldPath=".contact.email",reason=FieldValueRequired
type ContactSubmissionSpec struct {
	// pipelineRef names the ContactPipeline that says how this submission is treated.
	// +required
	PipelineRef LocalReference `json:"pipelineRef,omitzero"`

	// contact holds the five fields of the form.
	// +optional
	Contact ContactFields `json:"contact,omitempty,omitzero"`

	// attributes are further answers, by name: for example plan, event or video.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 63)",message="attribute names have at most 63 characters"
	Attributes map[string]AttributeValue `json:"attributes,omitempty"`

	// source says where the submission came from.
	// +optional
	Source SubmissionSource `json:"source,omitempty,omitzero"`

	// consent is the person's explicit answer about marketing mail. Absent: the person was not asked, or did not answer,
	// and what was answered before still holds.
	// +optional
	Consent *SubmissionConsent `json:"consent,omitempty"`
}

// AttributeValue is one free-form answer.
//
// +kubebuilder:validation:MaxLength=1024
type AttributeValue string

// ContactFields are the five fields of the form.
type ContactFields struct {
	// email as it was typed. It need not be valid: finding that out is the first stage's work. Absent only in what a form tool
	// (source.via) sent without one: such a submission is kept, and can't be processed.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=320
	Email string `json:"email,omitempty"`

	// name of the person.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// company the person works for.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Company string `json:"company,omitempty"`

	// phone number as it was typed.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Phone string `json:"phone,omitempty"`

	// country as it was typed: a name or a code.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Country string `json:"country,omitempty"`
}

// SubmissionSource says where a submission came from.
type SubmissionSource struct {
	// channel is the kind of form: for example trial-download, event, blog or video.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Channel string `json:"channel,omitempty"`

	// page is the address of the page that held the form.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Page string `json:"page,omitempty"`

	// remoteIP is the visitor's address, as far as trusted proxies tell it.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=45
	RemoteIP string `json:"remoteIP,omitempty"`

	// userAgent is what the visitor's browser calls itself.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	UserAgent string `json:"userAgent,omitempty"`

	// via is the source of the pipeline (spec.sources) that sent this: a form tool. Absent: it came to the pipeline's own form or
	// address.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Via string `json:"via,omitempty"`

	// suspicion says why this may come from a program, set by the intake. CaptchaFailed and CaptchaMissing make the pipeline
	// hold it until a person accepts it.
	// +optional
	Suspicion Suspicion `json:"suspicion,omitempty"`

	// receivedAt is when the submission was accepted or, where a form tool tells it, when the person sent it. It orders the submissions of one person, so the newest answer wins
	// however late it is processed. Defaults to the object's creation time, which it can't exceed by more than a second.
	// +optional
	ReceivedAt *metav1.MicroTime `json:"receivedAt,omitempty"`
}

// SubmissionConsent is an explicit answer about marketing mail.
type SubmissionConsent struct {
	// marketing is the answer.
	// +required
	Marketing Consent `json:"marketing,omitempty"`

	// statement is the text that the person agreed to or declined.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Statement string `json:"statement,omitempty"`

	// time of the answer. Defaults to when the submission was received.
	// +optional
	Time *metav1.Time `json:"time,omitempty"`
}

// ContactSubmissionStatus tells how far a submission has come.
type ContactSubmissionStatus struct {
	// conditions hold one condition per stage (Validated, Located, CRMSynced, MarketingSynced) and Ready, derived from them.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// state is Active while a stage can move by itself, Held when a person may act, Completed when nothing is left to do.
	// +optional
	State SubmissionState `json:"state,omitempty"`

	// contactName is the name of the Contact that this submission belongs to: a hash of the normalised address.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	ContactName string `json:"contactName,omitempty"`

	// attempts counts the failed tries of all stages. Waiting for a link spends none.
	// +optional
	Attempts *int32 `json:"attempts,omitempty"`

	// unknownVerdicts counts the verifications that reached no verdict.
	// +optional
	UnknownVerdicts *int32 `json:"unknownVerdicts,omitempty"`

	// verdict is what the address was rejected or held for, with the evidence. An accepted one has it on the Contact.
	// +optional
	Verdict *ContactVerdict `json:"verdict,omitempty"`

	// suggestion is the address that was probably meant, when the verifier has one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=320
	Suggestion string `json:"suggestion,omitempty"`

	// lastHandledRetry is the value of the annotation contact-operator.io/retry-requested-at that was last acted on.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	LastHandledRetry string `json:"lastHandledRetry,omitempty"`

	// lastHandledAccept is a hash of the annotation contact-operator.io/accept that was last acted on. The reason itself
	// is kept nowhere else.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	LastHandledAccept string `json:"lastHandledAccept,omitempty"`

	// failures hold, per stage that has ever failed, what went wrong last and when it is tried again.
	// +optional
	// +listType=map
	// +listMapKey=stage
	// +kubebuilder:validation:MaxItems=4
	Failures []StageFailure `json:"failures,omitempty"`
}

// StageFailure is the retry state of one stage: it outlives the operator's process.
type StageFailure struct {
	// stage that failed.
	// +required
	Stage Stage `json:"stage,omitempty"`

	// integration whose call failed.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Integration string `json:"integration,omitempty"`

	// class of the last failure.
	// +required
	Class ErrorClass `json:"class,omitempty"`

	// message of the last failure, in our own words: nothing that the remote system sent is repeated here.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`

	// time of the last failure.
	// +required
	Time metav1.Time `json:"time,omitzero"`

	// attempts that failed.
	// +optional
	Attempts *int32 `json:"attempts,omitempty"`

	// nextAttemptTime is the earliest time of the next try. When it is past and the stage still waits, the link holds the
	// try back: see nextProbeTime of the Integration. Absent when none is planned: the stage has ended, or waits for its link
	// to be mended.
	// +optional
	NextAttemptTime *metav1.Time `json:"nextAttemptTime,omitempty"`
}

// ContactSubmissionList is a list of ContactSubmissions.
//
// +kubebuilder:object:root=true
type ContactSubmissionList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the list.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []ContactSubmission `json:"items"`
}
