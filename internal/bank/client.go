package bank

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"shiming/internal/outside"
)

// Config says where the bank is.
type Config struct {
	BaseURL string
	APIKey  string
	// HTTPClient is optional.
	HTTPClient *http.Client
	// Timeout bounds one call; 0 means outside.DefaultTimeout.
	Timeout time.Duration
}

// Client talks to the bank. It is safe for concurrent use.
type Client struct{ http *outside.Client }

// New checks the configuration; it does not connect.
func New(cfg Config) (*Client, error) {
	c, err := outside.New(outside.Config{
		Party: "bank", BaseURL: cfg.BaseURL, APIKey: cfg.APIKey, HTTPClient: cfg.HTTPClient, Timeout: cfg.Timeout,
	})
	if err != nil {
		return nil, err
	}
	return &Client{http: c}, nil
}

// do makes the call and turns the bank's no into a Refusal; known lists the reasons this call can be refused for.
func (c *Client) do(ctx context.Context, call outside.Call, known ...Reason) error {
	err := c.http.Do(ctx, call)
	var answer *outside.Answer
	if !errors.As(err, &answer) {
		return err
	}
	switch {
	case answer.Status == http.StatusConflict && answer.Code == "idempotency_key_reused":
		return ErrKeyReused
	case answer.Code == "":
		// Not the bank's own words: a proxy or a wrong path answered, so nobody decided anything we can rely on.
		return fmt.Errorf("bank: %w: status %d without a code", ErrUnknown, answer.Status)
	case slices.Contains(known, Reason(answer.Code)):
		return &Refusal{Reason: Reason(answer.Code)}
	default:
		return &Refusal{Reason: ReasonOther}
	}
}
