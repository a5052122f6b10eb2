package api

import (
	"context"
	"sync"
	"time"

	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/wallet"
	"shiming/registration"
)

// stubEngine writes the steps of the happy path by itself, or answers what a test wants.
type stubEngine struct {
	store *postgres.Store

	mu     sync.Mutex
	answer func(act registration.Act, args registration.ActArgs) error // nil: the happy path
	acts   []registration.ActArgs
	opens  int
	before func() // an opening
	after  func()
	away   error
}

func (e *stubEngine) answers(f func(act registration.Act, args registration.ActArgs) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = f
}

func (e *stubEngine) goes(err error) { e.mu.Lock(); defer e.mu.Unlock(); e.away = err }

func (e *stubEngine) panics() {
	e.answers(func(registration.Act, registration.ActArgs) error { panic("a fault") })
}

func (e *stubEngine) told() []registration.ActArgs {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]registration.ActArgs(nil), e.acts...)
}

func (e *stubEngine) Ready(context.Context) error { e.mu.Lock(); defer e.mu.Unlock(); return e.away }

// Every run runs, and knows what its row knows.

func (e *stubEngine) Look(context.Context, string) (engine.Seen, error) {
	return engine.Seen{Runs: true, RunID: "run"}, nil
}

func (e *stubEngine) Known(context.Context, string) (version int64, err error) { return 0, nil }

func (e *stubEngine) End(context.Context, string, string, string) error { return nil }

func (e *stubEngine) Resume(context.Context, registration.Application) error { return nil }

func (e *stubEngine) ResumeClearing(context.Context, registration.ClearingApplication) error {
	return nil
}

func (e *stubEngine) Open(ctx context.Context, app registration.Application, _ string, _ engine.Wait) (registration.Answer, error) {
	e.mu.Lock()
	e.opens++
	away, before, after := e.away, e.before, e.after
	e.mu.Unlock()
	if away != nil {
		return registration.Answer{}, away
	}
	if before != nil {
		before()
	}
	result, err := e.store.Steps().Open(ctx, app)
	if after != nil {
		after()
	}
	return answerOf(result, err)
}

func (e *stubEngine) OpenClearing(ctx context.Context, app registration.ClearingApplication, _ string, _ engine.Wait) (registration.Answer, error) {
	return answerOf(e.store.Steps().OpenClearing(ctx, app))
}

func (e *stubEngine) Nudge(context.Context, string, string) error { return nil }

func (e *stubEngine) Act(ctx context.Context, _ string, act registration.Act, args registration.ActArgs, _ engine.Wait) (registration.Answer, error) {
	e.mu.Lock()
	e.acts = append(e.acts, args)
	away, answer := e.away, e.answer
	e.mu.Unlock()
	if away != nil {
		return registration.Answer{}, away
	}
	if answer != nil {
		return registration.Answer{}, answer(act, args)
	}
	return e.perform(ctx, act, args)
}

// perform takes the step that the workflow would take when all goes well. A clearing's conditions are not judged: a contested claim
// has none of the claimant's.
func (e *stubEngine) perform(ctx context.Context, act registration.Act, args registration.ActArgs) (registration.Answer, error) {
	step, steps := step(args), e.store.Steps()
	switch act {
	case registration.ActCard:
		return answerOf(e.store.CardAccepted(ctx, step, "bind_1"))
	case registration.ActCardCode:
		return answerOf(e.store.CardProven(ctx, step))
	case registration.ActAdminSession:
		session := postgres.AdminSession{SessionID: "ses_" + args.ActID, Role: args.Role, QRPayload: "qr:" + args.ActID, ExpiresAt: time.Now().Add(5 * time.Minute)}
		return answerOf(e.store.SessionOpened(ctx, step, session))
	case registration.ActCompany:
		return answerOf(steps.TakeCompany(ctx, step))
	case registration.ActDeposit:
		return answerOf(steps.EnterAmount(ctx, step))
	case registration.ActSubmit:
		return answerOf(steps.Submit(ctx, step))
	case registration.ActWithdraw:
		return answerOf(steps.Withdraw(ctx, step))
	case registration.ActDecide:
		return answerOf(steps.Decide(ctx, step))
	}
	return registration.Answer{}, engine.ErrNoRun
}

func answerOf(r registration.StepResult, err error) (registration.Answer, error) {
	if err == nil && r.Refusal != nil {
		err = r.Refusal
	}
	return registration.Answer{State: r.State, Sequence: r.Sequence, Version: r.Version}, err
}

// stubWallet knows one payment password and, if told, whose an account is.
type stubWallet struct {
	mu       sync.Mutex
	verified wallet.Account
	away     error
	asked    int
}

func (s *stubWallet) goes(err error) { s.mu.Lock(); defer s.mu.Unlock(); s.away = err }

func (s *stubWallet) knows(a wallet.Account) { s.mu.Lock(); defer s.mu.Unlock(); s.verified = a }

func (s *stubWallet) Account(context.Context, string) (wallet.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.verified, s.away
}

func (s *stubWallet) Facts(context.Context, string) (wallet.Facts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return wallet.Facts{OpenedAt: time.Now().AddDate(-1, 0, 0), Activated: true}, s.away
}

func (s *stubWallet) CheckPaymentPassword(_ context.Context, _, password string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.away != nil {
		return s.away
	}
	if password == "000000" {
		return wallet.ErrPasswordIncorrect
	}
	return nil
}
