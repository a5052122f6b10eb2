package api

import (
	"context"
	"errors"

	"shiming/internal/engine"
	"shiming/internal/problem"
	"shiming/registration"
)

type objection struct {
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"200" doc:"The token of the notice's link" example:"k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	}
}

// Objection says that an objection was taken.
type Objection struct {
	Accepted bool `json:"accepted" doc:"The objection was taken" example:"true"`
}

// object takes the objection of whoever has the notice's link. Whatever is wrong with the token, the answer is the same.
func (s *server) object(ctx context.Context, in *objection) (*struct{ Body Objection }, error) {
	if !visible(in.Body.Token) {
		return nil, problem.New(registration.CodeNotFound)
	}
	app, err := s.Store.ObjectionOf(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	args := registration.ActArgs{ActID: s.id(ctx, "act", 0), RegistrationID: app.ClearingID, Actor: registration.ByHolder}
	_, err = s.Engine.Act(ctx, app.WorkflowID(), registration.ActObject, args, s.wait(ctx))
	var refusal *registration.Refusal
	switch {
	case errors.As(err, &refusal), errors.Is(err, engine.ErrNoRun): // somebody was faster, or the time has just run out
		return nil, problem.New(registration.CodeNotFound)
	case err != nil && !errors.Is(err, engine.ErrStillWorking): // taken is taken
		return nil, err
	}
	return &struct{ Body Objection }{Objection{Accepted: true}}, nil
}
