// Package maxmind is the provider MaxMind: countries of IP addresses from a GeoIP2 or GeoLite2 file, or from MaxMind's web service. What
// the person declared and the phone number come first, as package location has it.
//
// # The file
//
// A file of another vendor is refused although it could be read: what MaxMind's licence asks for is not what others ask for, and the
// provider Builtin reads them all. A country is where MaxMind believes the address to be: neither where the network is registered nor,
// for a military base abroad, the country that it stands for.
//
// # The web service
//
// Each look-up costs, and tells MaxMind who visits. So by default an address is looked up only where nothing else tells the country.
// "Not in the database" and "a reserved address" are answers, not failures. Error bodies are read only where their content type says
// that they are MaxMind's.
package maxmind
