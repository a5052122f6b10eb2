package api

import (
	"context"
	"net/http"
	"time"

	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
)

// payouts makes the routes about the company and the penny payment that proves it.
func (s *server) payouts() {
	register(s, s.companyRoute(), s.company)
	register(s, s.actRoute("enter-deposit", http.MethodPost, "/deposit", "Enter the amount received",
		"The amount of the penny payment, as the company's statement shows it. The third wrong one voids the payment.",
		registration.CodeDepositMismatch, registration.CodeDepositExceeded, registration.CodeOrganizationInUse), s.deposit)
	register(s, s.actRoute("request-payout", http.MethodPost, "/payout", "Ask for a new payment",
		"From deposit_failed: one more payment to the account on file, within the limit.",
		registration.CodePayoutLimitReached, registration.CodeOrganizationInUse, registration.CodeAdminMustBeAgent, registration.CodeActsExceeded,
		registration.CodeAccountLimitReached, registration.CodeSpendingPaused, registration.CodeHeldAfterRestore), s.payout)
	resolve := s.actRoute("resolve-payout", http.MethodPost, "/payout/resolve", "Resolve a payment by hand", "As if the bank had reported it.")
	resolve.deferrable = false
	register(s, resolve, s.resolve)
	grant := s.actRoute("grant-payout", http.MethodPost, "/payout/grant", "Grant one more payment",
		"Lets one more payment of this developer account go to the bank account that was last refused one for the limit, else to the one on file. "+
			"Where none is needed, or one is unused: wrong_state. At most three a bank account in 30 days.", registration.CodePayoutLimitReached)
	grant.deferrable = false
	register(s, grant, s.grant)
}

type enterDeposit struct {
	ByID
	Body struct {
		Amount string `json:"amount" doc:"CNY with at most two decimals, 0.01 to 0.99" example:"0.37"`
	}
}

func (s *server) deposit(ctx context.Context, in *enterDeposit) (*registrationAnswer, error) {
	fen, err := parseAmount(in.Body.Amount)
	if err != nil {
		var c checks
		c.add("amount", codeInvalid, "Send an amount of 0.01 to 0.99 with at most two decimals, such as 0.37.")
		return nil, c.problem()
	}
	return s.finished(ctx, act{
		registration: in.ID, kind: registration.ActDeposit, purpose: dossier.PurposeAmount, input: dossier.Amount{Fen: fen},
		before: judged(func(_ context.Context, look *postgres.ActLook) (*registration.Refusal, error) {
			return look.AmountRefused(), nil
		}),
	})
}

func (s *server) payout(ctx context.Context, in *ByID) (*registrationAnswer, error) {
	return s.finished(ctx, act{
		registration: in.ID, kind: registration.ActPayout,
		before: judged(func(ctx context.Context, look *postgres.ActLook) (*registration.Refusal, error) {
			return s.Store.PaymentBarredOf(ctx, look, nil)
		}),
	})
}

const longestReason = 500

type resolvePayout struct {
	ByID
	Body struct {
		Outcome string `json:"outcome" enum:"settled,failed,returned" doc:"What has become of the payment" example:"settled"`
		Reason  string `json:"reason" doc:"Why it is resolved by hand; no ID, card, account or phone number" example:"The bank confirmed by phone."`
	}
}

// resolve stores ops' word and answers when the workflow has followed it, or after a while all the same.
func (s *server) resolve(ctx context.Context, in *resolvePayout) (*registrationAnswer, error) {
	if err := checkReason(in.Body.Reason); err != nil {
		return nil, err
	}
	before, err := s.standing(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	refusal, err := s.Store.ResolvePayout(ctx, in.ID, s.id(ctx, "ops", 0), byOps(ctx), in.Body.Outcome, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return nil, refusal
	}
	return s.moved(ctx, before.Body)
}

const (
	moveWithin = 5 * time.Second
	moveLook   = 50 * time.Millisecond
)

// moved waits a little for the registration to leave a state in which the bank's word matters.
func (s *server) moved(ctx context.Context, before *registration.View) (*registrationAnswer, error) {
	until := s.Now().Add(moveWithin)
	for {
		now, err := s.standing(ctx, before.ID)
		if err != nil || now.Body.State != before.State || !followsPayout(now.Body) || s.Now().After(until) {
			return now, err
		}
		pause := time.NewTimer(moveLook)
		select {
		case <-ctx.Done():
			pause.Stop()
			return now, nil
		case <-pause.C:
		}
	}
}

// followsPayout reports whether a registration has still to follow what its payment has become.
func followsPayout(v *registration.View) bool {
	if v.Payout == nil {
		return false
	}
	switch v.Payout.State {
	case registration.PayoutSettled:
		return v.State == registration.PayoutPending
	case registration.PayoutFailed, registration.PayoutReturned:
		return !v.State.Final() && v.State != registration.CompanyRequired
	}
	return false
}

type grantPayout struct {
	ByID
	Body struct {
		Reason string `json:"reason" doc:"Why one more payment is allowed; no ID, card, account or phone number" example:"A stranger had used up the account's payments."`
	}
}

func (s *server) grant(ctx context.Context, in *grantPayout) (*registrationAnswer, error) {
	if err := checkReason(in.Body.Reason); err != nil {
		return nil, err
	}
	return s.edited(ctx, in.ID, func() (*registration.Refusal, error) {
		return s.Store.GrantPayout(ctx, in.ID, byOps(ctx), in.Body.Reason)
	})
}

func checkReason(reason string) error {
	var c checks
	c.words("reason", reason, 1, longestReason)
	return c.problem()
}

// byOps names the ops person who calls, as the timeline does.
func byOps(ctx context.Context) string {
	return string(registration.ByOps) + ":" + requestOf(ctx).caller.name
}

// byReviewer names the reviewer who calls.
func byReviewer(ctx context.Context) registration.Actor {
	return registration.ByReviewer + ":" + registration.Actor(requestOf(ctx).caller.name)
}
