package v1alpha1

import "strings"

// Stage names a step that a submission takes. It is also the type of the condition that tells how that step ended.
//
// A stage's condition is True when there is nothing left to do, False when it ended without doing it, and Unknown while
// it is on its way. The reason says which.
//
// +kubebuilder:validation:Enum=Validated;Located;CRMSynced;MarketingSynced
type Stage string

// The stages, in the order in which they are shown and, in a Strict pipeline, taken.
const (
	// StageValidated: the e-mail address was checked, and the pipeline's policy applied to the verdict. It gates the rest.
	StageValidated Stage = "Validated"
	// StageLocated: the person's country is known, or known not to be found.
	StageLocated Stage = "Located"
	// StageCRMSynced: the CRM holds what the Contact says.
	StageCRMSynced Stage = "CRMSynced"
	// StageMarketingSynced: the marketing system holds what the Contact says.
	StageMarketingSynced Stage = "MarketingSynced"
)

// Stages lists every stage in order.
var Stages = []Stage{StageValidated, StageLocated, StageCRMSynced, StageMarketingSynced}

// ConditionReady is the condition that sums up an object: for a submission it is derived from its stages, for a pipeline
// and an Integration it says whether they can be used.
const ConditionReady = "Ready"

// ConditionSourcesReady is a ContactPipeline's: whether what its sources and its captcha are checked with is there. Its reasons
// are Ready and SecretNotFound.
const ConditionSourcesReady = "SourcesReady"

// ConditionDataCurrent is an Integration's whose provider answers from data that somebody has to keep new, a file say. While it is
// False the provider goes on with what it has.
const ConditionDataCurrent = "DataCurrent"

// Reasons of DataCurrent.
const (
	// ReasonCurrent (True): the data is new enough.
	ReasonCurrent = "Current"
	// ReasonOutdated (False): it was made too long ago.
	ReasonOutdated = "Outdated"
	// ReasonUnreadable (False): there is newer data that can't be used; the message says why.
	ReasonUnreadable = "Unreadable"
	// ReasonMissing (False): where the data was read from there is nothing any more.
	ReasonMissing = "Missing"
)

// Reasons of a stage that is True.
const (
	// ReasonDeliverable (Validated): the address takes mail.
	ReasonDeliverable = "Deliverable"
	// ReasonAccepted (Validated): the verdict is a doubtful one that the pipeline's policy accepts.
	ReasonAccepted = "Accepted"
	// ReasonAcceptedUnknown (Validated): the service never reached a verdict, and the policy accepts that.
	ReasonAcceptedUnknown = "AcceptedUnknown"
	// ReasonLocated (Located): a country was found.
	ReasonLocated = "Located"
	// ReasonSynced (CRMSynced, MarketingSynced): the system holds what the Contact says; this pass wrote it.
	ReasonSynced = "Synced"
	// ReasonUnchanged (CRMSynced, MarketingSynced): the system already held it; no call was made.
	ReasonUnchanged = "Unchanged"
	// ReasonNoConsent (MarketingSynced): the person has not agreed to marketing, and the system does not know the person.
	ReasonNoConsent = "NoConsent"
	// ReasonSuppressed (MarketingSynced): the system keeps the person unsubscribed, which is never undone.
	ReasonSuppressed = "Suppressed"
	// ReasonNotConfigured (any stage): the pipeline has no Integration for this stage.
	ReasonNotConfigured = "NotConfigured"
)

// Reasons of a stage that is False.
const (
	// ReasonUndeliverable (Validated): the address is malformed or takes no mail; rejected.
	ReasonUndeliverable = "Undeliverable"
	// ReasonDisposable (Validated): the address is a throw-away one; rejected.
	ReasonDisposable = "Disposable"
	// ReasonRole (Validated): the address belongs to a function or a group, not a person; rejected.
	ReasonRole = "Role"
	// ReasonAcceptAll (Validated): the domain accepts every address, so nothing is known of this one; rejected.
	ReasonAcceptAll = "AcceptAll"
	// ReasonNotFound (Located): no source knows the country.
	ReasonNotFound = "NotFound"
	// ReasonInvalidData (CRMSynced, MarketingSynced): the system will never take this record as it is.
	ReasonInvalidData = "InvalidData"
	// ReasonConflict (CRMSynced, MarketingSynced): another record stands in the way, for example a deleted one.
	ReasonConflict = "Conflict"
	// ReasonSkipped (all but Validated): an earlier stage ended in a way that leaves nothing to do here.
	ReasonSkipped = "Skipped"
)

// Reasons of a stage that is Unknown.
const (
	// ReasonPending: its turn has not come.
	ReasonPending = "Pending"
	// ReasonRetrying: it failed and is tried again by itself.
	ReasonRetrying = "Retrying"
	// ReasonThrottled: the system asked to be left alone for a while.
	ReasonThrottled = "Throttled"
	// ReasonParked: it waits for a link that is switched off or recovering; it spends no attempts.
	ReasonParked = "Parked"
	// ReasonMisconfigured: the pipeline or the Integration is missing or wrong; it waits until that is mended.
	ReasonMisconfigured = "Misconfigured"
	// ReasonHeld (Validated): a person has to decide, because no verdict was reached and the policy says so, or because the
	// submission is suspected to come from a program.
	ReasonHeld = "Held"
)

// Reasons of Ready on a ContactSubmission.
const (
	// ReasonCompleted (True): every stage is done.
	ReasonCompleted = "Completed"
	// ReasonRejected (False): the address was refused by the pipeline's policy.
	ReasonRejected = "Rejected"
	// ReasonStalled (False): nothing can move any more without a person.
	ReasonStalled = "Stalled"
	// ReasonInProgress (Unknown): a stage is about to be taken.
	ReasonInProgress = "InProgress"
	// ReasonWaiting (Unknown): every open stage waits for its link.
	ReasonWaiting = "Waiting"
)

// Reasons of Ready on an Integration and on a ContactPipeline.
const (
	// ReasonReady (True): it can be used.
	ReasonReady = "Ready"
	// ReasonSuspended (False): spec.suspend is set.
	ReasonSuspended = "Suspended"
	// ReasonInvalidSpec (False, Integration): the configuration does not compile; the message has the place.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonSecretNotFound (False, Integration and ContactPipeline): a Secret or a key in it does not exist; the message names it.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonUnauthorized (False, Integration): the system refuses the credentials.
	ReasonUnauthorized = "Unauthorized"
	// ReasonRefused (False, Integration): the system answers that the request itself is wrong, whatever the record.
	ReasonRefused = "Refused"
	// ReasonFailing (False, Integration): calls fail for reasons that pass by themselves.
	ReasonFailing = "Failing"
	// ReasonIntegrationNotFound (False, ContactPipeline): an Integration it names does not exist.
	ReasonIntegrationNotFound = "IntegrationNotFound"
	// ReasonIntegrationUnsuited (False, ContactPipeline): an Integration it names does not offer what the stage needs.
	ReasonIntegrationUnsuited = "IntegrationUnsuited"
)

// ToDo stands in the message of Ready, where somebody can do something, between what is seen and what to do about it.
const ToDo = ". To do: "

// Seen is the first part of such a message.
func Seen(message string) string {
	seen, _, _ := strings.Cut(message, ToDo)
	return seen
}

// SubmissionState is the one scalar that selectors use. It is derived from the conditions, in the same function as Ready.
//
// +kubebuilder:validation:Enum=Active;Held;Completed
type SubmissionState string

const (
	// StateActive: at least one stage can still move by itself.
	StateActive SubmissionState = "Active"
	// StateHeld: rejected or stalled; a person may act.
	StateHeld SubmissionState = "Held"
	// StateCompleted: nothing is left to do.
	StateCompleted SubmissionState = "Completed"
)

// ErrorClass says what a failure means, and so what is done about it.
//
// +kubebuilder:validation:Enum=Transient;Throttled;Auth;Config;Invalid;Conflict
type ErrorClass string

// Annotations: what a person may ask of the operator, and what the two programs tell one another.
const (
	// AnnotationRetry on a ContactSubmission asks for everything to be done again, now: stages that have not ended well are
	// taken, whatever was planned, and the CRM and marketing are written to, whatever they hold. Its value is the time of the
	// request, at most 64 characters; another value is another request.
	AnnotationRetry = "contact-operator.io/retry-requested-at"
	// AnnotationAccept on a ContactSubmission that is rejected or held lets it pass. Its value is the reason, at most 256
	// characters.
	AnnotationAccept = "contact-operator.io/accept"
	// AnnotationPriority on a ContactSubmission says, with the value PriorityLow, that others go first: for imports in bulk.
	AnnotationPriority = "contact-operator.io/priority"
	// PriorityLow is the value of AnnotationPriority.
	PriorityLow = "low"
	// AnnotationTraceparent on a ContactSubmission says to which OpenTelemetry trace it belongs, in the form of the W3C. The
	// intake sets it, on those that are traced; nothing that a visitor sends gets into it.
	AnnotationTraceparent = "contact-operator.io/traceparent"
	// AnnotationSkipErasure on a Contact that is being deleted gives up on outside systems that can't be reached.
	AnnotationSkipErasure = "contact-operator.io/skip-erasure"
	// FinalizerErase keeps a deleted Contact until the person is erased outside.
	FinalizerErase = "contact-operator.io/erase"
)
