package controllers

import (
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// changedByOthers lets through what people and the intake do, and not the operator's own writes of status. An object that
// was deleted and made again under its name, both while nobody looked, arrives as a change, too.
func changedByOthers() predicate.Predicate {
	madeAgain := predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld.GetUID() != e.ObjectNew.GetUID()
	}}
	return predicate.Or(madeAgain, predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})
}
