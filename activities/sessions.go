package activities

import (
	"context"

	"shiming/internal/postgres"
	"shiming/internal/wallet"
	"shiming/registration"
)

// SessionWallet opens the phone QR session.
type SessionWallet interface {
	OpenSession(ctx context.Context, key, accountID string) (wallet.Session, error)
}

// SessionBook keeps QR sessions.
type SessionBook interface {
	StepBook
	SessionOpened(ctx context.Context, step registration.Step, a postgres.AdminSession) (registration.StepResult, error)
}

// Sessions verifies an enterprise's administrator by QR scan (guide section 5.2). Like [Cards] it gives up soon.
type Sessions struct {
	Wallet SessionWallet
	Book   SessionBook
}

// OpenSession has the wallet open a session and makes it the current one; its QR payload stays out of the engine.
func (a *Sessions) OpenSession(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return unlessFinished(ctx, a.Book, step, func() (refusal *registration.Refusal, then taken, err error) {
		session, err := a.Wallet.OpenSession(ctx, step.ActID, step.AccountID)
		return nil, func() (registration.StepResult, error) {
			return a.Book.SessionOpened(ctx, step, postgres.AdminSession{
				SessionID: session.ID, Role: step.Role, QRPayload: session.QRPayload, ExpiresAt: session.ExpiresAt,
			})
		}, err
	})
}
