package api

import (
	"context"
	"errors"
	"net/http"

	"shiming/internal/engine"
	"shiming/internal/problem"
	"shiming/internal/restore"
	"shiming/registration"
)

// repairs makes the routes by which ops has the run of one registration or clearing brought to where its row stands.
func (s *server) repairs() {
	const about = "Looks at its run: one that is gone is started again where the row stands, one that is behind is told to look. One that knows more than its row is refused, " +
		"wrong_state: the row may have forgotten a payment, so the database is to be repaired as a whole, with the moment that it was restored to. What was found and done is answered, and on the timeline with the person. Not while the database is held after a restore: repair it as a whole first."
	codes := []problem.Code{registration.CodeHeldAfterRestore, registration.CodeWrongState}
	register(s, route{
		id: "repair-registration", method: http.MethodPost, path: "/v1/registrations/{id}/repair", tag: findingTag, summary: "Repair a registration's run",
		description: about, codes: codes,
	}, func(ctx context.Context, in *repairRegistration) (*repairAnswer, error) {
		return s.repair(ctx, in.ID, in.Body)
	})
	register(s, route{
		id: "repair-clearing", method: http.MethodPost, path: byIDPath + "/repair", tag: findingTag, summary: "Repair a clearing's run", description: about, codes: codes,
	}, func(ctx context.Context, in *repairClearing) (*repairAnswer, error) {
		return s.repair(ctx, in.ID, in.Body)
	})
}

// RepairReason is why somebody has a run repaired.
type RepairReason struct {
	Reason string `json:"reason" doc:"Why; no ID, card, account or phone number" example:"It has not moved since the restore."`
}

type repairRegistration struct {
	ByID
	Body RepairReason
}

type repairClearing struct {
	AtClearing
	Body RepairReason
}

// Repair is what was found of a run, and done about it.
type Repair struct {
	ID    string `json:"id" doc:"The registration or clearing" example:"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	Done  string `json:"done" enum:"started,told,nothing" doc:"What was done: started where none was, told to look, or nothing" example:"started"`
	Found string `json:"found" doc:"What was found" example:"it is open and had no run"`
}

type repairAnswer struct{ Body Repair }

func (s *server) repair(ctx context.Context, id string, in RepairReason) (*repairAnswer, error) {
	if err := errors.Join(mustBeID(id), checkReason(in.Reason)); err != nil {
		return nil, err
	}
	if s.Runs == nil {
		return nil, engine.ErrUnavailable
	}
	done, err := restore.One(ctx, s.Store, s.Runs, id, byOps(ctx), in.Reason)
	if err != nil {
		return nil, err
	}
	return &repairAnswer{Repair{ID: done.Subject, Done: done.Done, Found: done.Found}}, nil
}
