package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/internal/wallet"
	"shiming/registration"
)

// Preflight is what the conditions came to, before anybody has asked for a clearing.
type Preflight struct {
	Eligible   bool                     `json:"eligible" doc:"Whether every condition but holder_request is met"`
	Conditions []registration.Condition `json:"conditions" doc:"All seven conditions"`
}

// preflight asks the wallet. The answer does not tell whether the account has an identity.
func (s *server) preflight(ctx context.Context, in *AtAccount) (*struct{ Body Preflight }, error) {
	if err := mustBeID(in.AccountID); err != nil {
		return nil, err
	}
	facts, err := s.facts(ctx, in.AccountID)
	if err != nil {
		return nil, err
	}
	conditions, err := s.Store.Preflight(ctx, in.AccountID, facts)
	if err != nil {
		return nil, err
	}
	return &struct{ Body Preflight }{Preflight{Eligible: conditions.Eligible(), Conditions: conditions}}, nil
}

func (s *server) facts(ctx context.Context, accountID string) (wallet.Facts, error) {
	facts, err := s.Wallet.Facts(ctx, accountID)
	if err != nil {
		return facts, s.walletFailed(ctx, err)
	}
	return facts, nil
}

// ClearingClaim is who asks for a clearing, and why.
type ClearingClaim struct {
	HolderName string `json:"holder_name" doc:"Name on the ID card" example:"张三"`
	IDNumber   string `json:"id_number" doc:"Resident ID number" example:"110101199003077758"`
	Reason     string `json:"reason" doc:"Why it should be cleared, up to 500 characters" example:"I have left the company."`
}

const longestClaim = 500

func (c *ClearingClaim) check(s *server) (dossier.Claim, error) {
	var errs checks
	claim := dossier.Claim{
		Holder:   errs.take("holder_name", "", c.HolderName, chinaid.CleanName),
		IDNumber: errs.take("id_number", problem.CodeIDNumberInvalid, c.IDNumber, residentID(s.Now())),
		Reason:   errs.take("reason", "", c.Reason, prose(1, longestClaim)),
	}
	return claim, errs.problem()
}

type openClearing struct {
	AtAccount
	Body struct {
		ClearingClaim
		WhenEligible bool `json:"when_eligible,omitempty" doc:"Also if only time is missing: wait, and go on by itself" example:"false"`
	}
}

type contest struct{ Body ClearingClaim }

// clearingOpened is a new clearing and where it is.
type clearingOpened struct {
	Status   int
	Location string `header:"Location" doc:"Where the clearing is" example:"/v1/accounts/acct-1001/identity-clearing"`
	Body     *registration.ClearingView
}

// openClearing starts the clearing of an account's identity.
func (s *server) openClearing(ctx context.Context, in *openClearing) (*clearingOpened, error) {
	if err := mustBeID(in.AccountID); err != nil {
		return nil, err
	}
	claim, err := in.Body.check(s)
	if err != nil {
		return nil, err
	}
	app := registration.ClearingApplication{
		ClearingID: s.id(ctx, "clr", 0), AccountID: in.AccountID, WhenEligible: in.Body.WhenEligible, OpenBy: s.fence(ctx),
	}
	asking := postgres.Asking{ClearingID: app.ClearingID, AccountID: in.AccountID, Claim: claim, By: byPlatform(ctx)}
	where := strings.Replace(byAccountPath, "{account_id}", in.AccountID, 1)
	switch known, err := s.prepareClearing(ctx, &app, asking); {
	case err != nil:
		return nil, err
	case known:
		return s.clearingCreated(ctx, app.ClearingID, where, postgres.Leftover{})
	}
	opened, err := s.startClearing(ctx, app, where)
	if err != nil {
		s.giveBack(ctx, err, func(ctx context.Context) error { return s.Store.ReturnClaim(ctx, asking) })
	}
	return opened, err
}

// giveBack undoes the count of a claim whose caller is answered that nothing was done and nobody was compared.
func (s *server) giveBack(ctx context.Context, err error, undo func(context.Context) error) {
	if s.problemOf(ctx, err).Status < http.StatusInternalServerError {
		return
	}
	ctx, cancel := context.WithTimeout(detached(ctx), actMargin)
	defer cancel()
	s.note(ctx, undo(ctx))
}

// byPlatform names the platform's backend that calls, as the timeline does.
func byPlatform(ctx context.Context) string {
	return string(platform) + ":" + requestOf(ctx).caller.name
}

// prepareClearing does what comes before the workflow: it asks whether the account is free to be cleared, judges the
// conditions, and seals what was handed in. known: an earlier call with the same key has opened the clearing.
func (s *server) prepareClearing(ctx context.Context, app *registration.ClearingApplication, asking postgres.Asking) (known bool, err error) {
	ctx, cancel := s.beforehand(ctx)
	defer cancel()
	if _, err := s.Store.ClearingStanding(ctx, app.ClearingID); !errors.Is(err, postgres.ErrNotFound) {
		return err == nil, err
	}
	if err := s.mayOpenAny(ctx); err != nil {
		return false, err
	}
	kind, refusal, err := s.Store.MayClear(ctx, app.AccountID)
	switch {
	case err != nil:
		return false, err
	case refusal != nil:
		return false, refusal
	}
	facts, err := s.facts(ctx, app.AccountID)
	if err != nil {
		return false, err
	}
	conditions, refusal, err := s.Store.JudgeClaim(ctx, asking, facts)
	switch {
	case err != nil:
		return false, err
	case refusal != nil:
		return false, refusal
	}
	needed := conditions.NeededToOpen(kind)
	if _, timeCures := needed.EligibleAt(); !needed.Eligible() && (!timeCures || !app.WhenEligible) {
		return false, notEligible(conditions)
	}
	return false, s.abandoned(ctx, app.ClearingID, s.keepClaim(ctx, app, asking.Claim, conditions))
}

// keepClaim seals who asks, and the conditions as they were judged (nil: they were not), under a data key of the clearing's own.
func (s *server) keepClaim(ctx context.Context, app *registration.ClearingApplication, claim dossier.Claim, conditions registration.Conditions) error {
	app.ClaimRef = s.id(ctx, "vlt", 0) // the same in a repeated call, as of a registration
	all := []postgres.HandedIn{{Ref: app.ClaimRef, Purpose: dossier.PurposeClaim, Value: claim}}
	if conditions != nil {
		app.ConditionsRef = s.id(ctx, "vlt", 1)
		all = append(all, postgres.HandedIn{Ref: app.ConditionsRef, Purpose: dossier.PurposeConditions, Value: dossier.Conditions{Conditions: conditions}})
	}
	return s.Store.KeepOpening(ctx, app.ClearingID, requestOf(ctx).caller.name, all...)
}

// contest starts a contested claim.
func (s *server) contest(ctx context.Context, in *contest) (*clearingOpened, error) {
	claim, err := in.Body.check(s)
	if err != nil {
		return nil, err
	}
	app := registration.ClearingApplication{ClearingID: s.id(ctx, "clr", 0), OpenBy: s.fence(ctx)}
	where := strings.Replace(byIDPath, "{id}", app.ClearingID, 1)
	switch _, err := s.Store.ClearingStanding(ctx, app.ClearingID); {
	case err == nil: // opened by an earlier call with the same key
		return s.clearingCreated(ctx, app.ClearingID, where, postgres.Leftover{})
	case !errors.Is(err, postgres.ErrNotFound):
		return nil, err
	}
	if err := s.mayOpenAny(ctx); err != nil {
		return nil, err
	}
	if refusal, err := s.Store.TryContest(ctx, requestOf(ctx).caller.id, app.ClearingID, claim); refusal != nil || err != nil {
		return nil, refused(refusal, err)
	}
	opened, err := s.openContest(ctx, app, claim, where)
	if err != nil {
		s.giveBack(ctx, err, func(ctx context.Context) error { return s.Store.ReturnContest(ctx, app.ClearingID) })
	}
	return opened, err
}

func (s *server) openContest(ctx context.Context, app registration.ClearingApplication, claim dossier.Claim, where string) (*clearingOpened, error) {
	if err := s.keepClaim(ctx, &app, claim, nil); err != nil {
		return nil, s.abandoned(ctx, app.ClearingID, err)
	}
	return s.startClearing(ctx, app, where)
}

// refused is the error that a refusal is, or the one that came instead.
func refused(refusal *registration.Refusal, err error) error {
	if refusal != nil {
		return refusal
	}
	return err
}

func (s *server) startClearing(ctx context.Context, app registration.ClearingApplication, where string) (*clearingOpened, error) {
	left, err := s.opening(ctx, opening{
		id: app.ClearingID, workflowID: app.WorkflowID(),
		open: func(wait engine.Wait) (registration.Answer, error) {
			return s.Engine.OpenClearing(ctx, app, registration.NewID("open"), wait)
		},
		barred: func() (*registration.Refusal, error) {
			if app.AccountID == "" {
				return nil, nil
			}
			_, refusal, err := s.Store.MayClear(ctx, app.AccountID)
			return refusal, err
		},
	})
	if err != nil {
		return nil, err
	}
	return s.clearingCreated(ctx, app.ClearingID, where, left)
}

func (s *server) clearingCreated(ctx context.Context, id, where string, left postgres.Leftover) (*clearingOpened, error) {
	answer, err := untilFenced(ctx, s, func(ctx context.Context) (*clearingAnswer, error) {
		now := left
		left = postgres.Leftover{} // as of a registration
		return s.clearingStands(ctx, id, http.StatusCreated, now)
	})
	if err != nil {
		return nil, err
	}
	return &clearingOpened{Status: http.StatusCreated, Location: strings.TrimRight(s.PublicURL, "/") + where, Body: answer.Body}, nil
}
