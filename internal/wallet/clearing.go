package wallet

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"shiming/internal/outside"
)

// Facts are what the conditions for clearing an identity are judged by (process: "Clearing an identity").
type Facts struct {
	// Frozen says that the account is frozen now.
	Frozen bool
	// LastFrozenAt is when it was last frozen; nil if never.
	LastFrozenAt *time.Time
	OpenedAt     time.Time
	Activated    bool
	// CardsLast4 are the last four digits of each bound card.
	CardsLast4 []string
	// BalanceFen is in fen, 1 CNY = 100 fen.
	BalanceFen int64
	// Refundable are the times of the transactions that can still be refunded.
	Refundable []time.Time
	// WithdrawalsInTransit and TransfersInTransit (to unverified accounts) count what is still under way.
	WithdrawalsInTransit int
	TransfersInTransit   int
}

// Facts asks for them as they stand now.
func (c *Client) Facts(ctx context.Context, accountID string) (Facts, error) {
	var out struct {
		Frozen               bool        `json:"frozen"`
		LastFrozenAt         *time.Time  `json:"last_frozen_at"`
		OpenedAt             time.Time   `json:"opened_at"`
		Activated            bool        `json:"activated"`
		CardsLast4           []string    `json:"cards_last4"`
		BalanceFen           int64       `json:"balance_fen"`
		Refundable           []time.Time `json:"refundable"`
		WithdrawalsInTransit int         `json:"withdrawals_in_transit"`
		TransfersInTransit   int         `json:"transfers_in_transit"`
	}
	err := c.http.Do(ctx, outside.Call{Method: http.MethodGet, Path: path(accountID, "facts"), Out: &out})
	if err != nil {
		return Facts{}, err
	}
	if out.OpenedAt.IsZero() {
		// An account without a birthday would pass as old enough.
		return Facts{}, fmt.Errorf("wallet: %w: unreadable answer, facts without opening date", ErrUnavailable)
	}
	return Facts(out), nil
}

// Hold keeps the account's money and cards from moving while its identity is cleared. Idempotent by key: a key that has
// held once does not hold again after a Release.
func (c *Client) Hold(ctx context.Context, key, accountID string) error {
	return c.http.Do(ctx, outside.Call{Method: http.MethodPut, Path: path(accountID, "hold"), Key: key})
}

// Release ends the account's hold. Idempotent by key; an account without a hold is no error.
func (c *Client) Release(ctx context.Context, key, accountID string) error {
	return c.http.Do(ctx, outside.Call{Method: http.MethodDelete, Path: path(accountID, "hold"), Key: key})
}

// ClearIdentity makes the wallet forget who the account was verified as. Idempotent by key.
func (c *Client) ClearIdentity(ctx context.Context, key, accountID string) error {
	return c.http.Do(ctx, outside.Call{Method: http.MethodDelete, Path: path(accountID, "identity"), Key: key})
}
