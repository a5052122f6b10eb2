// Package problem is the catalogue of what the HTTP API answers when it says no: one table from machine code to
// HTTP status, title and what to do, and the RFC 9457 body that carries it.
//
// It promises that every code of the contract (docs: "Errors") has exactly one status, that every 429 and 503
// carries Retry-After, and that a body is made of catalogue texts and of what the caller hands over, never of
// an underlying error's text: no stack, SQL, personal data or provider words.
//
// It refuses to judge: which refusal an act earns is decided in package registration and in the workflow.
package problem
