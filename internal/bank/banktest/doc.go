// Package banktest is what every adapter to a bank must do, as tests. Run [Conformance] from a test of the adapter,
// against the bank's test system or a stand-in; money depends on it.
//
// It promises that an adapter that passes is idempotent by key (also under concurrency), is found by look-up after a lost
// answer, states each accepted transfer once and nothing else, has one reason for each no, and in its errors tells "nothing happened" from "perhaps" and gives no personal
// data away. It refuses to judge speed.
package banktest
