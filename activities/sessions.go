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
	KeepSession(ctx context.Context, registrationID, actID string, a postgres.AdminSession) error
}

// Sessions verifies an enterprise's administrator by QR scan (guide section 5.2). Like [Cards] it gives up soon.
type Sessions struct {
	Wallet SessionWallet
	Book   SessionBook
}

// SessionAct asks for a session.
type SessionAct struct {
	RegistrationID string            `json:"registration_id"`
	AccountID      string            `json:"account_id"`
	ActID          string            `json:"act_id"`
	Role           registration.Role `json:"role"`
}

// OpenSession has the wallet open a session and stores it; its QR payload stays out of the engine.
func (a *Sessions) OpenSession(ctx context.Context, act SessionAct) (sessionID string, err error) {
	defer alive(ctx)()
	session, err := a.Wallet.OpenSession(ctx, act.ActID, act.AccountID)
	if err != nil {
		return "", classify(err)
	}
	err = a.Book.KeepSession(ctx, act.RegistrationID, act.ActID, postgres.AdminSession{
		SessionID: session.ID, Role: act.Role, QRPayload: session.QRPayload, ExpiresAt: session.ExpiresAt,
	})
	return session.ID, classify(err)
}
