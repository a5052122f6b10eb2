package wallet

import (
	"context"
	"errors"
	"net/http"

	"shiming/internal/outside"
)

// Account is what the wallet knows of an account's owner.
type Account struct {
	// Verified says that the account is real-name verified; only then are the other two set.
	Verified bool
	Holder   string
	IDNumber string
}

// Account asks whether the account is already real-name verified, and as whom.
func (c *Client) Account(ctx context.Context, accountID string) (Account, error) {
	var out struct {
		Verified   bool   `json:"verified"`
		HolderName string `json:"holder_name"`
		IDNumber   string `json:"id_number"`
	}
	err := c.http.Do(ctx, outside.Call{Method: http.MethodGet, Path: path(accountID), Out: &out})
	if err != nil {
		return Account{}, err
	}
	return Account{Verified: out.Verified, Holder: out.HolderName, IDNumber: out.IDNumber}, nil
}

// CheckPaymentPassword returns nil if the password is the account's, ErrPasswordIncorrect if it is not.
func (c *Client) CheckPaymentPassword(ctx context.Context, accountID, password string) error {
	in := struct {
		Password string `json:"password"`
	}{password}
	err := c.http.Do(ctx, outside.Call{Method: http.MethodPost, Path: path(accountID, "password-checks"), In: in})
	var answer *outside.Answer
	if errors.As(err, &answer) && answer.Code == "payment_password_incorrect" {
		return ErrPasswordIncorrect
	}
	return err
}
