package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Contact is the master record of one person: one per normalised e-mail address, whatever the number of submissions.
//
// The operator writes it. Its name is a truncated SHA-256 of the address: pseudonymous, not anonymous. It has no status
// subresource, so that one write carries all that a submission changes.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=contacts,shortName=contact,categories=contacts
// +kubebuilder:printcolumn:name="Email",type=string,JSONPath=`.spec.email`,priority=1
// +kubebuilder:printcolumn:name="Country",type=string,JSONPath=`.status.location.country`
// +kubebuilder:printcolumn:name="CRM",type=string,JSONPath=`.status.syncs[?(@.stage=="CRMSynced")].state`
// +kubebuilder:printcolumn:name="Marketing",type=string,JSONPath=`.status.syncs[?(@.stage=="MarketingSynced")].state`
// +kubebuilder:printcolumn:name="Submissions",type=integer,JSONPath=`.status.submissions`
// +kubebuilder:printcolumn:name="Last Seen",type=date,JSONPath=`.status.lastSeen`
type Contact struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what is known of the person, each field with the submission that it came from.
	// +required
	Spec ContactSpec `json:"spec,omitzero"`

	// status is what the operator did with it: the checks made, and what the outside systems hold.
	// +optional
	Status ContactStatus `json:"status,omitempty,omitzero"`
}

// ContactSpec is what is known of a person.
type ContactSpec struct {
	// email is the normalised address: the de-duplication key.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=320
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="email is the key of a Contact and never changes"
	Email string `json:"email,omitempty"`

	// name of the person.
	// +optional
	Name *FieldValue `json:"name,omitempty"`

	// company the person works for.
	// +optional
	Company *FieldValue `json:"company,omitempty"`

	// phone number as it was typed.
	// +optional
	Phone *FieldValue `json:"phone,omitempty"`

	// country as it was typed. The country that was found is in status.location.
	// +optional
	Country *FieldValue `json:"country,omitempty"`

	// attributes are the newest further answers, by name.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=64
	Attributes map[string]FieldValue `json:"attributes,omitempty"`

	// channels lists the kinds of form that the person has used, sorted.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	Channels []string `json:"channels,omitempty"`

	// consent is the newest explicit answer about marketing mail. Absent: never asked or never answered.
	// +optional
	Consent *ContactConsent `json:"consent,omitempty"`
}

// Origin says which submission a value came from.
type Origin struct {
	// submission is the name of the ContactSubmission.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Submission string `json:"submission,omitempty"`

	// time that submission was received.
	// +required
	Time metav1.MicroTime `json:"time,omitzero"`
}

// FieldValue is one value with its origin.
type FieldValue struct {
	// value of the field.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Value string `json:"value,omitempty"`

	Origin `json:",inline"`
}

// ContactConsent is the newest explicit answer about marketing mail.
type ContactConsent struct {
	// marketing is the answer.
	// +required
	Marketing Consent `json:"marketing,omitempty"`

	// statement is the text that the person agreed to or declined.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Statement string `json:"statement,omitempty"`

	// answeredAt is when the person answered.
	// +required
	AnsweredAt metav1.Time `json:"answeredAt,omitzero"`

	Origin `json:",inline"`
}

// ContactStatus is what the operator did with a Contact.
type ContactStatus struct {
	// verdict is the newest verdict on the address.
	// +optional
	Verdict *ContactVerdict `json:"verdict,omitempty"`

	// location is the newest country found.
	// +optional
	Location *ContactLocation `json:"location,omitempty"`

	// syncs say what each outside system holds of this person.
	// +optional
	// +listType=map
	// +listMapKey=stage
	// +listMapKey=integration
	// +kubebuilder:validation:MaxItems=16
	Syncs []ContactSync `json:"syncs,omitempty"`

	// submissions counts the submissions that were merged into this Contact.
	// +optional
	Submissions *int32 `json:"submissions,omitempty"`

	// recentSubmissions names the last ones that were merged, newest last, so that processing one again counts it once.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	RecentSubmissions []string `json:"recentSubmissions,omitempty"`

	// firstSeen is when the first of them was received.
	// +optional
	FirstSeen *metav1.Time `json:"firstSeen,omitempty"`

	// lastSeen is when the newest of them was received.
	// +optional
	LastSeen *metav1.Time `json:"lastSeen,omitempty"`
}

// ContactVerdict is a verdict with its source.
type ContactVerdict struct {
	// result of the validation.
	// +required
	Result Verdict `json:"result,omitempty"`

	// integration that gave it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Integration string `json:"integration,omitempty"`

	// time it was given.
	// +required
	Time metav1.MicroTime `json:"time,omitzero"`

	// evidence says in a few fixed words what the verdict rests on, for example "mx" or "disposable-list".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Evidence string `json:"evidence,omitempty"`

	// mailbox is Free when the address is one of a public mail service. Absent: not known.
	// +optional
	Mailbox Mailbox `json:"mailbox,omitempty"`
}

// Mailbox says what kind of mail service an address belongs to.
//
// +kubebuilder:validation:Enum=Free;Own
type Mailbox string

const (
	// MailboxFree: a public mail service.
	MailboxFree Mailbox = "Free"
	// MailboxOwn: a domain of the person's company or of the person.
	MailboxOwn Mailbox = "Own"
)

// ContactLocation is a country with its source.
type ContactLocation struct {
	// country as an ISO 3166-1 alpha-2 code.
	// +required
	// +kubebuilder:validation:Pattern=`^[A-Z]{2}$`
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=2
	Country string `json:"country,omitempty"`

	// integration that found it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Integration string `json:"integration,omitempty"`

	// source says what the country was found by: Declared, Phone, IP, or Service when the Integration does not tell.
	// +optional
	Source LocationSource `json:"source,omitempty"`

	// disagreement lists what other sources say, for example "IP=FR". Absent: they agree, or say nothing.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Disagreement string `json:"disagreement,omitempty"`

	// phone is the person's number in E.164 form, where the Integration could read it.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=32
	Phone string `json:"phone,omitempty"`

	// foundAt is when it was found.
	// +required
	FoundAt metav1.Time `json:"foundAt,omitzero"`

	Origin `json:",inline"`
}

// LocationSource says what a country was found by.
//
// +kubebuilder:validation:Enum=Declared;Phone;IP;Service
type LocationSource string

// SyncState says how an outside system holds a person.
//
// +kubebuilder:validation:Enum=Synced;Suppressed;Attempted
type SyncState string

const (
	// SyncStateSynced: the system holds what the Contact said when it was last written.
	SyncStateSynced SyncState = "Synced"
	// SyncStateSuppressed: the system keeps the person unsubscribed. Without a hash the person has left there, and nothing is
	// written any more.
	SyncStateSuppressed SyncState = "Suppressed"
	// SyncStateAttempted: a write was sent and its answer lost, so the system may hold the person.
	SyncStateAttempted SyncState = "Attempted"
)

// ContactSync says what one outside system holds of a person.
type ContactSync struct {
	// stage that wrote it.
	// +required
	Stage Stage `json:"stage,omitempty"`

	// integration it was written to.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Integration string `json:"integration,omitempty"`

	// state the system holds the person in.
	// +required
	State SyncState `json:"state,omitempty"`

	// hash of what was last written there: the Integration's UID and the rendered request. The stage has nothing to do
	// while what should be written has the same hash. Absent: nobody knows what it holds, or nobody needs to.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Hash string `json:"hash,omitempty"`

	// integrationUID is the UID of the Integration that was written to: remoteID means nothing to another one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	IntegrationUID string `json:"integrationUID,omitempty"`

	// remoteID is the system's own id of the person, where it gave one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	RemoteID string `json:"remoteID,omitempty"`

	// time of the last write.
	// +required
	Time metav1.Time `json:"time,omitzero"`

	// erasure says what came of erasing the person there, and what the system keeps all the same. Absent: it was not asked
	// to, or has not confirmed it yet.
	// +optional
	Erasure *ErasureResult `json:"erasure,omitempty"`
}

// ContactList is a list of Contacts.
//
// +kubebuilder:object:root=true
type ContactList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the list.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []Contact `json:"items"`
}
