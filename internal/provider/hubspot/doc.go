// Package hubspot is the provider HubSpot: people as contacts of a HubSpot account, by its CRM API v3.
//
// # Writing
//
// Every write is a batch upsert by e-mail address, also that of one record. Each input carries an objectWriteTraceId, which
// makes HubSpot answer 207 with what became of each; without it one bad input fails the whole batch. All values are texts, and
// all that is known is sent: with the address as the key HubSpot takes no partial updates. What is blank is left out, since
// an empty text clears a value.
//
// A 409 is not the end: the contact that it names (in the text of its message, there is no other place) or that has the
// address is updated. Nothing is ever searched: HubSpot's search lags behind its writes.
//
// # Properties
//
// The properties that the mapping fills are read before the first write, and again after HubSpot has called one unknown or
// read-only: one that is missing is a failure of class Config that names it. A health call does the same if that has not been passed yet.
//
// # Erasing
//
// Archive looks the contact up by its address and deletes it, which HubSpot can undo for 90 days. GDPRDelete looks it up, too, and
// never sends an address: HubSpot would block one that it does not know for ever.
package hubspot
