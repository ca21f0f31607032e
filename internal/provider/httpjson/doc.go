// Package httpjson is the provider HTTP: any JSON service, described in an Integration without code.
//
// Each call has a method, a URL, a body and a result. Body, key and results are CEL expressions, compiled and
// type-checked when the Integration is first seen: a misspelt field is an error with its position, not a surprise at night.
// Package expression has the language, and says what values become in JSON.
//
// # What expressions see
//
//   - verify and locate: submission, as provider.Submission names its fields.
//   - upsert: contact, as provider.Contact does.
//   - a batch's body and result: records, a list of key and body, the body being what the upsert's body gave for the record.
//   - results: response, with status (int), headers (a map, names in lower case, several values joined by ", ") and body:
//     the JSON of the answer, null where it is empty. A whole number in it is an int, any other a double. An answer that is
//     not JSON fails a result that reads response.body, and only that.
//
// # What a failure means
//
// A status has the class that httpx.Classify gives it, unless responses says otherwise. A body that can't be evaluated is
// Invalid: it depends on the record. So is an unusable key. A result that does not fit the answer, or gives a value that it
// must not give, is Transient: the service answered something else than it does on a good day. Where the answer to an upsert
// is empty (204, for example), a result that finds nothing to read means that there is no id.
//
// # Recipes
//
// A service that answers 409 with the existing id: class Success for 409, and a result that reads it from that answer.
// A service that answers 200 or 207 with a failure inside: a result that reads what only a success has, so that it fails; or
// class Invalid for 207. A service that answers 404 for an unknown address: class Success for 404 and a result of
// response.status == 404 ? "Unknown" : response.body.verdict. A verdict spelt otherwise: a map, as in
// {"safe": "Deliverable", "invalid": "Undeliverable"}[?response.body.state].orValue("Unknown").
package httpjson
