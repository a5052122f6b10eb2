package cli

import (
	"context"
	"net/http"
)

type cardCommand struct {
	changeFlags
	inputFlags
	byID
}

// Run hands in a debit card.
func (c *cardCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	body, err := c.fields(ctx, o, nil, []field{
		{name: "card_number", prompt: "Debit card number (not shown)", secret: true},
		{name: "holder_name", prompt: "Holder's name"},
		{name: "id_number", prompt: "Holder's resident ID number (not shown)", secret: true},
		{name: "phone", prompt: "Mobile number on file at the bank"},
		{name: "payment_password", prompt: "The wallet's payment password (not shown)", secret: true},
	})
	if err != nil {
		return err
	}
	return c.act(ctx, s, http.MethodPost, "/card", body)
}

type codeCommand struct {
	changeFlags
	inputFlags
	byID
	Resend bool `help:"Have the code sent again: at most once a minute, five times in all."`
}

// Run confirms the SMS code.
func (c *codeCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	if c.Resend {
		return c.act(ctx, s, http.MethodPost, "/card/code/resend", nil)
	}
	body, err := c.fields(ctx, o, nil, []field{{name: "code", prompt: "The bank's SMS code (not shown)", secret: true}})
	if err != nil {
		return err
	}
	return c.act(ctx, s, http.MethodPost, "/card/code", body)
}
