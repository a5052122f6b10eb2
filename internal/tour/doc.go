// Package tour drives registrations from the first call to the decision, as a platform's backend and its reviewers
// would: through the public HTTP API, looking at the sandbox only for what an applicant sees on a phone, in a mailbox
// or on a bank statement.
//
// It promises that a call that was not answered (a timeout, 202, 503) is made again with the same Idempotency-Key until
// it is, so that it survives processes that die under it; and that it reports every transition from the timeline.
//
// It refuses to know anything of the product beyond the domain's words, and to use real people: everybody and every
// account in it is made up. Companies bear codes of the real format.
package tour
