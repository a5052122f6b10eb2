package api

import (
	"context"
	"errors"

	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/registration"
)

// mayOpenAny refuses whatever is to be opened while it is not known whether the database is behind its engine, or while it is held
// for that.
func (s *server) mayOpenAny(ctx context.Context) error {
	if !s.Compared() {
		return engine.ErrUnavailable
	}
	return refused(s.Store.Held(ctx))
}

// opening is a registration or a clearing about to be opened.
type opening struct {
	id, workflowID string
	// open asks for it, by another update id each time: the engine answers one that a run has refused with that refusal for good,
	// also when the run is over. Its own id makes the opening the same opening.
	open   func(wait engine.Wait) (registration.Answer, error)
	barred func() (*registration.Refusal, error) // what the row of the account says against it
}

// opening has the engine open it. Whoever is answered with an error has nothing opened later: what was handed in is gone by
// then. A run in the way that should have ended is told to look, and one that has just ended is followed by another. What is left
// to be written of it is for who reads the answer.
func (s *server) opening(ctx context.Context, o opening) (left postgres.Leftover, err error) {
	until := s.wait(ctx).Done
	for {
		answer, err := o.open(s.wait(ctx))
		if err == nil {
			requestOf(ctx).opened = true
			return postgres.Leftover{ID: o.id, Version: answer.Version}, nil
		}
		if !s.inTheWay(ctx, o, err) || !s.pause(ctx, behindPause, until) {
			return left, s.notOpened(ctx, o, err)
		}
	}
}

// abandoned forgets what was handed in for an opening that is not asked for, because it could not be kept as a whole.
func (s *server) abandoned(ctx context.Context, id string, err error) error {
	if err != nil {
		s.forget(ctx, id)
	}
	return err
}

// forget forgets what was handed in for an opening, unless it has come to be.
func (s *server) forget(ctx context.Context, id string) (stands bool) {
	stands, err := untilFenced(ctx, s, func(ctx context.Context) (bool, error) { return s.Store.CloseOpening(ctx, id) })
	s.note(ctx, err)
	return stands
}

// inTheWay reports whether it was refused by a run that is over by its row, or by one that has ended meanwhile.
func (s *server) inTheWay(ctx context.Context, o opening, err error) bool {
	var refusal *registration.Refusal
	switch {
	case errors.Is(err, engine.ErrNoRun):
		return true
	case !errors.As(err, &refusal):
		return false
	case refusal.Code == registration.CodeNotFound: // by a run for an earlier call, whose caller was told that nothing came to be
		return true
	case refusal.Code != registration.CodeRegistrationExists && refusal.Code != registration.CodeClearingExists:
		return false
	}
	if barred, err := o.barred(); barred != nil || err != nil {
		return false
	}
	s.note(ctx, s.Engine.Nudge(ctx, o.workflowID, o.id))
	return true
}

// notOpened forgets what was handed in, so that nothing comes to be later, and answers with err; unless it has come to be.
func (s *server) notOpened(ctx context.Context, o opening, err error) error {
	stands := s.forget(ctx, o.id)
	var refusal *registration.Refusal
	switch {
	case stands:
		return nil
	case errors.Is(err, engine.ErrNoRun), errors.As(err, &refusal) && refusal.Code == registration.CodeNotFound:
		return engine.ErrUnavailable
	}
	return err
}
