// Package salesforce is the provider Salesforce: people as contacts or leads of an org, by its REST API.
//
// # Signing in
//
// By client credentials, or by a JWT that is signed with a private key. Salesforce does not say how long a session lasts, so it is used
// until it is refused (401); then one call signs in again and the others wait for it. A session that is refused as soon as it was given is
// of class Auth. Calls go to the instance_url that the sign-in gives. An assertion that is refused while the two clocks differ is dated
// by Salesforce's clock, once.
//
// # Writing
//
// Every write is an upsert by a custom field, an External ID that is Unique, which holds the address: a single one by PATCH of the record,
// several as a collection. A collection is answered with 200 whatever became of its records, so each answer is looked at. The key is in
// the body nowhere but in a collection, where it has to be.
//
// A new record needs a last name, and a lead a company. Where a person gave none, the first call leaves it out, since the record may be there
// with a name that somebody has put right; if Salesforce misses it, the record is new, and a second call brings a placeholder.
//
// # Fields
//
// The object's description is read before the first write, and again after Salesforce has refused a field. What the mapping names has to
// be there, and editable for the user; what Salesforce requires has to be filled. It also says what type a field has: numbers, dates and
// so on are written as such, since Salesforce refuses a whole call for one value of another type.
//
// # Errors
//
// Salesforce's codes are classified one by one. UNABLE_TO_LOCK_ROW passes although it is a 400, REQUEST_LIMIT_EXCEEDED is the quota although it
// is a 403. A code that is not known is tried again.
package salesforce
