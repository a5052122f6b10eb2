package wallet

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"shiming/internal/outside"
)

// Session is a QR session: who scans it with the wallet's app on a phone is verified there.
type Session struct {
	ID string
	// QRPayload is the text to show as a QR code.
	QRPayload string
	// ExpiresAt is when the wallet stops taking scans, 5 minutes after the session was opened.
	ExpiresAt time.Time
}

// OpenSession opens a QR session for the account. The same key gives the same session again; a new key gives a new
// session that replaces the account's former one.
func (c *Client) OpenSession(ctx context.Context, key, accountID string) (Session, error) {
	var out struct {
		SessionID string    `json:"session_id"`
		QRPayload string    `json:"qr_payload"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	call := outside.Call{Method: http.MethodPost, Path: path(accountID, "sessions"), Key: key, Out: &out}
	if err := c.http.Do(ctx, call); err != nil {
		return Session{}, err
	}
	if out.SessionID == "" || out.QRPayload == "" || out.ExpiresAt.IsZero() {
		return Session{}, fmt.Errorf("wallet: %w: unreadable answer, incomplete session", ErrUnknown)
	}
	return Session{ID: out.SessionID, QRPayload: out.QRPayload, ExpiresAt: out.ExpiresAt}, nil
}
