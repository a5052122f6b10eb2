// Package bank is the adapter to the bank: binding a personal debit card with an SMS code, paying a penny amount to a
// company's account (process: "Individual developer" step 2, "Enterprise developer" step 4), and the statement of what
// was paid.
//
// It promises that BindCard, ResendCode and Transfer are idempotent by their key, ConfirmCode after its success, that a
// transfer can be looked up by its key, and that every failure says whether something may have happened:
//
//   - [*Refusal]: a definite no, with its reason. Asking again gives the same no.
//   - [ErrUnavailable]: nothing was done; ask again with the same key.
//   - [ErrUnknown]: it may have been done. After Transfer, ask FindTransfer before sending again.
//   - [ErrKeyReused]: the key was used before with other details; a mistake of ours, nothing was done now.
//
// A day's statement is all of it or an error: what is missing on one is missing at the bank.
//
// It refuses to retry by itself, to count attempts (the caller's rules say which attempts count), and to put card
// numbers, names, codes or amounts into an error. What a bank adapter must do is written as tests in
// internal/bank/banktest; a real bank's adapter has to pass them before it goes live.
//
// Over the wire it is JSON; the paths are those in the documentation of internal/sandbox, which speaks this protocol.
package bank
