// Package mailchimp is the provider Mailchimp: people as members of an audience, by the Marketing API 3.0.
//
// # Writing
//
// A member is written with PUT under the MD5 of the lower-cased address, with status_if_new and never with status: status
// would put those back who have left. The answer's status tells how the person stands: unsubscribed, cleaned (bounced) and
// archived are suppressed. Tags are no part of a PUT: those that the answer lacks are added by a call of their own, and none
// is ever taken away. Somebody who is there as transactional, a customer who was never asked, is subscribed as a new one is.
//
// # Batches
//
// Mailchimp's batch takes no status_if_new, and with update_existing it changes the status of those who are there. So it is
// used for people of whom nothing is known yet, with update_existing off; whom it names as there, or refuses, is written with
// a PUT, whose errors are exact. What a batch does to archived members is not documented: it may bring them back, and nobody
// can tell whether they had left before. So there are batches with double opt-in alone, where the person has to confirm. A
// PUT leaves archived members archived; with double opt-in one that is written for the first time is then asked to confirm, too.
//
// A PUT costs a call, and a batch may have many to make. Those that there is no time for are given back, and come again.
//
// # Those who have left
//
// No call ever sets the status of a member that exists, but that a consent which was withdrawn makes it unsubscribed, and that
// those are asked who never left: transactional ones, and archived ones as said above.
//
// # Fields
//
// Mailchimp drops merge fields that it does not have without a word. So the audience's fields are read before the first
// write: one that is missing is a failure of class Config that names it.
//
// # Limits
//
// Ten connections at a time for the whole account, and no other: no call here is ever made beside nine others.
package mailchimp
