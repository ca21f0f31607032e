// Package alert tells administrators, through Alertmanager, what needs them.
//
// What should be firing is computed again and again from the state of Integrations, ContactPipelines and ContactSubmissions
// (rules_*.go: pure functions), so it is right after a restart. A Table keeps the incidents that are on, and a Sender
// tells every Alertmanager of them, each at its own pace. Nothing here is waited for by a reconcile.
package alert
