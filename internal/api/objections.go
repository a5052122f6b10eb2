package api

import (
	"context"

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

// object takes the objection of whoever has the notice's link. It is stored before it is answered, so that it counts
// whoever works on it, and when. Whatever is wrong with the token, the answer is the same.
func (s *server) object(ctx context.Context, in *objection) (*struct{ Body Objection }, error) {
	if requestOf(ctx).stranger {
		return nil, problem.New(registration.CodeNotFound)
	}
	if err := s.Store.Object(ctx, in.Body.Token); err != nil {
		return nil, err
	}
	return &struct{ Body Objection }{Objection{Accepted: true}}, nil
}
