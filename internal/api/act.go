package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

// act is something a person asks for that goes through the workflow.
type act struct {
	registration string // its id, or a clearing's
	clearing     bool
	kind         registration.Act
	role         registration.Role // admin_session
	purpose      string            // what the input is sealed for
	input        any               // nil: none
	leftover     bool              // the workflow keeps no use for the input once it has answered
	by           registration.Actor
	// before is what must hold before the act is begun, beyond its state: the payment password, say. It is not asked
	// again when an act that was begun is repeated.
	before func(ctx context.Context, st postgres.Standing, actID string) error
}

// result is what an act came to: done, or still being worked on.
type result struct {
	actID string
	later bool
}

func (r result) status() int {
	if r.later {
		return http.StatusAccepted
	}
	return http.StatusOK
}

// run takes an act through: judged by its state, noted with its input, handed to the workflow, answered.
func (s *server) run(ctx context.Context, a act) (result, error) {
	actID, workflowID, begun, err := s.begin(ctx, a)
	switch {
	case err != nil:
		return result{}, err
	case begun.Finished:
		return ended(actID, begun)
	}
	args := registration.ActArgs{ActID: actID, RegistrationID: a.registration, Actor: cmp.Or(a.by, registration.ByApplicant), Role: a.role}
	if begun.InputRef != nil {
		args.InputRef = *begun.InputRef
	}
	return s.settle(ctx, a, workflowID, args, s.hand(ctx, a, workflowID, args))
}

// lagPause is how long a run that lags behind the database is given before it is asked again.
const lagPause = 200 * time.Millisecond

// hand gives an act to its workflow, again while the run lags behind what is stored.
func (s *server) hand(ctx context.Context, a act, workflowID string, args registration.ActArgs) error {
	pause := time.NewTicker(lagPause)
	defer pause.Stop()
	for {
		_, err := s.Engine.Act(ctx, workflowID, a.kind, args, s.wait(ctx))
		if !s.lags(ctx, a, args.ActID, err) {
			return err
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return engine.ErrUnavailable
		}
	}
}

// lags reports whether the run refused an act that the stored state allows: a task of the run was lost after its step
// had committed, and it has not taken the step again yet.
func (s *server) lags(ctx context.Context, a act, actID string, err error) bool {
	var refusal *registration.Refusal
	if !errors.As(err, &refusal) || refusal.Code != registration.CodeWrongState && refusal.Code != registration.CodeSubmittedLocked {
		return false
	}
	if record, err := s.Store.ActOf(ctx, actID); err != nil || record.Finished {
		return false
	}
	st, err := s.standingOf(ctx, a)
	return err == nil && refusal.State != "" && st.State != refusal.State && registration.RefuseAct(st.Kind, st.State, a.kind) == nil
}

// begin judges an act and notes it, in the time that leaves enough for the engine.
func (s *server) begin(ctx context.Context, a act) (actID, workflowID string, begun postgres.ActRecord, err error) {
	ctx, cancel := s.beforehand(ctx)
	defer cancel()
	if err := mustBeID(a.registration); err != nil {
		return "", "", begun, err
	}
	actID, known, err := s.generation(ctx)
	if err != nil {
		return "", "", begun, err
	}
	st, err := s.standingOf(ctx, a)
	if err != nil {
		return "", "", begun, err
	}
	if !known {
		if err := s.permit(ctx, a, st, actID); err != nil {
			return "", "", begun, err
		}
	}
	begun, refusal, err := s.Store.BeginAct(ctx, postgres.Act{ID: actID, RegistrationID: a.registration, Act: a.kind}, a.purpose, a.input)
	if refusal != nil {
		err = refusal
	}
	return actID, workflowOf(st, a.registration), begun, err
}

// standingOf reads how what the act is about stands.
func (s *server) standingOf(ctx context.Context, a act) (postgres.Standing, error) {
	if a.clearing {
		return s.Store.ClearingStanding(ctx, a.registration)
	}
	return s.Store.StandingOf(ctx, a.registration)
}

// workflowOf names the workflow that runs what stands so.
func workflowOf(st postgres.Standing, id string) string {
	if st.Kind == registration.IdentityClearing {
		return registration.ClearingApplication{ClearingID: id, AccountID: st.AccountID}.WorkflowID()
	}
	return registration.WorkflowID(st.AccountID)
}

// generation is the call's act: known if an earlier call with the same key has begun it. An act whose answer is not kept
// (429, 5xx) is over, and a repeat is another act.
func (s *server) generation(ctx context.Context) (actID string, known bool, err error) {
	const most = 100
	for n := range most {
		actID = s.id(ctx, "act", n)
		record, err := s.Store.ActOf(ctx, actID)
		switch {
		case errors.Is(err, postgres.ErrNotFound):
			return actID, false, nil
		case err != nil:
			return "", false, err
		case record.Refusal == nil || postgres.Kept(problem.FromRefusal(record.Refusal, s.Now()).Status):
			return actID, true, nil
		}
	}
	return "", false, problem.New(problem.CodeRateLimited)
}

// permit judges an act before anything is written. The workflow judges again.
func (s *server) permit(ctx context.Context, a act, st postgres.Standing, actID string) error {
	if refusal := registration.RefuseAct(st.Kind, st.State, a.kind); refusal != nil {
		return refusal
	}
	if a.before == nil {
		return nil
	}
	return a.before(ctx, st, actID)
}

// ended is the result of an act that was over already.
func ended(actID string, a postgres.ActRecord) (result, error) {
	if a.Refusal != nil {
		return result{}, a.Refusal
	}
	return result{actID: actID}, nil
}

// settle puts the engine's answer to an act on record.
func (s *server) settle(ctx context.Context, a act, workflowID string, args registration.ActArgs, err error) (result, error) {
	// The act is decided: what is left is to write that down, whatever time was left for it.
	ctx, cancel := context.WithTimeout(detached(ctx), actMargin)
	defer cancel()
	if err != nil && !errors.Is(err, engine.ErrStillWorking) {
		// A step may have closed the act although the engine lost its answer: what is written counts.
		if record, readErr := s.Store.ActOf(ctx, args.ActID); readErr == nil && record.Finished {
			s.discard(ctx, a, args, record.Refusal != nil)
			return ended(args.ActID, record)
		}
	}
	var refusal *registration.Refusal
	switch {
	case err == nil:
		s.discard(ctx, a, args, false)
		return result{actID: args.ActID}, nil
	case errors.As(err, &refusal):
		s.note(ctx, s.Store.ForgetAct(ctx, args.ActID))
		s.discard(ctx, a, args, true)
		return result{}, refusal
	case errors.Is(err, engine.ErrStillWorking):
		return s.later(ctx, a, workflowID, args)
	case errors.Is(err, engine.ErrNoRun):
		s.note(ctx, s.Store.ForgetAct(ctx, args.ActID))
		return result{}, s.standsInTheWay(ctx, a)
	}
	s.note(ctx, s.Store.UncountAct(ctx, args.ActID))
	return result{}, err
}

// standsInTheWay is why no workflow takes an act: the registration has ended meanwhile, or the engine has lost it.
func (s *server) standsInTheWay(ctx context.Context, a act) error {
	st, err := s.standingOf(ctx, a)
	if err != nil {
		return err
	}
	if refusal := registration.RefuseAct(st.Kind, st.State, a.kind); refusal != nil {
		return refusal
	}
	return engine.ErrNoRun
}

// later answers 202, unless the act was done in the last moment, and sees to it that the act is ended one day.
func (s *server) later(ctx context.Context, a act, workflowID string, args registration.ActArgs) (result, error) {
	deferred, err := s.Store.DeferAct(ctx, args.ActID)
	if err != nil {
		return result{}, err
	}
	if deferred {
		go s.follow(detached(ctx), a, workflowID, args)
		return result{actID: args.ActID, later: true}, nil
	}
	record, err := s.Store.ActOf(ctx, args.ActID)
	if err != nil {
		return result{}, err
	}
	return ended(args.ActID, record)
}

const (
	followFor   = 10 * time.Minute
	followPause = time.Second
)

// follow waits for an act whose caller has been answered: one that no worker had accepted is offered again, and one that
// the workflow refuses without a step of its own is ended here.
func (s *server) follow(ctx context.Context, a act, workflowID string, args registration.ActArgs) {
	ctx, cancel := context.WithTimeout(ctx, followFor)
	defer cancel()
	for ctx.Err() == nil {
		record, err := s.Store.ActOf(ctx, args.ActID)
		if err == nil && record.Finished || errors.Is(err, postgres.ErrNotFound) {
			return
		}
		if err == nil && s.followed(ctx, a, workflowID, args) {
			return
		}
		pause := time.NewTimer(followPause)
		select {
		case <-ctx.Done():
			pause.Stop()
		case <-pause.C:
		}
	}
	s.Log.ErrorContext(ctx, "an act that was answered 202 has not ended", "registration_id", a.registration, "act", a.kind)
}

// followed reports whether the act has ended.
func (s *server) followed(ctx context.Context, a act, workflowID string, args registration.ActArgs) bool {
	until := time.Now().Add(time.Minute)
	_, err := s.Engine.Act(ctx, workflowID, a.kind, args, engine.Wait{Taken: until, Done: until})
	var refusal *registration.Refusal
	switch {
	case err == nil:
		s.discard(ctx, a, args, false)
		return true
	case errors.As(err, &refusal):
	case errors.Is(err, engine.ErrNoRun):
		if !errors.As(s.standsInTheWay(ctx, a), &refusal) {
			return false
		}
	default:
		return false
	}
	if err := s.Store.EndAct(ctx, args.ActID, refusal); err != nil {
		s.note(ctx, err)
		return false
	}
	s.discard(ctx, a, args, true)
	return true
}

// discard forgets what was handed in with an act that was refused, or that has left no use for it.
func (s *server) discard(ctx context.Context, a act, args registration.ActArgs, refused bool) {
	if args.InputRef != "" && (refused || a.leftover) {
		s.note(ctx, s.Store.Discard(ctx, args.InputRef))
	}
}

// note logs a failure to tidy up, which changes no answer.
func (s *server) note(ctx context.Context, err error) {
	if err != nil {
		s.Log.WarnContext(ctx, "something was left behind", "operation", sightOf(ctx).named(), "error", err)
	}
}
