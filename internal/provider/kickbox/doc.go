// Package kickbox is the provider Kickbox: e-mail verification by the service of that name, version 2 of its API.
//
// result says what Kickbox thinks, and flags (role, disposable, accept_all) what kind of address it is. An address that does not exist
// is Undeliverable whatever its flags; a flag counts also where Kickbox could not reach the mail server. What is risky or unknown
// without a flag is Unknown.
//
// The key goes into a header. A sandbox key calls nearly every address deliverable, so it is refused unless the Integration says
// that it is meant.
//
// An answer may be a failure with status 200: success tells.
package kickbox
