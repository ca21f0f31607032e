package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ErasureReceipt says that a person was erased: what was erased where and when, and what could not be. It holds nothing
// personal. Its name is that of the Contact, a hash of the address. As long as it is kept, it also drops submissions that
// were received before the erasure and arrive late.
//
// The operator writes it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=erasurereceipts,shortName=receipt,categories=contacts
// +kubebuilder:printcolumn:name="Erased",type=date,JSONPath=`.spec.erasedAt`
// +kubebuilder:printcolumn:name="Submissions",type=integer,JSONPath=`.spec.submissions`
// +kubebuilder:printcolumn:name="Outcome",type=string,JSONPath=`.spec.outcome`
// +kubebuilder:printcolumn:name="Expires",type=string,JSONPath=`.spec.expiresAt`
type ErasureReceipt struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the receipt.
	// +required
	Spec ErasureReceiptSpec `json:"spec,omitzero"`
}

// ErasureOutcome says how much of a person was erased.
//
// +kubebuilder:validation:Enum=Erased;Partial
type ErasureOutcome string

const (
	// ErasureComplete: everywhere.
	ErasureComplete ErasureOutcome = "Erased"
	// ErasurePartial: some system could not be asked, or can't erase; the receipt says which.
	ErasurePartial ErasureOutcome = "Partial"
)

// ErasureReceiptSpec is what was erased.
type ErasureReceiptSpec struct {
	// erasedAt is when the erasure was complete here. What was received before is dropped when it arrives late.
	// +required
	ErasedAt metav1.MicroTime `json:"erasedAt,omitzero"`

	// contactUID is the UID of the Contact that was deleted.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ContactUID string `json:"contactUID,omitempty"`

	// expiresAt is when this receipt is deleted.
	// +required
	ExpiresAt metav1.Time `json:"expiresAt,omitzero"`

	// outcome is Erased when every system that held the person confirmed it, else Partial.
	// +required
	Outcome ErasureOutcome `json:"outcome,omitempty"`

	// submissions counts the ContactSubmissions that were deleted.
	// +optional
	Submissions *int32 `json:"submissions,omitempty"`

	// systems that held the person.
	// +optional
	// +listType=map
	// +listMapKey=stage
	// +listMapKey=integration
	// +kubebuilder:validation:MaxItems=16
	Systems []SystemErasure `json:"systems,omitempty"`
}

// SystemErasureResult says what became of a person in one system.
//
// +kubebuilder:validation:Enum=Erased;NotSupported;Skipped;Gone
type SystemErasureResult string

const (
	// SystemErased: the system confirmed it.
	SystemErased SystemErasureResult = "Erased"
	// SystemNotSupported: the Integration has no erase call; a person has to erase there by hand.
	SystemNotSupported SystemErasureResult = "NotSupported"
	// SystemSkipped: given up on request, with the annotation contact-operator.io/skip-erasure.
	SystemSkipped SystemErasureResult = "Skipped"
	// SystemGone: the Integration no longer exists.
	SystemGone SystemErasureResult = "Gone"
)

// SystemErasure says what became of a person in one system.
type SystemErasure struct {
	// stage that the system served.
	// +required
	Stage Stage `json:"stage,omitempty"`

	// integration of the system.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Integration string `json:"integration,omitempty"`

	ErasureResult `json:",inline"`
}

// ErasureResult says what came of asking one system to erase a person.
type ErasureResult struct {
	// result there.
	// +required
	Result SystemErasureResult `json:"result,omitempty"`

	// kept says what the system keeps of the person all the same, in the words of its provider. Absent: nothing is known of.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Kept string `json:"kept,omitempty"`

	// time of the result.
	// +required
	Time metav1.Time `json:"time,omitzero"`
}

// ErasureReceiptList is a list of ErasureReceipts.
//
// +kubebuilder:object:root=true
type ErasureReceiptList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the list.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []ErasureReceipt `json:"items"`
}
