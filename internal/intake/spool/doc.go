// Package spool is the intake's own durable queue on disk: what the API server can't take now waits here, and is handed over
// later, oldest first. It knows entries, not what is in them.
//
// store.go (what it offers), owner.go (the one goroutine that owns the file; it commits what has gathered in one
// transaction), file.go (opening, checking and setting aside), record.go (how an entry is written), keys.go (encryption),
// admin.go (looking at it and deciding about dead letters), socket.go (the same, asked of a running intake).
//
// An entry that Put has answered without an error is on the disk, synced: a crash at any instant leaves it there.
package spool
