// Package intake is the public HTTP front: it takes what people send, from forms and from programs, and turns each into
// a ContactSubmission. It answers "thank you" only after the API server has committed the object, or the spool has synced it.
//
// The way of a submission, one file each: handler.go (addresses), origin.go (who may send), decode_json.go, decode_form.go
// and decode_multipart.go (the body into a Submission), clean.go and limits.go (what its values may be), submit.go (taken or
// sent back), ratelimit.go (how much is taken), name.go (the object's name, fixed at acceptance), build.go (the object),
// commit.go (writing it), answer.go (what the program reads).
//
// What the visitor sees: form.go and fields.go (the form), language.go and phrases_de.go (in which words), look.go and
// palette.go (in which colours), pages/ (the templates). People who are known: known.go, token.go, token_keys.go,
// contacts.go.
//
// Two rules decide every doubtful case. Never lose data: what a person typed is kept as it was typed; an address that
// merely looks wrong is accepted, because judging it is the first stage's work. Never confuse the visitor: a page that
// can't go on shows what was typed, with one sentence that says what to do; sending it again is harmless.
//
// Form tools: sources.go (their posts), source/ (how each proves who posts, and how it spells the answers), source_fields.go
// (which answer is what), secrets.go (what they sign with). Captchas: captcha.go and captcha/.
//
// The spool (spool/, a durable queue on disk) stands behind the same interface as the API server, Committer: hedge.go (which of
// them keeps a submission), drain.go (handing entries over), judge.go (what an answer means for an entry), pressure.go and
// etcd_size.go (when to hold back), remembered.go (the forms while the API server is away), front.go (all of it together).
package intake
