package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ContactPipeline says how submissions of one kind are treated: which Integration serves each stage, which verdicts
// reject, and what the form says.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=contactpipelines,shortName=cpipe,categories=contacts
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="the name has at most 63 characters"
// +kubebuilder:validation:XValidation:rule="!self.metadata.name.contains('.')",message="the name has no dots: it is part of the form's address"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Weakest",type=string,JSONPath=`.status.weakestLink.integration`
// +kubebuilder:printcolumn:name="Waiting",type=integer,JSONPath=`.status.weakestLink.waiting`
// +kubebuilder:printcolumn:name="Oldest",type=date,JSONPath=`.status.weakestLink.oldestWaitingSince`
// +kubebuilder:printcolumn:name="Unfinished",type=integer,JSONPath=`.status.unfinished`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ContactPipeline struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says how submissions are treated.
	// +required
	Spec ContactPipelineSpec `json:"spec,omitzero"`

	// status says whether the pipeline can be used.
	// +optional
	Status ContactPipelineStatus `json:"status,omitempty,omitzero"`
}

// StageOrder says which stages wait for one another.
//
// +kubebuilder:validation:Enum=Independent;Strict
type StageOrder string

const (
	// OrderIndependent: after validation no stage waits for another.
	OrderIndependent StageOrder = "Independent"
	// OrderStrict: each stage waits until the one before it has ended.
	OrderStrict StageOrder = "Strict"
)

// ContactPipelineSpec says how submissions are treated. A stage that is left out is not taken.
type ContactPipelineSpec struct {
	// order is Independent when a stage that fails or is slow holds up no other, Strict when it holds up those after it.
	// +optional
	// +kubebuilder:default=Independent
	Order StageOrder `json:"order,omitempty"`

	// suspend parks every submission of this pipeline. Nothing is lost: they go on when it is unset.
	// +optional
	Suspend *bool `json:"suspend,omitempty"` //nolint:kubeapilinter // the same word and type as in Jobs, CronJobs and Flux.

	// validation checks the e-mail address.
	// +optional
	Validation *ValidationStage `json:"validation,omitempty"`

	// location finds the country.
	// +optional
	Location *IntegrationStage `json:"location,omitempty"`

	// crm stores the Contact in the CRM.
	// +optional
	CRM *IntegrationStage `json:"crm,omitempty"`

	// marketing pushes the Contact to the e-mail marketing system, when the person has agreed.
	// +optional
	Marketing *IntegrationStage `json:"marketing,omitempty"`

	// retention says how long submissions are kept once nothing can happen to them any more.
	// +optional
	// +kubebuilder:default={}
	Retention RetentionPolicy `json:"retention,omitempty,omitzero"`

	// form holds the texts of the pipeline's form.
	// +optional
	Form FormSpec `json:"form,omitempty,omitzero"`

	// sources are form tools that post to this pipeline.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Sources []FormSource `json:"sources,omitempty"`

	// alertAfterSeconds is how long a submission may take to come to its end before an administrator is told. Default: one hour.
	// +optional
	// +kubebuilder:default=3600
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=31536000
	AlertAfterSeconds *int32 `json:"alertAfterSeconds,omitempty"`

	// canary sends a made-up submission now and then, to find out whether the whole way works.
	// +optional
	Canary *CanarySpec `json:"canary,omitempty"`
}

// CanarySpec describes a made-up submission that is sent again and again: through the intake, every stage, and into the CRM,
// which is written to each time. It declines marketing, so the marketing system is not told of it.
type CanarySpec struct {
	// email is the canary's own address, of nobody else: the CRM holds one record of it. The verifier has to find it deliverable.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	Email string `json:"email,omitempty"`

	// intervalSeconds is the time between two of them. The next one is not sent before the last one came to its end.
	// +optional
	// +kubebuilder:default=300
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=86400
	IntervalSeconds *int32 `json:"intervalSeconds,omitempty"`

	// timeoutSeconds is how long one may take to be completed before it has failed.
	// +optional
	// +kubebuilder:default=300
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty"`
}

// IntegrationStage is a stage that one Integration serves.
type IntegrationStage struct {
	// integrationRef names the Integration, in the pipeline's namespace.
	// +required
	IntegrationRef LocalReference `json:"integrationRef,omitzero"`
}

// VerdictAction says what a doubtful verdict leads to.
//
// +kubebuilder:validation:Enum=Reject;Accept
type VerdictAction string

const (
	// VerdictReject: the submission ends there, kept and reported.
	VerdictReject VerdictAction = "Reject"
	// VerdictAccept: the submission goes on, flagged.
	VerdictAccept VerdictAction = "Accept"
)

// UnknownAction says what becomes of an address on which no verdict could be reached. It is never rejected.
//
// +kubebuilder:validation:Enum=Accept;Hold
type UnknownAction string

const (
	// UnknownAccept: the submission goes on, flagged.
	UnknownAccept UnknownAction = "Accept"
	// UnknownHold: the submission waits for a person.
	UnknownHold UnknownAction = "Hold"
)

// ValidationStage is the validation and its policy.
type ValidationStage struct {
	// integrationRef names the Integration, in the pipeline's namespace.
	// +required
	IntegrationRef LocalReference `json:"integrationRef,omitzero"`

	// undeliverable says what an address that takes no mail leads to.
	// +optional
	// +kubebuilder:default=Reject
	Undeliverable VerdictAction `json:"undeliverable,omitempty"`

	// disposable says what a throw-away address leads to.
	// +optional
	// +kubebuilder:default=Reject
	Disposable VerdictAction `json:"disposable,omitempty"`

	// role says what an address of a function or a group leads to.
	// +optional
	// +kubebuilder:default=Reject
	Role VerdictAction `json:"role,omitempty"`

	// acceptAll says what an address in a domain that accepts every address leads to.
	// +optional
	// +kubebuilder:default=Reject
	AcceptAll VerdictAction `json:"acceptAll,omitempty"`

	// unknown says what an address leads to on which, after all rechecks, there still is no verdict.
	// +optional
	// +kubebuilder:default=Accept
	Unknown UnknownAction `json:"unknown,omitempty"`

	// unknownRechecks is how often such an address is verified again before that.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=20
	UnknownRechecks *int32 `json:"unknownRechecks,omitempty"`

	// unknownRecheckSeconds is the time between two such checks.
	// +optional
	// +kubebuilder:default=3600
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	UnknownRecheckSeconds *int32 `json:"unknownRecheckSeconds,omitempty"`

	// verdictSeconds is how long a verdict on an address is used again, since a validation costs money. An Unknown one, once
	// all rechecks are made, is used again for unknownRecheckSeconds, if that is shorter. Default: 30 days.
	// +optional
	// +kubebuilder:default=2592000
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=31536000
	VerdictSeconds *int32 `json:"verdictSeconds,omitempty"`
}

// RetentionPolicy says how long submissions are kept. What can still move never expires, and neither does a Contact.
type RetentionPolicy struct {
	// completedSeconds is how long a completed submission is kept: its data lives on in the Contact. Default: 7 days.
	// +optional
	// +kubebuilder:default=604800
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=315360000
	CompletedSeconds *int32 `json:"completedSeconds,omitempty"`

	// rejectedSeconds is how long a rejected submission is kept, so that a person can look at it. Default: 30 days.
	// +optional
	// +kubebuilder:default=2592000
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=315360000
	RejectedSeconds *int32 `json:"rejectedSeconds,omitempty"`
}

// ContactPipelineStatus says whether a pipeline can be used.
type ContactPipelineStatus struct {
	// conditions hold Ready: True when every Integration that the pipeline names exists and suits its stage; and, where the
	// pipeline has sources or a captcha, SourcesReady: True when every Secret that they name has the key.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation that the conditions speak of.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// unfinished is how many submissions of this pipeline can still move by themselves. Written at most every ten seconds,
	// rounded to two digits.
	// +optional
	Unfinished *int32 `json:"unfinished,omitempty"`

	// weakestLink is the link that holds up most of them now. Absent while none does.
	// +optional
	WeakestLink *WeakestLink `json:"weakestLink,omitempty"`

	// canary tells how the last made-up submission fared.
	// +optional
	Canary *CanaryStatus `json:"canary,omitempty"`
}

// CanaryReason says why a canary failed.
//
// +kubebuilder:validation:Enum=NotAccepted;Late;Rejected;Stalled;Lost
type CanaryReason string

const (
	// CanaryNotAccepted: the intake did not take it.
	CanaryNotAccepted CanaryReason = "NotAccepted"
	// CanaryLate: it is under way, and has been for longer than it may.
	CanaryLate CanaryReason = "Late"
	// CanaryRejected: the verifier does not find its address deliverable.
	CanaryRejected CanaryReason = "Rejected"
	// CanaryStalled: a system will not take it, and it waits for a person.
	CanaryStalled CanaryReason = "Stalled"
	// CanaryLost: the intake took it, and there is no such submission: it lies in a spool, or somebody deleted it.
	CanaryLost CanaryReason = "Lost"
)

// CanaryStatus tells how the last canary fared.
type CanaryStatus struct {
	// submission is the last one's name. Absent while it has not been accepted.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Submission string `json:"submission,omitempty"`

	// sentTime is when it was first sent.
	// +optional
	SentTime *metav1.Time `json:"sentTime,omitempty"`

	// completedTime is when one was last seen completed.
	// +optional
	CompletedTime *metav1.Time `json:"completedTime,omitempty"`

	// failingSince is when the first of those failed that have failed since. Absent while they succeed.
	// +optional
	FailingSince *metav1.Time `json:"failingSince,omitempty"`

	// reason says why the last one failed.
	// +optional
	Reason CanaryReason `json:"reason,omitempty"`

	// stage that holds it up.
	// +optional
	Stage Stage `json:"stage,omitempty"`
}

// WeakestLink is a link that holds submissions up, and what that costs.
type WeakestLink struct {
	// integration that they wait for.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Integration string `json:"integration,omitempty"`

	// stage that waits.
	// +required
	Stage Stage `json:"stage,omitempty"`

	// waiting is how many submissions of this pipeline wait there, rounded to two digits.
	// +optional
	Waiting *int32 `json:"waiting,omitempty"`

	// oldestWaitingSince is when the oldest of them was received.
	// +optional
	OldestWaitingSince *metav1.Time `json:"oldestWaitingSince,omitempty"`
}

// ContactPipelineList is a list of ContactPipelines.
//
// +kubebuilder:object:root=true
type ContactPipelineList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the list.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []ContactPipeline `json:"items"`
}
