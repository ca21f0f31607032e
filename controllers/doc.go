// Package controllers holds the reconcilers: submission.go takes submissions through their stages, pipeline.go and
// integration.go keep the status of what they depend on, links.go makes links from Integrations and Secrets.
package controllers
