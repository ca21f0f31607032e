// Package mapping fills the fields of a system from a Contact: from one of its own fields, from an attribute, with a fixed
// value, or by an expression. Every adapter that maps fields does so with this package.
//
// What is blank is left out, so that it overwrites nothing: an empty text, an empty list, null, an attribute that a person
// does not have.
//
// Whether a system has the fields that a mapping fills is found out by a Check, before the first write.
package mapping
