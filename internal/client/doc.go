// Package client makes calls of the HTTP API for the programs of this module that live outside it: the commands people
// type, and the tour.
//
// It promises that a call ends with an outcome: an answer, or a [*Problem]. A call that was not answered, or answered
// that it is still being worked on (202) or cannot be now (502, 503, 504, and 429 when only too many calls came at once), is made
// again with the same Idempotency-Key until it has one or its time is up, which says [*NoOutcomeError].
//
// It refuses to follow redirects, which would carry a token and personal data to who knows whom, and to put bodies,
// tokens or answers into its errors.
package client
