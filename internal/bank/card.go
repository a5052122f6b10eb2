package bank

import (
	"context"
	"net/http"

	"shiming/internal/outside"
)

// Card is what the holder says about a card: the four elements the bank compares (四要素).
type Card struct {
	Number   string
	Holder   string
	IDNumber string
	// Phone is the one on file at the bank; the SMS code goes there.
	Phone string
}

var cardReasons = []Reason{ReasonCardNotDebit, ReasonCardIsCorporate, ReasonCardUnusable, ReasonCardElementsMismatch}

// BindCard has the bank check the card's four elements and send an SMS code to the card's phone. A repeat with the same
// key gives the same binding and sends no second SMS.
func (c *Client) BindCard(ctx context.Context, key string, card Card) (bindingID string, err error) {
	in := struct {
		Number   string `json:"number"`
		Holder   string `json:"holder"`
		IDNumber string `json:"id_number"`
		Phone    string `json:"phone"`
	}(card)
	var out struct {
		BindingID string `json:"binding_id"`
	}
	call := outside.Call{Method: http.MethodPost, Path: "/bank/cards/bindings", Key: key, In: in, Out: &out}
	if err := c.do(ctx, call, cardReasons...); err != nil {
		return "", err
	}
	if out.BindingID == "" {
		return "", unreadable("a binding without an id")
	}
	return out.BindingID, nil
}

// ResendCode has the bank send a new code for the binding; the former one is void. Idempotent by key.
func (c *Client) ResendCode(ctx context.Context, key, bindingID string) error {
	path := outside.Path("bank", "cards", "bindings", bindingID, "codes")
	return c.bindingCall(ctx, outside.Call{Method: http.MethodPost, Path: path, Key: key})
}

// ConfirmCode completes the binding. Repeating the right code after success succeeds again.
func (c *Client) ConfirmCode(ctx context.Context, bindingID, code string) error {
	path := outside.Path("bank", "cards", "bindings", bindingID, "confirmation")
	in := struct {
		Code string `json:"code"`
	}{code}
	return c.bindingCall(ctx, outside.Call{Method: http.MethodPost, Path: path, In: in})
}

// bindingCall acts on a binding. One the bank has forgotten can only be started over, which is what an expired code
// means to the caller.
func (c *Client) bindingCall(ctx context.Context, call outside.Call) error {
	const unknownBinding Reason = "binding_not_found"
	err := c.do(ctx, call, ReasonCodeIncorrect, ReasonCodeExpired, unknownBinding)
	if reasonOf(err) == unknownBinding {
		return &Refusal{Reason: ReasonCodeExpired}
	}
	return err
}
