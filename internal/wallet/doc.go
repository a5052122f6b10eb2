// Package wallet is the adapter to the platform's payment account service: whether an account is already real-name
// verified and as whom, its payment password, the phone QR session, and what blocks the clearing of an identity
// (process: "Who takes part", "Clearing an identity").
//
// It promises that OpenSession, Hold, Release and ClearIdentity are idempotent by their key, and that every failure says
// whether something may have happened: [ErrUnavailable] nothing, [ErrUnknown] perhaps. Reads fail with ErrUnavailable.
//
// It refuses to keep or log a payment password, and to put names or ID numbers into an error.
package wallet
