// Package zerobounce is the provider ZeroBounce: e-mail verification by the service of that name, version 2 of its API.
//
// # The verdict
//
// status says what ZeroBounce thinks, sub_status why; both may have values that are new. What passes by itself, a full mailbox
// among it, is Unknown whatever the status, so that nobody is rejected for a mail server that was busy.
//
// # The key
//
// ZeroBounce takes the API key in the URL and nowhere else, but for its batch call, whose five to twenty calls a minute are far too few.
// The URL is kept out of everything: httpx takes it out of errors, causes included, follows no redirect, and logs nothing.
//
// # Failures that look like success
//
// A wrong key and an account without credits are the same answer, with status 200. The number of credits tells the two apart. ZeroBounce
// locks out for an hour, or a day, whoever goes on with a wrong key or wrong requests; so both are classes that stop the link at the
// first answer.
package zerobounce
