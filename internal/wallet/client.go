package wallet

import (
	"errors"
	"net/http"
	"time"

	"shiming/internal/outside"
)

var (
	// ErrPasswordIncorrect is the wallet's no to a payment password.
	ErrPasswordIncorrect = errors.New("wallet: payment password incorrect")
	// ErrUnavailable says that nothing was done: no connection, 503, 429; or that a read brought no answer.
	ErrUnavailable = outside.ErrUnavailable
	// ErrUnknown says that it may have been done: time-out, connection lost, unreadable answer.
	ErrUnknown = outside.ErrUnknown
)

// Config says where the wallet is.
type Config struct {
	BaseURL string
	APIKey  string
	// HTTPClient is optional.
	HTTPClient *http.Client
	// Timeout bounds one call; 0 means outside.DefaultTimeout.
	Timeout time.Duration
}

// Client talks to the wallet. It is safe for concurrent use.
type Client struct{ http *outside.Client }

// New checks the configuration; it does not connect.
func New(cfg Config) (*Client, error) {
	c, err := outside.New(outside.Config{
		Party: "wallet", BaseURL: cfg.BaseURL, APIKey: cfg.APIKey, HTTPClient: cfg.HTTPClient, Timeout: cfg.Timeout,
	})
	if err != nil {
		return nil, err
	}
	return &Client{http: c}, nil
}

// path is below the account: /wallet/accounts/{accountID}, then more.
func path(accountID string, more ...string) string {
	return outside.Path(append([]string{"wallet", "accounts", accountID}, more...)...)
}
