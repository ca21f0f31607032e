// Package builtin is the provider Builtin: it checks e-mail addresses and finds countries with nothing but DNS and files, for
// whoever has a cluster and no vendor.
//
// # Verify
//
// Four looks, the first that objects decides: the syntax (Undeliverable), the lists of throw-away domains (Disposable),
// whether the domain takes mail (Undeliverable), and whether the local part names a function (Role). Whatever passes is
// Deliverable. That is a statement about the domain: no mail server is spoken to, so a mailbox that does not exist in a
// domain that takes mail is Deliverable, and AcceptAll is never given.
//
// DNS servers that answer that they can't tell (SERVFAIL) lead to Unknown: it is the domain that fails, not the link, and
// nobody else's address has to wait for it. When none of them answers at all, that is an error of class Transient. DNS that
// does not know the Internet is one of class Config: cut off, it calls every domain unknown, and everybody would be rejected.
//
// Things that are deliberately not judged by the syntax: reserved top-level domains such as .test, and domains that are
// themselves public suffixes. Somebody runs the first in a network of their own, and some of the second take mail: DNS
// tells. A public suffix has to have an MX record, however: the address that github.io has is a web server's. Only what the standards keep out of DNS for good (.invalid, .localhost, .onion, .alt) is answered without asking.
//
// # Locate
//
// As package location does it, with a database file for IP addresses.
//
// # Choices
//
// DNS is spoken with golang.org/x/net/dns/dnsmessage, the codec of Go's own resolver. net.Resolver itself takes its servers
// and its patience from the machine, answers from /etc/hosts, and gives the same error for a domain that does not exist
// and one without the record asked for. The usual DNS library has moved to another major version and host, and the module
// that everybody knows will be archived.
package builtin
