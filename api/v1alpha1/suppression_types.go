package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SuppressionPolicy says how often a system is asked whom it keeps from getting marketing mail: those who have left, whose mail
// bounced, or who complained. Systems that can't tell are not asked.
type SuppressionPolicy struct {
	// sweepSeconds is the time between two sweeps; 0: none is made.
	// +optional
	// +kubebuilder:default=3600
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	SweepSeconds *int32 `json:"sweepSeconds,omitempty"`
}

// SuppressionStatus says how far the sweeps have come, so that a restart loses nothing.
type SuppressionStatus struct {
	// knownUntil is the time of which it is known who had left by then. Absent: no sweep has ended yet.
	// +optional
	KnownUntil *metav1.Time `json:"knownUntil,omitempty"`

	// startedAt is when the sweep that is under way began. Absent: none is.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`

	// cursor is the place that it has come to.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Cursor string `json:"cursor,omitempty"`

	// generation of the Integration that this holds for. After a change everybody is asked for again.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Generation int64 `json:"generation,omitempty"`

	// failure says why the system does not tell. Absent: it does.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Failure string `json:"failure,omitempty"`
}
