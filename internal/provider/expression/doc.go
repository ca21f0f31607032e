// Package expression is CEL as Integrations use it: what an expression sees, how it is checked before any record meets it,
// how much it may cost, and how its value becomes JSON. Strings and encoders of cel-go's extensions and optional values are
// at hand.
//
// A value becomes JSON with sorted keys. A timestamp is written in RFC 3339, bytes in base64, a duration in seconds
// ("1.5s"). An optional value that is empty is left out of its map or list.
//
// No error holds a value: an expression is the administrator's own text, and may be shown; what it reads may not.
package expression
