package api

import (
	"context"
	"net/http"

	"shiming/registration"
)

// accounts makes the routes about platform accounts.
func (s *server) accounts() {
	register(s, route{
		id: "get-account", method: http.MethodGet, path: "/v1/accounts/{account_id}", tag: "Accounts", summary: "Read an account's standing",
		description: "How an account stands as a developer, by its running registration or its last decision.",
	}, s.account)
}

type byAccount struct {
	AccountID string `path:"account_id" doc:"The platform account" example:"acct-1001"`
}

// Account is how a platform account stands as a developer.
type Account struct {
	AccountID      string                     `json:"account_id" doc:"The platform account" example:"acct-1001"`
	Standing       string                     `json:"standing" enum:"unregistered,registering,active,identity_required,rejected" doc:"How it stands" example:"active"`
	Kind           *registration.Kind         `json:"kind" enum:"individual,enterprise" doc:"Who registers" example:"individual"`
	Name           *string                    `json:"name" doc:"Developer or company name" example:"Harbour Light"`
	RegistrationID *string                    `json:"registration_id" doc:"The registration this stands by" example:"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	Identity       *registration.IdentityView `json:"identity" doc:"The verified person; null unless the account is registering or active"`
}

func (s *server) account(ctx context.Context, in *byAccount) (*struct{ Body Account }, error) {
	if err := mustBeID(in.AccountID); err != nil {
		return nil, err
	}
	a, err := s.Store.AccountOf(ctx, in.AccountID)
	if err != nil {
		return nil, err
	}
	return &struct{ Body Account }{Account{
		AccountID: in.AccountID, Standing: a.Standing, Kind: a.Kind, Name: a.Name, RegistrationID: a.RegistrationID, Identity: a.Identity,
	}}, nil
}
