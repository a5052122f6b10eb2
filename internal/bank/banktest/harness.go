package banktest

import (
	"context"
	"time"

	"shiming/internal/bank"
)

// Bank is what the product asks of a bank adapter.
type Bank interface {
	BindCard(ctx context.Context, key string, card bank.Card) (bindingID string, err error)
	ResendCode(ctx context.Context, key, bindingID string) error
	ConfirmCode(ctx context.Context, bindingID, code string) error
	Transfer(ctx context.Context, t bank.Transfer) (bank.TransferStatus, error)
	FindTransfer(ctx context.Context, key string) (status bank.TransferStatus, found bool, err error)
	Statement(ctx context.Context, day time.Time) ([]bank.StatementEntry, error)
}

var _ Bank = (*bank.Client)(nil)

// Harness is an adapter under test, with what the tests must know of the bank behind it. Its functions are called from
// one test at a time, but Bank from many goroutines.
type Harness struct {
	Bank Bank
	// Unreachable is the same adapter with nothing listening where its bank should be.
	Unreachable Bank

	// Card returns a personal debit card whose details match; another one, with another phone, at each call.
	Card func() bank.Card
	// RefusedCards has a card for each reason that a card can be refused for.
	RefusedCards map[bank.Reason]bank.Card
	// Codes returns the SMS codes the bank has sent to a phone, oldest first.
	Codes func(phone string) []string

	// Order returns a transfer that the bank accepts and settles, to another account at each call; without a key.
	Order func() bank.Transfer
	// RefusedOrder returns one that it refuses with bank.ReasonAccountNotFound; without a key.
	RefusedOrder func() bank.Transfer
	// BusyOrder returns one that the bank is too busy for at first; nil if the bank cannot be made to be.
	BusyOrder func() bank.Transfer
	// MuteOrder returns one that the bank executes without the answer arriving; nil if that cannot be arranged.
	MuteOrder func() bank.Transfer
	// Paid returns what the account holder's statement shows, in fen.
	Paid func(accountNumber string) []int64
	// StatementPage is how many entries a page of the statement has; 0 if the bank gives a day in one piece, or nobody knows.
	StatementPage int
	// SettlesWithin is how long a transfer may take to settle.
	SettlesWithin time.Duration
}
