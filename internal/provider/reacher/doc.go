// Package reacher is the provider Reacher: e-mail verification by a Reacher server of one's own (check-if-email-exists, from
// version 0.11), which speaks to the mail server of an address.
//
// # What Reacher says, and what is made of it
//
// Reacher sums its checks up in one word, is_reachable, which hides things: an address of a function is risky, also where the mail
// server has said that it does not exist. So the checks themselves are read, and the first of these that holds decides:
//
//   - Not well-formed: Undeliverable. Reacher's check of the syntax refuses throw-away domains, too, and does not say which it was;
//     those on our own short list are Disposable.
//   - No MX record: Undeliverable.
//   - The mailbox is disabled, or the mail server refuses it: Undeliverable.
//   - On Reacher's list of throw-away domains: Disposable. The name of a function: Role.
//   - A full mailbox: Unknown, since that passes.
//   - A domain that takes every address: AcceptAll.
//   - "safe": Deliverable. Everything else: Unknown.
//
// Where the mail server was not reached, nothing is said of the address: Unknown, with the reason as evidence. When mail servers
// refuse Reacher's own IP address several times in a row, that is Reacher's fault, and a failure of class Config.
//
// # The wire
//
// POST /v1/check_email with the address alone: Reacher ignores from_email, hello_name and the like unless a proxy is named with
// them, so they belong in its own configuration. It refuses a wrong secret with 400 and a text, and says how long to wait after a 429 in
// a text alone. A sub-check that failed has an object in its place: {"error":{"type","message"},"description"}; message is a text or an
// object.
package reacher
