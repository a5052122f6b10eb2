package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

const (
	shortestName = 2 // characters of a developer's or company's name
	longestName  = 50
)

type openRegistration struct {
	Body struct {
		AccountID       string              `json:"account_id" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" doc:"The platform account that registers; neither an ID number nor a phone number" example:"acct-1001"`
		Kind            registration.Kind   `json:"kind" enum:"individual,enterprise" doc:"Who registers" example:"individual"`
		Name            string              `json:"name" doc:"Developer or company name shown on the apps, 2 to 50 characters" example:"Harbour Light"`
		RegisteredEmail string              `json:"registered_email" doc:"The mailbox the account was registered with; notices go there" example:"chen@example.com"`
		Phone           string              `json:"phone" doc:"Mobile number of mainland China; notices go there" example:"13800138000"`
		Locale          registration.Locale `json:"locale,omitempty" enum:"zh-CN,en" default:"zh-CN" doc:"Language of notices" example:"zh-CN"`
	}
}

// opened is a new registration and where it is.
type opened struct {
	Status   int
	Location string `header:"Location" doc:"Where the registration is" example:"/v1/registrations/reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	Body     *registration.View
}

// open starts a registration. What was handed in is kept only if the registration comes to be.
func (s *server) open(ctx context.Context, in *openRegistration) (*opened, error) {
	applicant, err := in.applicant()
	if err != nil {
		return nil, err
	}
	app := registration.Application{
		RegistrationID: s.id(ctx, "reg", 0), AccountID: in.Body.AccountID, Kind: in.Body.Kind, Locale: cmp.Or(in.Body.Locale, registration.Chinese),
		OpenBy: s.fence(ctx),
	}
	switch known, err := s.prepare(ctx, &app, applicant); {
	case err != nil:
		return nil, err
	case known:
		return s.created(ctx, app.RegistrationID, postgres.Leftover{})
	}
	return s.start(ctx, app)
}

// prepare does what comes before the workflow: it asks whether the account is free and whom the wallet knows it as, and
// seals what was handed in. known: an earlier call with the same key has opened the registration.
func (s *server) prepare(ctx context.Context, app *registration.Application, applicant dossier.Applicant) (known bool, err error) {
	ctx, cancel := s.beforehand(ctx)
	defer cancel()
	look, err := s.Store.LookForOpening(ctx, app.AccountID, app.RegistrationID)
	switch {
	case err != nil, look.Stands:
		return look.Stands, err
	case !s.Compared():
		return false, engine.ErrUnavailable
	case look.Refusal != nil:
		return false, look.Refusal
	}
	person, err := s.knownToWallet(ctx, app.AccountID)
	if err != nil {
		return false, err
	}
	return false, s.abandoned(ctx, app.RegistrationID, s.keepApplicant(ctx, app, applicant, person))
}

func (in *openRegistration) applicant() (dossier.Applicant, error) {
	var c checks
	if chinaid.Identifies(in.Body.AccountID) {
		c.add("account_id", codePersonalData, "An account id must not say who somebody is: this one holds an ID number, or is a phone number. Send the platform's own id of the account.")
	}
	a := dossier.Applicant{
		Name:  c.take("name", "", in.Body.Name, text(shortestName, longestName)),
		Email: c.take("registered_email", "", in.Body.RegisteredEmail, canonical(chinaid.ParseEmail)),
		Phone: c.take("phone", problem.CodePhoneInvalid, in.Body.Phone, canonical(chinaid.ParseMobile)),
	}
	return a, c.problem()
}

// knownToWallet is the person as whom the wallet has verified the account, nil if it has not.
func (s *server) knownToWallet(ctx context.Context, accountID string) (*dossier.Person, error) {
	account, err := s.Wallet.Account(ctx, accountID)
	if err != nil {
		return nil, s.walletFailed(ctx, err)
	}
	if !account.Verified {
		return nil, nil
	}
	holder, nameErr := chinaid.CleanName(account.Holder)
	id, idErr := chinaid.ParseResidentID(account.IDNumber)
	if err := errors.Join(nameErr, idErr); err != nil {
		return nil, s.walletFailed(ctx, fmt.Errorf("the wallet names nobody: %w", err))
	}
	return &dossier.Person{Holder: holder, IDNumber: id.Value()}, nil
}

// walletFailed makes provider_unavailable of whatever kept the wallet from answering.
func (s *server) walletFailed(ctx context.Context, err error) error {
	s.Log.WarnContext(ctx, "the wallet did not answer", "operation", sightOf(ctx).named(), "error", err)
	return problem.New(registration.CodeProviderUnavailable)
}

// keepApplicant seals who applies, under a data key of the registration's own.
func (s *server) keepApplicant(ctx context.Context, app *registration.Application, applicant dossier.Applicant, person *dossier.Person) error {
	// By the same references in a repeated call: a run that an earlier one has started, and that no worker has taken up yet, then
	// finds what it is to open.
	app.ApplicantRef = s.id(ctx, "vlt", 0)
	all := []postgres.HandedIn{{Ref: app.ApplicantRef, Purpose: dossier.PurposeApplicant, Value: applicant}}
	if person != nil && app.Kind == registration.Individual {
		app.IdentityRef = s.id(ctx, "vlt", 1)
		all = append(all, postgres.HandedIn{Ref: app.IdentityRef, Purpose: dossier.PurposeIdentity, Value: *person})
	}
	return s.Store.KeepOpening(ctx, app.RegistrationID, requestOf(ctx).caller.name, all...)
}

func (s *server) start(ctx context.Context, app registration.Application) (*opened, error) {
	left, err := s.opening(ctx, opening{
		id: app.RegistrationID, workflowID: registration.WorkflowID(app.AccountID),
		open: func(wait engine.Wait) (registration.Answer, error) {
			return s.Engine.Open(ctx, app, registration.NewID("open"), wait)
		},
		barred: func() (*registration.Refusal, error) {
			return s.Store.MayRegister(ctx, app.AccountID, app.RegistrationID)
		},
	})
	if err != nil {
		return nil, err
	}
	return s.created(ctx, app.RegistrationID, left)
}

// created answers with a registration that stands. It is asked for until the call's time is over: to answer that nothing came to
// be would not be true any more.
func (s *server) created(ctx context.Context, id string, left postgres.Leftover) (*opened, error) {
	view, err := untilFenced(ctx, s, func(ctx context.Context) (*registration.View, error) {
		now := left
		left = postgres.Leftover{}                         // what could not be written at once is left to the reconciler
		ctx, cancel := context.WithTimeout(ctx, actMargin) // a connection that hangs is left for another
		defer cancel()
		return s.Store.ViewAfter(ctx, id, now)
	})
	if err != nil {
		return nil, err
	}
	return &opened{Status: http.StatusCreated, Location: strings.TrimRight(s.PublicURL, "/") + "/v1/registrations/" + id, Body: view}, nil
}
