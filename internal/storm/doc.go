// Package storm kills the product while it works, and then looks whether it has kept its word. It has no code of its own:
// everything is in its tests, which `make storm` runs.
//
// Two workers, two APIs, PostgreSQL and the engine are processes of their own, ended by SIGKILL at random and at named points:
// before and after a commit, before and after the report of a workflow task, while the bank is called, in the relay's hand-over.
// Meanwhile bank, wallet, SMS and e-mail fail by turns, and platform backends take registrations and clearings through the HTTP
// API as good ones do: with idempotency keys, again after no answer or a 503, at the other API if one is away.
//
// It promises that the same seed plans the same kills, faults and applicants (what they meet depends on the machine), and that it
// judges by public means alone: the API, the bank's ledger and the inbox, the engine's own API. The product has no switch
// for it: the points are hooked from outside, in the connections to the database, the engine and the providers.
//
// With the same processes and people, database or engine are put back to an earlier time while the other and the bank have gone on
// (`make restores`): nobody is paid twice, every case comes to an end, and what the two disagree on is named.
//
// It refuses to run with the other tests: without -storm, or SHIMING_STORM=1, TestStorm skips, without
// SHIMING_RESTORES=1 the restores do. Its rules are tested always.
package storm
