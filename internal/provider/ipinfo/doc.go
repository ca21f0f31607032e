// Package ipinfo is the provider IPinfo: countries of IP addresses from ipinfo's web services. What the person declared and the phone
// number come first, as package location has it.
//
// There are three services that differ in their paths and answers: Lite, which is free; Lookup, the one of the plans Core and Plus; and
// Legacy, the one at ipinfo.io. The field "country" is a name in the first two and a code in the third, so that whoever takes one for the
// other finds no country, or a wrong one.
package ipinfo
