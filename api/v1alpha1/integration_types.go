package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Integration is one external system: which provider speaks to it, where it is and with which credentials. Its status is
// the health of that link.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=integrations,shortName=cint,categories=contacts
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="the name has at most 63 characters"
// +kubebuilder:validation:XValidation:rule="!self.metadata.name.contains('.')",message="the name has no dots"
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.provider`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Circuit",type=string,JSONPath=`.status.circuit`
// +kubebuilder:printcolumn:name="Waiting",type=integer,JSONPath=`.status.waiting`
// +kubebuilder:printcolumn:name="Data",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="DataCurrent")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Integration struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says how the system is reached.
	// +required
	Spec IntegrationSpec `json:"spec,omitzero"`

	// status is the health of the link.
	// +optional
	Status IntegrationStatus `json:"status,omitempty,omitzero"`
}

// ProviderType names an adapter.
//
// +kubebuilder:validation:Enum=HTTP;Builtin;HubSpot;IPinfo;Listmonk;MaxMind;Salesforce;EspoCRM;Reacher;ZeroBounce;Kickbox;Mailchimp;Brevo
type ProviderType string

const (
	// ProviderHTTP is any JSON service, described in spec.http.
	ProviderHTTP ProviderType = "HTTP"
	// ProviderBuiltin checks addresses and finds countries with nothing but DNS and files, as spec.builtin says.
	ProviderBuiltin ProviderType = "Builtin"
	// ProviderHubSpot is the CRM HubSpot, as spec.hubspot says.
	ProviderHubSpot ProviderType = "HubSpot"
	// ProviderListmonk is the newsletter system listmonk, as spec.listmonk says.
	ProviderListmonk ProviderType = "Listmonk"
	// ProviderSalesforce is the CRM Salesforce, as spec.salesforce says.
	ProviderSalesforce ProviderType = "Salesforce"
	// ProviderEspoCRM is the CRM EspoCRM, as spec.espocrm says.
	ProviderEspoCRM ProviderType = "EspoCRM"
	// ProviderMaxMind finds countries with MaxMind's databases or web service, as spec.maxmind says.
	ProviderMaxMind ProviderType = "MaxMind"
	// ProviderIPinfo finds countries with ipinfo's web services, as spec.ipinfo says.
	ProviderIPinfo ProviderType = "IPinfo"
	// ProviderReacher verifies addresses by a Reacher server of one's own, as spec.reacher says.
	ProviderReacher ProviderType = "Reacher"
	// ProviderZeroBounce verifies addresses by ZeroBounce, as spec.zerobounce says.
	ProviderZeroBounce ProviderType = "ZeroBounce"
	// ProviderKickbox verifies addresses by Kickbox, as spec.kickbox says.
	ProviderKickbox ProviderType = "Kickbox"
	// ProviderMailchimp is the newsletter system Mailchimp, as spec.mailchimp says.
	ProviderMailchimp ProviderType = "Mailchimp"
	// ProviderBrevo is the newsletter system Brevo, as spec.brevo says.
	ProviderBrevo ProviderType = "Brevo"
)

// IntegrationSpec says how a system is reached.
//
// +kubebuilder:validation:XValidation:rule="self.provider == 'HTTP' ? has(self.http) : !has(self.http)",message="provider HTTP is configured in spec.http, and nothing else is"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Builtin' ? has(self.builtin) : !has(self.builtin)",message="provider Builtin is configured in spec.builtin, and nothing else is"
// +kubebuilder:validation:XValidation:rule="self.provider == 'HubSpot' ? has(self.hubspot) : !has(self.hubspot)",message="provider HubSpot is configured in spec.hubspot, and nothing else is"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Listmonk' ? has(self.listmonk) : !has(self.listmonk)",message="provider Listmonk is configured in spec.listmonk, and nothing else is"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Salesforce' ? has(self.salesforce) : !has(self.salesforce)",message="provider Salesforce is configured in spec.salesforce, and nothing else is"
// +kubebuilder:validation:XValidation:rule="self.provider == 'EspoCRM' ? has(self.espocrm) : !has(self.espocrm)",message="provider EspoCRM is configured in spec.espocrm, and nothing else is"
// +kubebuilder:validation:XValidation:rule="self.provider == 'MaxMind' ? has(self.maxmind) : !has(self.maxmind)",message="provider MaxMind is configured in spec.maxmind, and nothing else is"
// +kubebuilder:validation:XValidation:rule="self.provider == 'IPinfo' ? has(self.ipinfo) : !has(self.ipinfo)",message="provider IPinfo is configured in spec.ipinfo, and nothing else is"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Reacher' ? has(self.reacher) : !has(self.reacher)",message="provider Reacher is configured in spec.reacher, and nothing else is"
// +kubebuilder:validation:XValidation:rule="self.provider == 'ZeroBounce' ? has(self.zerobounce) : !has(self.zerobounce)",message="provider ZeroBounce is configured in spec.zerobounce, and nothing else is"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Kickbox' ? has(self.kickbox) : !has(self.kickbox)",message="provider Kickbox is configured in spec.kickbox, and nothing else is"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Mailchimp' ? has(self.mailchimp) : !has(self.mailchimp)",message="provider Mailchimp is configured in spec.mailchimp, and nothing else is"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Brevo' ? has(self.brevo) : !has(self.brevo)",message="provider Brevo is configured in spec.brevo, and nothing else is"
type IntegrationSpec struct {
	// provider is the adapter that speaks to the system.
	// +required
	Provider ProviderType `json:"provider,omitempty"`

	// suspend parks every submission that needs this system. Nothing is lost: they go on when it is unset.
	// +optional
	Suspend *bool `json:"suspend,omitempty"` //nolint:kubeapilinter // the same word and type as in Jobs, CronJobs and Flux.

	// timeoutSeconds is the deadline of one call.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=60
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty"`

	// limits bound what this system is asked to do at a time. All pipelines that use the Integration share them.
	// +optional
	// +kubebuilder:default={}
	Limits LinkLimits `json:"limits,omitempty,omitzero"`

	// circuit says when a failing system is left alone, and when it is tried again.
	// +optional
	// +kubebuilder:default={}
	Circuit CircuitPolicy `json:"circuit,omitempty,omitzero"`

	// batch says how records travel together, where the system takes several in one call.
	// +optional
	// +kubebuilder:default={}
	Batch BatchPolicy `json:"batch,omitempty,omitzero"`

	// suppressions say how often the system is asked who has left.
	// +optional
	// +kubebuilder:default={}
	Suppressions SuppressionPolicy `json:"suppressions,omitempty,omitzero"`

	// http describes any JSON service.
	// +optional
	HTTP *HTTPProvider `json:"http,omitempty"`

	// builtin checks addresses and finds countries without any service.
	// +optional
	Builtin *BuiltinProvider `json:"builtin,omitempty"`

	// hubspot keeps people as contacts of a HubSpot account.
	// +optional
	HubSpot *HubSpotProvider `json:"hubspot,omitempty"`

	// listmonk keeps people as subscribers in listmonk.
	// +optional
	Listmonk *ListmonkProvider `json:"listmonk,omitempty"`

	// salesforce keeps people as contacts or leads of a Salesforce org.
	// +optional
	Salesforce *SalesforceProvider `json:"salesforce,omitempty"`

	// espocrm keeps people as contacts or leads in EspoCRM.
	// +optional
	EspoCRM *EspoCRMProvider `json:"espocrm,omitempty"`

	// maxmind finds countries with MaxMind's databases or web service.
	// +optional
	MaxMind *MaxMindProvider `json:"maxmind,omitempty"`

	// ipinfo finds countries with ipinfo's web services.
	// +optional
	IPinfo *IPinfoProvider `json:"ipinfo,omitempty"`

	// reacher verifies addresses by a Reacher server of one's own.
	// +optional
	Reacher *ReacherProvider `json:"reacher,omitempty"`

	// zerobounce verifies addresses by ZeroBounce.
	// +optional
	ZeroBounce *ZeroBounceProvider `json:"zerobounce,omitempty"`

	// kickbox verifies addresses by Kickbox.
	// +optional
	Kickbox *KickboxProvider `json:"kickbox,omitempty"`

	// mailchimp keeps people as members of an audience at Mailchimp.
	// +optional
	Mailchimp *MailchimpProvider `json:"mailchimp,omitempty"`

	// brevo keeps people as contacts of a Brevo account.
	// +optional
	Brevo *BrevoProvider `json:"brevo,omitempty"`
}

// LinkLimits bound what a system is asked to do at a time.
type LinkLimits struct {
	// concurrentCalls is how many calls may be in flight at once. While the system recovers there are fewer.
	// +optional
	// +kubebuilder:default=16
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	ConcurrentCalls *int32 `json:"concurrentCalls,omitempty"`

	// rate is how many calls the system takes in a time. Left out: no limit.
	// +optional
	Rate *CallRate `json:"rate,omitempty"`
}

// CallRate is a number of calls in a time. No period of that length, wherever it begins, sees more calls.
type CallRate struct {
	// calls in a period.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Calls int32 `json:"calls,omitempty"`

	// periodSeconds is the length of a period.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	PeriodSeconds *int32 `json:"periodSeconds,omitempty"`
}

// CircuitPolicy says when the circuit to a failing system opens, so that it gets no calls, and when it is tried again.
// Only failures that pass by themselves count: not what concerns one record.
type CircuitPolicy struct {
	// failurePercent is the share of failed calls that opens the circuit.
	// +optional
	// +kubebuilder:default=50
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	FailurePercent *int32 `json:"failurePercent,omitempty"`

	// minimumCalls must have been made within the window before their share of failures counts. As many failures in a row
	// open the circuit, too.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	MinimumCalls *int32 `json:"minimumCalls,omitempty"`

	// windowSeconds is the time over which failures are counted.
	// +optional
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	WindowSeconds *int32 `json:"windowSeconds,omitempty"`

	// openSeconds is how long an open circuit waits for its first probe. Each probe that fails doubles the time.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	OpenSeconds *int32 `json:"openSeconds,omitempty"`

	// maxOpenSeconds is the longest time between two probes.
	// +optional
	// +kubebuilder:default=60
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	MaxOpenSeconds *int32 `json:"maxOpenSeconds,omitempty"`

	// probeSuccesses is how many probes in a row, one at a time, must succeed before the circuit closes.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	ProbeSuccesses *int32 `json:"probeSuccesses,omitempty"`
}

// BatchPolicy says how records travel together.
type BatchPolicy struct {
	// maxRecords is the most records that one call carries; 1 sends each by itself. Left out, or larger than what the
	// provider takes: as many as the provider takes.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	MaxRecords *int32 `json:"maxRecords,omitempty"`

	// lingerMilliseconds is how long the first record of a batch waits for others.
	// +optional
	// +kubebuilder:default=50
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=5000
	LingerMilliseconds *int32 `json:"lingerMilliseconds,omitempty"`
}

// HTTPProvider describes a JSON service by the calls it offers: verify serves the stage Validated, locate Located,
// upsert CRMSynced and MarketingSynced, and erase removes a person.
//
// Expressions are in CEL. verify and locate see the variable submission (email, name, company, phone, country, remoteIP,
// userAgent, page, channel, attributes); upsert sees contact (email, name, company, phone, country, location, channels,
// attributes, consent); results see response (status, headers, body); a batch sees records, a list of key and body.
//
// +kubebuilder:validation:XValidation:rule="has(self.verify) || has(self.locate) || has(self.upsert)",message="give at least one of verify, locate and upsert"
type HTTPProvider struct {
	// headers are sent with every call.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Headers []HTTPHeader `json:"headers,omitempty"`

	// verify checks an e-mail address. Its result is a string: Deliverable, Undeliverable, Disposable, Role, AcceptAll or
	// Unknown.
	// +optional
	Verify *HTTPCall `json:"verify,omitempty"`

	// locate finds a country. Its result is a string: an ISO 3166-1 alpha-2 code, or "" when there is none.
	// +optional
	Locate *HTTPCall `json:"locate,omitempty"`

	// upsert creates or updates a person, found by key. Its result is a string, the system's own id of the person, or ""
	// when it gives none.
	// +optional
	Upsert *HTTPUpsert `json:"upsert,omitempty"`

	// erase removes a person, found by key. An answer of 404 means that the person is gone.
	// +optional
	Erase *HTTPErase `json:"erase,omitempty"`

	// health asks whether the service works. It should be cheap, and must change nothing. It is called while the link gets
	// no other calls.
	// +optional
	Health *HTTPHealth `json:"health,omitempty"`
}

// HTTPHeader is a header whose value is given here or in a Secret.
//
// +kubebuilder:validation:ExactlyOneOf=value;secretKeyRef
type HTTPHeader struct {
	// name of the header.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9!#$%&'*+.^_|~-]+$`
	Name string `json:"name,omitempty"`

	// value of the header. Credentials belong in a Secret instead.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Value string `json:"value,omitempty"`

	// secretKeyRef names the Secret that holds the value.
	// +optional
	SecretKeyRef *SecretKeyReference `json:"secretKeyRef,omitempty"`

	// prefix is put before the value, for example "Bearer " (with the blank).
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Prefix string `json:"prefix,omitempty"`
}

// HTTPMethod is a request method.
//
// +kubebuilder:validation:Enum=GET;POST;PUT;PATCH;DELETE
type HTTPMethod string

// Expression is a CEL expression.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=4096
type Expression string

// HTTPCall describes a call that asks.
type HTTPCall struct {
	// method of the request.
	// +optional
	// +kubebuilder:default=POST
	Method HTTPMethod `json:"method,omitempty"`

	// url of the request, http or https. {key} in its path or query is replaced by the escaped key: the address.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s]+$`
	URL string `json:"url,omitempty"`

	// body is an expression whose value is sent as JSON. Left out, no body is sent.
	// +optional
	Body Expression `json:"body,omitempty"`

	// result is an expression over the answer. It is evaluated for answers whose class is Success.
	// +required
	Result Expression `json:"result,omitempty"`

	// responses say what a status code means, where it differs from the rule: 2xx Success, 401 and 403 Auth, 400, 413 and
	// 422 Invalid, 409 Conflict, 408, 425 and 5xx Transient, 429 Throttled, every other one Config.
	// +optional
	// +listType=map
	// +listMapKey=status
	// +kubebuilder:validation:MaxItems=32
	Responses []HTTPResponseClass `json:"responses,omitempty"`
}

// HTTPUpsert describes a call that writes.
type HTTPUpsert struct {
	// method of the request.
	// +optional
	// +kubebuilder:default=PUT
	Method HTTPMethod `json:"method,omitempty"`

	// url of the request, http or https. {key} in its path or query is replaced by the escaped key.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s]+$`
	URL string `json:"url,omitempty"`

	// key is an expression that gives what the system knows the person by. Repeating a write with the same key must not
	// make a second record. Defaults to contact.email.
	// +optional
	Key Expression `json:"key,omitempty"`

	// body is an expression whose value is sent as JSON: what the system should hold. Leave blank fields out with
	// {?"name": optional.ofNonZeroValue(contact.name)}.
	// +required
	Body Expression `json:"body,omitempty"`

	// result is an expression over the answer: the system's own id of the person. Left out: none.
	// +optional
	Result Expression `json:"result,omitempty"`

	// suppressed is an expression over the answer: true when the system keeps the person unsubscribed. Left out: never.
	// +optional
	Suppressed Expression `json:"suppressed,omitempty"`

	// responses say what a status code means, where it differs from the rule. See verify.
	// +optional
	// +listType=map
	// +listMapKey=status
	// +kubebuilder:validation:MaxItems=32
	Responses []HTTPResponseClass `json:"responses,omitempty"`

	// batch is a call that writes several records at once. It changes how records travel, not what the system holds: what
	// is rendered for each is said above.
	// +optional
	Batch *HTTPBatch `json:"batch,omitempty"`
}

// HTTPBatch describes a call that writes several records. Each must be as repeatable as by itself.
type HTTPBatch struct {
	// method of the request.
	// +optional
	// +kubebuilder:default=POST
	Method HTTPMethod `json:"method,omitempty"`

	// url of the request, http or https. It has no {key}.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s]+$`
	URL string `json:"url,omitempty"`

	// maxRecords is the most records that the system takes in one call.
	// +required
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=1000
	MaxRecords int32 `json:"maxRecords,omitempty"`

	// body is an expression over records whose value is sent as JSON. records is a list; each item has key, and body, the
	// value of the body above for this record: {"records": records.map(r, r.body)}.
	// +required
	Body Expression `json:"body,omitempty"`

	// result is an expression over response and records that says what became of each record. Its value is a list of one
	// map for each record, in their order: status, as of a call by itself, and, where the system tells them, id and
	// suppressed. Where the system leaves records out or changes their order, find them by key.
	// +required
	Result Expression `json:"result,omitempty"`

	// responses say what a status code means, that of the call and that of each record alike, where it differs from the
	// rule. See verify. A call that is refused as Invalid, Conflict or Config is split until the records at fault are found.
	// +optional
	// +listType=map
	// +listMapKey=status
	// +kubebuilder:validation:MaxItems=32
	Responses []HTTPResponseClass `json:"responses,omitempty"`
}

// HTTPHealth describes a call that asks whether the service works. The status of its answer tells.
type HTTPHealth struct {
	// method of the request.
	// +optional
	// +kubebuilder:default=GET
	Method HTTPMethod `json:"method,omitempty"`

	// url of the request, http or https. It has no {key}.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s]+$`
	URL string `json:"url,omitempty"`

	// responses say what a status code means, where it differs from the rule. See verify.
	// +optional
	// +listType=map
	// +listMapKey=status
	// +kubebuilder:validation:MaxItems=32
	Responses []HTTPResponseClass `json:"responses,omitempty"`
}

// HTTPErase describes a call that removes.
type HTTPErase struct {
	// method of the request.
	// +optional
	// +kubebuilder:default=DELETE
	Method HTTPMethod `json:"method,omitempty"`

	// url of the request, http or https. {key} in its path or query is replaced by the escaped key that upsert uses.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s]+$`
	URL string `json:"url,omitempty"`

	// kept says what the service keeps of an erased person all the same, for example "backups, for 30 days". It is copied into
	// the receipt of each erasure.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Kept string `json:"kept,omitempty"`

	// responses say what a status code means, where it differs from the rule. See verify.
	// +optional
	// +listType=map
	// +listMapKey=status
	// +kubebuilder:validation:MaxItems=32
	Responses []HTTPResponseClass `json:"responses,omitempty"`
}

// ResponseClass is an error class, or Success.
//
// +kubebuilder:validation:Enum=Success;Transient;Throttled;Auth;Config;Invalid;Conflict
type ResponseClass string

// HTTPResponseClass says what one status code means.
type HTTPResponseClass struct {
	// status code of the answer.
	// +required
	// +kubebuilder:validation:Minimum=200
	// +kubebuilder:validation:Maximum=599
	Status int32 `json:"status,omitempty"`

	// class of the answer.
	// +required
	Class ResponseClass `json:"class,omitempty"`
}

// CircuitState is the state of a link's circuit breaker.
//
// +kubebuilder:validation:Enum=Closed;Open;HalfOpen
type CircuitState string

const (
	// CircuitClosed: calls are made.
	CircuitClosed CircuitState = "Closed"
	// CircuitOpen: the system fails, or refuses us, and gets no calls but a probe now and then.
	CircuitOpen CircuitState = "Open"
	// CircuitHalfOpen: the first probes have succeeded, or one is under way.
	CircuitHalfOpen CircuitState = "HalfOpen"
)

// IntegrationStatus is the health of a link. It is written at most every ten seconds. Figures are rounded to two digits, so
// that they don't flap.
type IntegrationStatus struct {
	// conditions hold Ready: True when the Integration is complete and its system answers. Where a provider answers from a file,
	// DataCurrent: False when that is old, or a newer one can't be used.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation that the conditions speak of.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// circuit is the state of the link's circuit breaker.
	// +optional
	Circuit CircuitState `json:"circuit,omitempty"`

	// waiting is how many submissions wait for this link.
	// +optional
	Waiting *int32 `json:"waiting,omitempty"`

	// oldestWaitingSince is when the oldest of them was received.
	// +optional
	OldestWaitingSince *metav1.Time `json:"oldestWaitingSince,omitempty"`

	// recentCalls is how many calls were made in the last five minutes, probes included.
	// +optional
	RecentCalls *int32 `json:"recentCalls,omitempty"`

	// recentFailures is how many of them failed, but for those that concern one record.
	// +optional
	RecentFailures *int32 `json:"recentFailures,omitempty"`

	// p95LatencyMilliseconds is the time within which 95 of 100 of them were answered.
	// +optional
	P95LatencyMilliseconds *int32 `json:"p95LatencyMilliseconds,omitempty"`

	// nextProbeTime is when a system that gets no calls is tried again.
	// +optional
	NextProbeTime *metav1.Time `json:"nextProbeTime,omitempty"`

	// drainSeconds estimates how long the waiting ones will take at the present pace. Absent while nothing gets through.
	// +optional
	DrainSeconds *int32 `json:"drainSeconds,omitempty"`

	// suppressions say how far the sweeps for those who have left have come. Absent: there were none.
	// +optional
	Suppressions *SuppressionStatus `json:"suppressions,omitempty"`
}

// IntegrationList is a list of Integrations.
//
// +kubebuilder:object:root=true
type IntegrationList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the list.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []Integration `json:"items"`
}
