// Package espocrm is the provider EspoCRM: people as contacts or leads of an EspoCRM of one's own, by its REST API.
//
// # Writing
//
// EspoCRM has no upsert. A record is looked for by the address; one that is there is changed where it differs, another one is created. Nothing
// is written in the place of an address: a contact may have several, and setting one drops the primary one. The search compares as the
// database does, some of which take "ü" for "u", so what it finds is held against the address.
//
// A create that EspoCRM takes for a duplicate (409) is one of three things: somebody with this address was created meanwhile, who is
// changed; somebody has it as a second address, who is changed, too; or somebody has the same name, who is let be: the create is made again
// without the check. So a create whose answer was lost makes nobody twice: the next attempt finds them.
//
// A new record needs a last name; a placeholder fills it where the person gave none. It never overwrites one.
//
// # Fields
//
// EspoCRM drops values without a word that it has no attribute for, or that the role may not write. So the field definitions and the
// role are read before the first write: what is missing is a failure of class Config that names it. The role has to see every record: people
// whom it can't see would be created twice.
//
// # Errors
//
// The reason of a refusal is in the header X-Status-Reason. It is looked at for the few words that a program puts there, and never
// repeated. After ten failed logins EspoCRM refuses an IP address for a minute (403), which is not the key's fault.
//
// # Erasing
//
// Delete marks the records of the address as deleted. EraseAndDelete empties their personal fields first.
package espocrm
