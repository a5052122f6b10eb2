package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
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
	by           registration.Actor
	// before is what must hold before the act is begun, beyond its state: the payment password, say. It is not asked
	// again when an act that was begun is repeated.
	before func(ctx context.Context, look *postgres.ActLook, actID string) error
	// password: before asks for the payment password, and a right one is no try.
	password bool
	looked   *looked // nil: the case is still to be looked at
}

// looked is a case that was looked at for an act, and the act's id.
type looked struct {
	*postgres.ActLook
	actID string
}

// result is what an act came to: done, or still being worked on.
type result struct {
	actID string
	later bool
	// left is what is still to be written down of it, with the answer that is read.
	left postgres.Leftover
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
	args := registration.ActArgs{ActID: actID, RegistrationID: a.registration, Actor: a.actor(), Role: a.role}
	if begun.InputRef != nil {
		args.InputRef = *begun.InputRef
	}
	answer, err := s.send(ctx, a, workflowID, args)
	return s.settle(ctx, a, args, answer, err)
}

func (a act) actor() registration.Actor { return cmp.Or(a.by, registration.ByApplicant) }

// behindPause is how long a run that is behind its row is given before it is asked again.
const behindPause = 200 * time.Millisecond

// send gives an act to its run. One that is behind its row is told to look, and asked again: its judgement counts for
// nothing. If it stays behind for as long as the call may take, the act is still to be done.
func (s *server) send(ctx context.Context, a act, workflowID string, args registration.ActArgs) (registration.Answer, error) {
	until := s.wait(ctx).Done
	for nudged := false; ; nudged = true {
		answer, err := s.Engine.Act(ctx, workflowID, a.kind, args, s.wait(ctx))
		if !s.runIsBehind(ctx, a, args.ActID, err) {
			return answer, err
		}
		if !nudged {
			s.note(ctx, s.Engine.Nudge(ctx, workflowID, a.registration))
		}
		if !s.pause(ctx, behindPause, until) {
			return answer, engine.ErrStillWorking
		}
	}
}

// pause waits a little. It reports false if there is no time for it.
func (s *server) pause(ctx context.Context, d time.Duration, until time.Time) bool {
	if s.Now().Add(d).After(until) {
		return false
	}
	pause := time.NewTimer(d)
	defer pause.Stop()
	select {
	case <-pause.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// runIsBehind reports whether the run refused an act that the stored state allows: a task of the run was lost after its step
// had committed, or the run was reset. So does one whose row cannot be read: nobody can say that the run is right.
func (s *server) runIsBehind(ctx context.Context, a act, actID string, err error) bool {
	var refusal *registration.Refusal
	if !errors.As(err, &refusal) || !slices.Contains(byState, refusal.Code) {
		return false
	}
	if record, err := s.Store.ActOf(ctx, actID); err == nil && record.Finished {
		return false
	}
	st, err := s.standingOf(ctx, a)
	return err != nil || refusal.State != st.State && registration.RefuseAct(st.Kind, st.State, a.kind) == nil
}

// byState are the refusals of a run's own judgement: of a state, or of an act that is another's.
var byState = []registration.Code{registration.CodeWrongState, registration.CodeSubmittedLocked, registration.CodeNotFound}

// begin judges an act and notes it, in the time that leaves enough for the engine.
func (s *server) begin(ctx context.Context, a act) (actID, workflowID string, begun postgres.ActRecord, err error) {
	ctx, cancel := s.beforehand(ctx)
	defer cancel()
	if a.looked == nil {
		if a.looked, err = s.look(ctx, a); err != nil {
			return "", "", begun, err
		}
	}
	look := a.looked.ActLook
	actID = a.looked.actID
	if !look.Begun {
		if err := s.permit(ctx, a, look, actID); err != nil {
			return "", "", begun, err
		}
	}
	noted := postgres.Act{
		ID: actID, RegistrationID: a.registration, Act: a.kind, Actor: a.actor(), Role: a.role, Budget: s.ActsPerHour, AnswerBy: s.fence(ctx),
		Password: a.password && !look.Begun,
	}
	if a.actor() == registration.ByApplicant {
		noted.By = requestOf(ctx).caller.name
	}
	begun, refusal, err := s.Store.BeginLookedAt(ctx, look, noted, a.purpose, a.input)
	if err != nil && noted.Password {
		s.returnPassword(ctx, actID)
	}
	if refusal != nil {
		err = refusal
	}
	return actID, look.WorkflowID(a.registration), begun, err
}

// look reads how the case of an act stands, and which act the call is: that of an earlier call with the same key, if it has begun
// it. An act whose answer is not kept (429, 5xx) is over, and a repeat is another act.
func (s *server) look(ctx context.Context, a act) (*looked, error) {
	if err := mustBeID(a.registration); err != nil {
		return nil, err
	}
	const most = 100
	for n := range most {
		actID := s.id(ctx, "act", n)
		look, err := s.Store.LookForAct(ctx, a.clearing, a.registration, actID, a.kind)
		switch {
		case err != nil:
			return nil, err
		case look.Begun && look.Record.Closed: // it was answered that it was not done, and never will be
		case look.Begun && look.Record.Refusal != nil && !postgres.Kept(problem.FromRefusal(look.Record.Refusal, s.Now()).Status):
		default:
			return &looked{look, actID}, nil
		}
	}
	return nil, problem.New(problem.CodeRateLimited)
}

// standingOf reads how what the act is about stands.
func (s *server) standingOf(ctx context.Context, a act) (postgres.Standing, error) {
	if a.clearing {
		return s.Store.ClearingStanding(ctx, a.registration)
	}
	return s.Store.StandingOf(ctx, a.registration)
}

// permit judges an act before anything is written: one that would change nothing costs the run nothing. The step judges again.
func (s *server) permit(ctx context.Context, a act, look *postgres.ActLook, actID string) error {
	if refusal := registration.RefuseAct(look.Kind, look.State, a.kind); refusal != nil {
		return refusal
	}
	if a.before == nil {
		return nil
	}
	return a.before(ctx, look, actID)
}

// judged is a hook that refuses what the step would refuse without changing anything.
func judged(judge func(ctx context.Context, look *postgres.ActLook) (*registration.Refusal, error)) func(context.Context, *postgres.ActLook, string) error {
	return func(ctx context.Context, look *postgres.ActLook, _ string) error { return refused(judge(ctx, look)) }
}

// ended is the result of an act that was over already.
func ended(actID string, a postgres.ActRecord) (result, error) {
	if a.Refusal != nil {
		return result{}, a.Refusal
	}
	return result{actID: actID}, nil
}

// settle puts the run's answer to an act on record.
func (s *server) settle(ctx context.Context, a act, args registration.ActArgs, answer registration.Answer, err error) (result, error) {
	// The act is decided: what is left is to write that down, whatever time was left for it.
	ctx, cancel := context.WithTimeout(detached(ctx), actMargin)
	defer cancel()
	if err == nil { // the rest is written down with the answer that is read
		return result{actID: args.ActID, left: postgres.Leftover{ID: a.registration, Version: answer.Version, Input: spent(a, args)}}, nil
	}
	if answer.Version > 0 {
		s.note(ctx, s.Store.Acknowledge(ctx, a.registration, answer.Version))
	}
	if !errors.Is(err, engine.ErrStillWorking) {
		// A step may have ended the act although the engine lost its answer: what is written counts, and the run will be told.
		if record, readErr := s.Store.ActOf(ctx, args.ActID); readErr == nil && record.Finished {
			s.discard(ctx, a, args, record.Refusal != nil)
			return ended(args.ActID, record)
		}
	}
	var refusal *registration.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Code == registration.CodeProviderUnavailable:
		// A step came too late for it, or the run takes nothing on. Either way its id is spent: a repeat is another act.
		return s.close(ctx, args, refusal)
	case errors.As(err, &refusal):
		s.note(ctx, s.Store.ForgetAct(ctx, args.ActID))
		return result{}, refusal
	case errors.Is(err, engine.ErrStillWorking):
		return s.later(ctx, args)
	case errors.Is(err, engine.ErrNoRun):
		return s.withoutRun(ctx, a, args)
	}
	return s.close(ctx, args, err)
}

// withoutRun refuses an act whose registration has ended meanwhile. If its row is open its run is gone, and the act waits for
// the one that is started in its place.
func (s *server) withoutRun(ctx context.Context, a act, args registration.ActArgs) (result, error) {
	st, err := s.standingOf(ctx, a)
	if err != nil {
		return s.close(ctx, args, err)
	}
	if refusal := registration.RefuseAct(st.Kind, st.State, a.kind); refusal != nil {
		s.note(ctx, s.Store.ForgetAct(ctx, args.ActID))
		return result{}, refusal
	}
	_, err = s.Store.Missing(ctx, a.registration)
	s.note(ctx, err)
	return s.later(ctx, args)
}

// later answers 202, unless the act was ended in the last moment. From here on the relay offers the act to its run, whatever
// becomes of this process.
func (s *server) later(ctx context.Context, args registration.ActArgs) (result, error) {
	deferred, err := s.Store.DeferAct(ctx, args.ActID)
	if err != nil {
		return s.close(ctx, args, err)
	}
	if deferred {
		return result{actID: args.ActID, later: true}, nil
	}
	return s.closed(ctx, args, engine.ErrUnavailable)
}

// close answers an act with an error, and sees to it first that it is never done: the caller was told that it was not.
func (s *server) close(ctx context.Context, args registration.ActArgs, err error) (result, error) {
	closed, closeErr := untilFenced(ctx, s, func(ctx context.Context) (bool, error) { return s.Store.CloseAct(ctx, args.ActID) })
	if closed || closeErr != nil {
		s.note(ctx, closeErr)
		return result{}, err
	}
	return s.closed(ctx, args, err)
}

// closed answers an act that was over already: as it ended, with 202 if another call with the same key was, else with err.
func (s *server) closed(ctx context.Context, args registration.ActArgs, err error) (result, error) {
	record, readErr := untilFenced(ctx, s, func(ctx context.Context) (postgres.ActRecord, error) { return s.Store.ActOf(ctx, args.ActID) })
	switch {
	case readErr != nil || record.Closed:
		return result{}, err
	case record.Finished:
		return ended(args.ActID, record)
	}
	return result{actID: args.ActID, later: true}, nil
}

// discard forgets what was handed in with an act that was refused, or that has left no use for it.
func (s *server) discard(ctx context.Context, a act, args registration.ActArgs, refused bool) {
	if args.InputRef != "" && (refused || a.kind.InputSpent()) {
		s.note(ctx, s.Store.Discard(ctx, args.InputRef))
	}
}

// spent is what was handed in with an act that was done, if it has left no use for it; else empty.
func spent(a act, args registration.ActArgs) string {
	if !a.kind.InputSpent() {
		return ""
	}
	return args.InputRef
}

// note logs a failure to tidy up, which changes no answer.
func (s *server) note(ctx context.Context, err error) {
	if err != nil {
		s.Log.WarnContext(ctx, "something was left behind", "operation", sightOf(ctx).named(), "error", err)
	}
}
