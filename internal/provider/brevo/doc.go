// Package brevo is the provider Brevo: people as contacts on lists of a Brevo account, by its API v3.
//
// # Writing
//
// Brevo's upsert (updateEnabled) would put somebody back on a list that they have left. So a new person is created without it;
// one who is there (400 with the address among the duplicate identifiers), or whose id is known, is read first, and changed by
// PUT: attributes, and those lists that the person is neither on nor has left. Each step can be repeated.
//
// The phone number is an identifier, too: where another contact has it, the record is written without the attribute SMS.
//
// There is no batch: Brevo's import answers before it has looked, and tells of no record what became of it; its batch update knows
// no lists and nobody new.
//
// # Those who have left
//
// A contact that is blocklisted, or has left all of the lists, is suppressed: nothing is written. Who has left one of the
// lists is put on none. A consent that was withdrawn blocklists the contact; nothing here ever lifts that.
//
// # Attributes
//
// Brevo drops attributes that the account does not have, and values of the wrong type, without a word. So the attributes, with
// their types, and the lists are read before the first write: what is missing is a failure of class Config that names it, and a
// value that does not fit its type is refused here.
//
// # Limits
//
// The account has so many calls a second and an hour, shared by all programs that use it. Every answer tells how many are left: at none,
// no call is made until they are counted anew.
package brevo
