package workflowtest

import (
	"context"
	"sync"
	"time"

	"shiming/internal/outside"
	"shiming/internal/wallet"
)

// Purse is the wallet's part in clearings: facts, holds and verified identities, which the test sets and sees.
type Purse struct {
	mu  sync.Mutex
	now func() time.Time
	// Facts are an account's; one that is not here can be cleared.
	facts map[string]wallet.Facts
	// before and after lose calls, before anything was done and after it was.
	before, after int
	down          bool
	done          map[string]bool // act and key
	held          map[string]int  // by account: how many holds were made so far
	holding       map[string]bool
	cleared       map[string]int // by account: how often its identity was forgotten
	unheld        int            // identities forgotten without a hold
	during        func(act string)
}

func newPurse(now func() time.Time) *Purse {
	return &Purse{
		now: now, facts: map[string]wallet.Facts{}, done: map[string]bool{}, held: map[string]int{}, holding: map[string]bool{}, cleared: map[string]int{},
	}
}

// Set changes an account's facts, from those of one that can be cleared.
func (p *Purse) Set(account string, change func(f *wallet.Facts)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.factsOf(account)
	change(&f)
	p.facts[account] = f
}

func (p *Purse) factsOf(account string) wallet.Facts {
	f, known := p.facts[account]
	if !known {
		f = wallet.Facts{OpenedAt: p.now().AddDate(-2, 0, 0), Activated: true}
		p.facts[account] = f
	}
	return f
}

// Down makes the wallet unreachable, or reachable again.
func (p *Purse) Down(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// Lose loses the next calls: so many before they do anything, then so many after.
func (p *Purse) Lose(before, after int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before, p.after = before, after
}

// During does something just before each call is answered.
func (p *Purse) During(do func(act string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.during = do
}

// Held reports whether an account is held now, and how often it was so far.
func (p *Purse) Held(account string) (now bool, times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.holding[account], p.held[account]
}

// Cleared counts how often an account's identity was forgotten, and all those that were without a hold.
func (p *Purse) Cleared(account string) (times, unheld int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cleared[account], p.unheld
}

// call runs one call of the wallet with the faults that are due.
func (p *Purse) call(act string, do func()) error {
	p.mu.Lock()
	during := p.during
	p.mu.Unlock()
	if during != nil {
		during(act)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.down:
		return outside.ErrUnavailable
	case p.before > 0:
		p.before--
		return outside.ErrUnavailable
	}
	do()
	if p.after > 0 {
		p.after--
		return outside.ErrUnknown
	}
	return nil
}

func (p *Purse) once(act, key string, do func()) error {
	return p.call(act, func() {
		if !p.done[act+key] {
			p.done[act+key] = true
			do()
		}
	})
}

// Facts implements activities.ClearingWallet.
func (p *Purse) Facts(_ context.Context, account string) (f wallet.Facts, err error) {
	err = p.call("facts", func() { f = p.factsOf(account) })
	return f, err
}

// Hold implements activities.ClearingWallet.
func (p *Purse) Hold(_ context.Context, key, account string) error {
	return p.once("hold", key, func() { p.holding[account], p.held[account] = true, p.held[account]+1 })
}

// Release implements activities.ClearingWallet.
func (p *Purse) Release(_ context.Context, key, account string) error {
	return p.once("release", key, func() { p.holding[account] = false })
}

// ClearIdentity implements activities.ClearingWallet.
func (p *Purse) ClearIdentity(_ context.Context, key, account string) error {
	return p.once("clear", key, func() {
		p.cleared[account]++
		if !p.holding[account] {
			p.unheld++
		}
	})
}
