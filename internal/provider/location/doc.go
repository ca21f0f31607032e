// Package location is what the providers that find countries share: who is believed first, how people write countries and phone
// numbers, which IP addresses are worth a question, and how a database file is read and kept new.
//
// # Who is believed
//
// What the person declared comes before the phone number, and that before the IP address. Others that disagree are named. None of
// the three is proof: a number may belong to somebody who moved, and an address to a traveller or a company's gateway. An address that
// is known to stand for people elsewhere (a proxy, a VPN, a satellite, an anycast network) tells nothing.
//
// # Choices
//
// Country names come from golang.org/x/text/language/display: CLDR's names in all its 200 languages. Data of countries with
// English names only would know a part of what people type.
//
// An mmdb file is read into memory, not mapped: a mapped file that somebody overwrites in place takes the process down. All of a new
// file is looked at before it takes the place of the old one. It is read with maxminddb, not with geoip2: that one knows a fixed list of
// types of database, and reads names and cities that nobody here needs.
package location
