// Package banktest is what every adapter to a bank must do, as tests. Run [Conformance] from a test of the adapter,
// against the bank's test system or a stand-in; money depends on it.
//
// It proves idempotency by key (also under concurrency), the look-up after a lost answer, one reason for each no, and
// that errors tell "nothing happened" from "perhaps" and give no personal data away. It does not prove speed.
package banktest
