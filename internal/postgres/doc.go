// Package postgres keeps what is read and what must be unique: registrations as callers see them, their timeline,
// identity claims, penny payments and guess budgets, reviews, notices, and the sealed contents of the vault.
//
// It promises one transaction a transition: the row (guarded by its sequence), the timeline, the claims, the payment,
// the notices and the outgoing events are written together or not at all, and a step repeated after its commit is
// answered as it was the first time. Constraints make illegal rows impossible, should the code ever ask for one.
//
// It refuses to decide progress: it is told what happened and asks the table of package registration where that
// leads. Personal data is stored sealed, or masked.
package postgres
