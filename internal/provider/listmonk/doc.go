// Package listmonk is the provider Listmonk: people as subscribers of lists in listmonk, version 5 or 6.
//
// # Writing
//
// listmonk has no upsert that keeps those off its lists who have left them. A new person is created; where the address is taken
// (409), or the subscriber's id is known, the subscriber is read and changed in steps, each of which can be repeated:
//
//   - Name and attributes are changed where they differ: by PATCH, from 6.1 on; before that by PUT, which needs the lists and all
//     attributes, or it drops them. Which one it is shows when PATCH is refused.
//   - Lists that the person is not on are added. The call names no status where the person is to confirm, and only lists that
//     the person has no subscription to, so that nobody is put back.
//   - A person who has withdrawn the consent is unsubscribed from the lists.
//
// # Those who have left
//
// A subscriber who is blocklisted or disabled, or has unsubscribed from all of the lists, is suppressed: nothing is written. Who has left
// one of the lists is put on none. Nothing here ever sends a status of a subscriber that exists.
//
// # Lists
//
// listmonk drops lists silently that do not exist or that the API user may not manage. So they are read before the first write, and
// every answer is held against what was asked for; what is missing is a failure of class Config that names the list.
package listmonk
