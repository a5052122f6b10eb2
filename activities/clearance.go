package activities

import (
	"context"

	"shiming/internal/wallet"
	"shiming/registration"
)

// ClearingWallet is what the wallet does about the clearing of an identity. All but Facts are idempotent by their key.
type ClearingWallet interface {
	Facts(ctx context.Context, accountID string) (wallet.Facts, error)
	Hold(ctx context.Context, key, accountID string) error
	Release(ctx context.Context, key, accountID string) error
	ClearIdentity(ctx context.Context, key, accountID string) error
}

// ConditionBook judges and keeps conditions, and knows whose account a clearing concerns.
type ConditionBook interface {
	ClearingAccount(ctx context.Context, clearingID string) (string, error)
	KeepConditions(ctx context.Context, clearingID string, facts wallet.Facts) (registration.ClearingVerdict, error)
	Forgetting(ctx context.Context, clearingID string) error
	Acknowledge(ctx context.Context, clearingID string, version int64) error
}

// Clearance has the wallet clear an identity (guide section 6, question 2). Its activities take no account but look up
// the clearing's, and give no evidence away: what the wallet says is judged and sealed here.
type Clearance struct {
	Wallet ClearingWallet
	Book   ConditionBook
}

// JudgeConditions asks the wallet how things stand and judges all conditions.
func (a *Clearance) JudgeConditions(ctx context.Context, clearingID string) (registration.ClearingVerdict, error) {
	defer alive(ctx)()
	account, err := a.Book.ClearingAccount(ctx, clearingID)
	if err != nil {
		return registration.ClearingVerdict{}, err
	}
	facts, err := a.Wallet.Facts(ctx, account)
	if err != nil {
		return registration.ClearingVerdict{}, err
	}
	verdict, err := a.Book.KeepConditions(ctx, clearingID, facts)
	return verdict, err
}

// HoldAccount keeps the account's money and cards from moving. That it is asked for shows that the task which began the attempt
// was reported, so that the run is where its row is, however long the wallet is away.
func (a *Clearance) HoldAccount(ctx context.Context, h registration.Hold) error {
	if err := a.Book.Acknowledge(ctx, h.ClearingID, h.Version); err != nil {
		return err
	}
	return a.at(ctx, h.ClearingID, func(account string) error { return a.Wallet.Hold(ctx, h.Key, account) })
}

// ReleaseAccount ends the hold.
func (a *Clearance) ReleaseAccount(ctx context.Context, h registration.Hold) error {
	return a.at(ctx, h.ClearingID, func(account string) error { return a.Wallet.Release(ctx, h.Key, account) })
}

// ForgetIdentity makes the wallet forget who the account was verified as. That it is about to is noted first: a run that is lost
// after the wallet has done it must not lead another back to the applicant.
func (a *Clearance) ForgetIdentity(ctx context.Context, h registration.Hold) error {
	if err := a.Book.Forgetting(ctx, h.ClearingID); err != nil {
		return err
	}
	return a.at(ctx, h.ClearingID, func(account string) error { return a.Wallet.ClearIdentity(ctx, h.Key, account) })
}

func (a *Clearance) at(ctx context.Context, clearingID string, do func(account string) error) error {
	account, err := a.Book.ClearingAccount(ctx, clearingID)
	if err != nil {
		return err
	}
	return do(account)
}
