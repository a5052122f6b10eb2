package workflowtest

import (
	"context"
	"sync"

	"shiming/internal/bank"
	"shiming/registration"
)

// RightCode is the SMS code the bank has sent.
const RightCode = "123456"

// Bank does what the test scripts. Its ledger shows what was paid.
type Bank struct {
	mu sync.Mutex
	// Busy is how many calls are turned away before the bank answers again; negative for ever.
	Busy int
	// Mute is how many transfers are executed and not answered.
	Mute int
	// RefuseCard, RefuseTransfer is the definite no to the next call of each kind; it stays until it is changed.
	RefuseCard, RefuseTransfer bank.Reason

	bindings  map[string]string // by key
	transfers map[string]*Paid  // by key
	order     []string
	lookups   int
}

// Paid is an entry of the bank's ledger.
type Paid struct {
	bank.Transfer
	State  bank.TransferState
	Reason bank.Reason
	Calls  int // how often it was ordered
}

func newBank() *Bank { return &Bank{bindings: map[string]string{}, transfers: map[string]*Paid{}} }

// Ask has the bank do what a test wants of it, under its lock.
func (b *Bank) Ask(do func(b *Bank)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	do(b)
}

// Ledger lists the transfers executed so far, oldest first.
func (b *Bank) Ledger() []Paid {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Paid, 0, len(b.order))
	for _, key := range b.order {
		all = append(all, *b.transfers[key])
	}
	return all
}

// Find returns the transfer of a key, nil if the bank never executed it.
func (b *Bank) Find(key string) *Paid {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.transfers[key]; t != nil {
		paid := *t
		return &paid
	}
	return nil
}

// Progress is where a transfer has come to, for whoever asks; nothing is reported.
func (b *Bank) Progress(key string, state bank.TransferState, reason bank.Reason) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.transfers[key]; t != nil {
		t.State, t.Reason = state, reason
	}
}

// Lookups counts how often the bank was asked for a transfer.
func (b *Bank) Lookups() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lookups
}

func (b *Bank) busy() bool {
	if b.Busy > 0 {
		b.Busy--
		return true
	}
	return b.Busy < 0
}

// BindCard implements activities.CardBank.
func (b *Bank) BindCard(_ context.Context, key string, _ bank.Card) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.busy():
		return "", bank.ErrUnavailable
	case b.RefuseCard != "":
		return "", &bank.Refusal{Reason: b.RefuseCard}
	case b.bindings[key] == "":
		b.bindings[key] = registration.NewID("bnd")
	}
	return b.bindings[key], nil
}

// ResendCode implements activities.CardBank.
func (b *Bank) ResendCode(context.Context, string, string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy() {
		return bank.ErrUnavailable
	}
	return nil
}

// ConfirmCode implements activities.CardBank.
func (b *Bank) ConfirmCode(_ context.Context, _, code string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.busy():
		return bank.ErrUnavailable
	case code != RightCode:
		return &bank.Refusal{Reason: bank.ReasonCodeIncorrect}
	}
	return nil
}

// Transfer implements activities.PayingBank.
func (b *Bank) Transfer(_ context.Context, t bank.Transfer) (bank.TransferStatus, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.busy():
		return bank.TransferStatus{}, bank.ErrUnavailable
	case b.RefuseTransfer != "":
		return bank.TransferStatus{}, &bank.Refusal{Reason: b.RefuseTransfer}
	}
	paid := b.transfers[t.Key]
	if paid == nil {
		paid = &Paid{Transfer: t, State: bank.TransferSent}
		b.transfers[t.Key], b.order = paid, append(b.order, t.Key)
	}
	paid.Calls++
	if b.Mute > 0 {
		b.Mute--
		return bank.TransferStatus{}, bank.ErrUnknown
	}
	return bank.TransferStatus{Key: t.Key, State: paid.State, Reason: paid.Reason}, nil
}

// FindTransfer implements activities.PayingBank.
func (b *Bank) FindTransfer(_ context.Context, key string) (bank.TransferStatus, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lookups++
	if b.busy() {
		return bank.TransferStatus{}, false, bank.ErrUnavailable
	}
	paid := b.transfers[key]
	if paid == nil {
		return bank.TransferStatus{}, false, nil
	}
	return bank.TransferStatus{Key: key, State: paid.State, Reason: paid.Reason}, true, nil
}
