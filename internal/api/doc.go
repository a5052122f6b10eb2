// Package api is the HTTP face of the product: what platforms, reviewers, ops and outside parties may call, as api.md
// has it, with its OpenAPI document and a page to read it on.
//
// It promises that every call ends in time with a catalogued answer: a registration as it stands, or a problem with a
// code (package problem); that a body is judged completely before anything is written or anybody told; that a call
// with an Idempotency-Key has one effect however often it comes; and that what an applicant hands in goes to the vault
// or, a payment password, to the wallet, and nowhere else: not into logs, metrics, ids or the engine.
//
// It refuses to decide progress: every act is judged here only to say no early, and decided by the workflow.
package api
