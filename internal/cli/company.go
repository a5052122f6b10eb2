package cli

import (
	"context"
	"net/http"
	"time"

	"github.com/mdp/qrterminal/v3"

	"shiming/registration"
)

type adminSessionCommand struct {
	changeFlags
	byID
	Role registration.Role `required:"" enum:"legal_representative,authorized_agent" placeholder:"ROLE" help:"How the administrator stands to the company: ${enum}."`
}

// adminSession is a QR session.
type adminSession struct {
	SessionID string    `json:"session_id"`
	QRPayload string    `json:"qr_payload"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Run opens a QR session and draws its code.
func (c *adminSessionCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPost, registrationPath(c.ID, "/admin-session"), map[string]any{"role": c.Role}, showSession)
}

func showSession(p *page, session adminSession) {
	qrterminal.GenerateHalfBlock(session.QRPayload, qrterminal.L, p)
	p.list(
		pair{"session", session.SessionID}, pair{"the code says", session.QRPayload},
		pair{"scan it until", exactly(session.ExpiresAt)},
	)
}

type companyCommand struct {
	changeFlags
	inputFlags
	byID
}

// Run hands in company information. What is left out stays as it is, where a correction allows that.
func (c *companyCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	body, err := c.fields(ctx, o, nil, []field{
		{name: "legal_name", prompt: "Name on the licence", optional: true},
		{name: "licence_type", prompt: "Kind of licence: unified or legacy", optional: true},
		{name: "uscc", prompt: "Unified social credit code; a legacy licence has none", optional: true},
		{name: "registration_number", prompt: "Registration number; of a unified licence, the same code", optional: true},
		{name: "organization_code", prompt: "Organisation code; of a unified licence, the same code", optional: true},
		{name: "legal_representative", prompt: "Legal representative", optional: true},
		{name: "address", prompt: "Registered address", optional: true},
		{name: "bank.account_name", prompt: "Bank account: holder", optional: true},
		{name: "bank.account_number", prompt: "Bank account: number (not shown)", optional: true, secret: true},
		{name: "bank.bank_name", prompt: "Bank account: bank and branch", optional: true},
		{name: "bank.cnaps_code", prompt: "Bank account: 12-digit CNAPS code", optional: true},
	})
	if err != nil {
		return err
	}
	return c.act(ctx, s, http.MethodPut, "/company", body)
}

type depositCommand struct {
	changeFlags
	inputFlags
	byID
}

// Run enters the amount received.
func (c *depositCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	body, err := c.fields(ctx, o, nil, []field{{name: "amount", prompt: "Amount received, in CNY, such as 0.37"}})
	if err != nil {
		return err
	}
	return c.act(ctx, s, http.MethodPost, "/deposit", body)
}

type payoutCommands struct {
	Request payoutRequestCommand `cmd:"" default:"withargs" help:"Ask for a new payment, after one has failed."`
	Resolve payoutResolveCommand `cmd:"" help:"Say what has become of a payment, as if the bank had reported it (role ops)."`
	Trace   payoutTraceCommand   `cmd:"" help:"Ask the bank what it knows of the newest payment (role platform or ops)."`
	Grant   payoutGrantCommand   `cmd:"" help:"Let one more payment go to the bank account on file (role ops)."`
}

type payoutRequestCommand struct {
	changeFlags
	byID
}

// Run asks for a new payment.
func (c *payoutRequestCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return c.act(ctx, s, http.MethodPost, "/payout", nil)
}

type payoutResolveCommand struct {
	changeFlags
	byID
	Outcome string `required:"" enum:"settled,failed,returned" help:"What has become of it: ${enum}."`
	Reason  string `required:"" help:"Why it is resolved by hand; name nobody."`
}

// Run resolves a payment by hand.
func (c *payoutResolveCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return c.act(ctx, s, http.MethodPost, "/payout/resolve", map[string]any{"outcome": c.Outcome, "reason": c.Reason})
}

type payoutGrantCommand struct {
	changeFlags
	byID
	Reason string `required:"" help:"Why one more payment is allowed; name nobody."`
}

// Run grants one more payment.
func (c *payoutGrantCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return c.act(ctx, s, http.MethodPost, "/payout/grant", map[string]any{"reason": c.Reason})
}
