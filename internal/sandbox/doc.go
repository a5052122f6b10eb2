// Package sandbox plays every party outside the product in one HTTP server: bank, wallet, SMS provider and e-mail
// provider, for the demo, development and tests (spec: sandbox). The product's adapters talk to it as to the real thing.
//
// It promises that some values have a meaning (see magic.go), that everything it was told can be looked at, that each
// party can be broken, and that it reports by webhooks signed after the Standard Webhooks scheme, each with an id of its
// own, sent again with growing pauses for up to an hour while the product is down or does not answer 2xx. With a state
// file, what it answered is on disk before the answer goes out, and pending settlements and reports go on after a restart.
//
// It refuses to know the product: it shares no code, table or setting with it but the calendar's scale. It checks that
// callers carry credentials, not which. Everything in it is synthetic; never point real people's data at it.
//
// # For the product's adapters
//
// JSON, a bearer token with each call; errors are {"code", "message"}. K: takes an Idempotency-Key header.
//
//	POST   /bank/cards/bindings                     K  {number, holder, id_number, phone} → 201 {binding_id}; sends an SMS code
//	POST   /bank/cards/bindings/{id}/codes          K  → 204; a new code by SMS, the old one is void
//	POST   /bank/cards/bindings/{id}/confirmation      {code} → 204; 422 code_incorrect, code_expired (5 minutes)
//	POST   /bank/transfers                          K  {account_name, account_number, bank_name, cnaps, amount_fen, remark}
//	                                                   → 200 {key, state, reason, reference}; 422 with the reason if refused
//	GET    /bank/transfers/{key}                       → 200 the same; 404 transfer_not_found
//	GET    /bank/statement?day=2026-11-27&cursor=      → 200 {entries, next_cursor}; what was accepted on that day
//	GET    /wallet/accounts/{id}                       → 200 {verified, holder_name, id_number, held}
//	POST   /wallet/accounts/{id}/password-checks       {password} → 204; 422 payment_password_incorrect
//	POST   /wallet/accounts/{id}/sessions           K  → 201 {session_id, qr_payload, expires_at}; replaces the former one
//	GET    /wallet/accounts/{id}/facts                 → 200, what clearing is judged by
//	PUT    /wallet/accounts/{id}/hold               K  → 204
//	DELETE /wallet/accounts/{id}/hold               K  → 204
//	DELETE /wallet/accounts/{id}/identity           K  → 204
//	POST   /                                           Aliyun's RPC: SendSms, signed ACS3-HMAC-SHA256
//	POST   /v3/mail/send                               SendGrid's → 202 with X-Message-Id
//
// # For whoever looks in
//
//	GET    /                              a page with all messages and the bank's ledger, updating itself
//	GET    /inbox?to=&limit=              every SMS and e-mail, newest first
//	GET    /bank/ledger?account_number=   accepted transfers, oldest first
//	POST   /bank/ledger/{key}/return      {reason} → the transfer comes back now; reason defaults to "other"
//	PUT    /bank/ledger/{key}/statement   {amount_fen, account_last4, state, missing, twice}: what the statement says of the
//	                                      transfer from now on, to rehearse differences; {} for the truth
//	POST   /wallet/sessions/{id}/scan     {holder_name, id_number, outcome: "verified"|"failed"}
//	GET    /faults, POST /faults, DELETE /faults
//	GET    /healthz
//
// # Reports
//
// The bank reports {"type": "transfer.settled"|"transfer.returned"|"transfer.sent", "key", "reason"}. It reports "sent"
// only of a transfer whose answer could not be delivered (an account ending 0003), once the caller has hung up; it may
// come after "settled". A transfer refused at once is not reported: its answer said so. The wallet reports
// {"type": "session.verified"|"session.failed", "session_id", "holder_name", "id_number"}.
//
// # What the spec leaves open
//
//   - A card with another prefix than the table's, or a wrong check digit, is one whose details do not match.
//   - Card 622206: the two 503s are counted by card number, and again after each successful binding, so both a repeat with
//     the same key and a new try with another get through. A transfer's three are counted by its key.
//   - A session scanned a second time, or after it was replaced, is reported like any other (with a new id); which of
//     them counts is for the product to know. After its 5 minutes a session takes no scan (410) and nothing is reported.
//   - The wallet's dates ("10 days ago") count back from the first time an account's facts are asked for, so time can
//     cure what time alone cures. A "frozen-" account was frozen then and is not frozen now.
//   - "presented" counts every time the key reached the bank, answered 503 or not; not what a fault kept away from it.
//   - Of a fault, "slow" does what it is asked at once and answers after 12 s; "timeout" does it and never answers,
//     hanging up after 60 s; "down" and "error_rate" do nothing and answer 503.
package sandbox
