package relay_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/storetest"
	"shiming/internal/dossier"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/relay"
	"shiming/registration"
)

// scripted is an engine that does what a test says.
type scripted struct {
	mu      sync.Mutex
	start   func(id string) error
	act     func(args registration.ActArgs) (registration.Answer, error)
	started []string
	args    [][]any // of each start
	nudged  []string
	offered []registration.ActArgs
	noRun   bool
	away    bool
}

// goes takes the engine away, or brings it back.
func (e *scripted) goes(away bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.away = away
}

func (e *scripted) Start(_ context.Context, _, id, _ string, args ...any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.args = append(e.args, args)
	e.started = append(e.started, id)
	if e.away {
		return engine.ErrUnavailable
	}
	if e.start == nil {
		return nil
	}
	return e.start(id)
}

func (e *scripted) Ready(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.away {
		return engine.ErrUnavailable
	}
	return nil
}

func (e *scripted) Restart(ctx context.Context, workflow, id, summary string, args ...any) error {
	return e.Start(ctx, workflow, "again/"+id, summary, args...)
}

func (e *scripted) Nudge(_ context.Context, _, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.nudged = append(e.nudged, id)
	if e.noRun {
		return engine.ErrNoRun
	}
	return nil
}

func (e *scripted) Act(_ context.Context, _ string, _ registration.Act, args registration.ActArgs, _ engine.Wait) (registration.Answer, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.offered = append(e.offered, args)
	return e.act(args)
}

func (e *scripted) told() (started, nudged []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.started...), append([]string(nil), e.nudged...)
}

// box is a store with a relay to a scripted engine.
type box struct {
	*world
	engine *scripted
}

func newBox(t *testing.T) *box {
	t.Helper()
	store := storetest.Open(t)
	e := &scripted{}
	return &box{world: &world{t: t, store: store, relay: &relay.Relay{Box: store, Engine: e, Log: quiet}}, engine: e}
}

// leave writes a message by hand.
func (b *box) leave(kind, ref string) {
	b.t.Helper()
	_, err := b.store.Pool().Exec(b.t.Context(), `insert into outbox (kind, ref, created_at, next_at) values ($1, $2, now(), now())`, kind, ref)
	require.NoError(b.t, err)
}

func (b *box) waits(kind string) (n int) {
	b.t.Helper()
	require.NoError(b.t, b.store.Pool().QueryRow(context.Background(), `select count(*) from outbox where kind = $1`, kind).Scan(&n))
	return n
}

func (b *box) eventually(holds func() bool, what string) {
	b.t.Helper()
	require.Eventually(b.t, holds, soon, 10*time.Millisecond, what)
}

// What is sent by SMS waits behind no e-mail.
func TestANoticeGoesByTheLaneOfItsChannel(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, channel := range []string{"sms", "email"} {
		_, err := b.store.Pool().Exec(t.Context(), `insert into notices (id, event_key, kind, channel, recipient, locale, data, created_at)
			values ('ntc_' || $1, $1, 'calendar_changed', $1, 'ops', 'en', '{}', now())`, channel)
		require.NoError(t, err)
		b.leave(postgres.MessageNotice, "ntc_"+channel)
	}
	b.run()
	b.eventually(func() bool { return b.waits(postgres.MessageNotice) == 0 }, "the notices were not carried")
	b.engine.mu.Lock()
	defer b.engine.mu.Unlock()
	require.ElementsMatch(t, [][]any{{[]registration.NoticeRef{{ID: "ntc_sms", Lane: registration.SMSLane}}}, {[]registration.NoticeRef{{ID: "ntc_email", Lane: registration.EmailLane}}}}, b.engine.args)
}

// A message that cannot be carried delays itself alone, and is kept with what was tried.
func TestAPoisonedMessageDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.engine.start = func(id string) error {
		if id == registration.NoticeWorkflowID("ntc_poison") {
			return errors.New("the engine does not take it")
		}
		return nil
	}
	b.leave(postgres.MessageNotice, "ntc_poison")
	for i := range 50 {
		b.leave(postgres.MessageNotice, fmt.Sprintf("ntc_%d", i))
		b.leave(postgres.MessagePayout, fmt.Sprintf("pay_%d", i))
	}
	b.run()
	b.eventually(func() bool { return b.waits(postgres.MessageNotice) == 1 && b.waits(postgres.MessagePayout) == 0 }, "the others were not carried")
	b.eventually(func() bool {
		started, _ := b.engine.told()
		poison := 0
		for _, id := range started {
			if id == registration.NoticeWorkflowID("ntc_poison") {
				poison++
			}
		}
		return poison >= 3
	}, "it was not tried again")
	var attempts int
	var why string
	require.NoError(t, b.store.Pool().QueryRow(t.Context(), `select attempts, last_error from outbox where ref = 'ntc_poison'`).Scan(&attempts, &why))
	assert.GreaterOrEqual(t, attempts, 2)
	assert.Equal(t, "failed", why, "a class of ours, not another side's words")
	started, _ := b.engine.told()
	seen := map[string]int{}
	for _, id := range started {
		seen[id]++
	}
	delete(seen, registration.NoticeWorkflowID("ntc_poison"))
	assert.Len(t, seen, 100)
	for id, n := range seen {
		assert.Equal(t, 1, n, id)
	}
}

// Nothing is taken that would have to wait for a hand: another process may have one free.
func TestOnlyWhatAHandIsFreeForIsTaken(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	gate := make(chan struct{})
	b.relay.Engine = &slow{scripted: b.engine, gate: gate}
	for i := range 20 {
		b.leave(postgres.MessageNotice, fmt.Sprintf("ntc_%d", i))
	}
	b.run()
	taken := func() (n int) {
		require.NoError(t, b.store.Pool().QueryRow(context.Background(), `select count(*) from outbox where attempts > 0`).Scan(&n))
		return n
	}
	b.eventually(func() bool { return taken() >= 8 }, "nothing was taken")
	gate <- struct{}{} // one hand is free again
	b.eventually(func() bool { return b.waits(postgres.MessageNotice) == 19 && taken() == 8 }, "the free hand took none, or more than one")
	close(gate)
	b.eventually(func() bool { return b.waits(postgres.MessageNotice) == 0 }, "the others were not carried")
}

// slow is an engine that starts a workflow for whatever comes through the gate.
type slow struct {
	*scripted
	gate chan struct{}
}

func (s *slow) Start(ctx context.Context, workflow, id, summary string, args ...any) error {
	select {
	case <-s.gate:
		return s.scripted.Start(ctx, workflow, id, summary, args...)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A kind that this release does not know waits for one that does, and nothing waits for it.
func TestAnUnknownKindWaits(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.leave("carrier_pigeon", "coo_1")
	b.leave(postgres.MessageNotice, "ntc_1")
	b.run()
	b.eventually(func() bool { return b.waits(postgres.MessageNotice) == 0 }, "the notice was not carried")
	var attempts int
	require.NoError(t, b.store.Pool().QueryRow(t.Context(), `select attempts from outbox where kind = 'carrier_pigeon'`).Scan(&attempts))
	assert.Zero(t, attempts, "untouched")
}

// What was asked for again while it was being carried is carried again.
func TestAMessageAskedForAgainMeanwhileIsCarriedAgain(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	id := b.opened("acct-1")
	once := sync.OnceFunc(func() {
		_, err := b.store.Pool().Exec(context.Background(), `update outbox set revision = revision + 1, next_at = now() where kind = 'signal'`)
		assert.NoError(t, err)
	})
	b.leave(postgres.MessageSignal, id)
	b.relay.Engine = &meanwhile{scripted: b.engine, do: once}
	b.run()
	b.eventually(func() bool { return b.waits(postgres.MessageSignal) == 0 }, "the signal was not carried")
	_, nudged := b.engine.told()
	assert.Equal(t, []string{id, id}, nudged)
}

type meanwhile struct {
	*scripted
	do func()
}

func (m *meanwhile) Nudge(ctx context.Context, workflowID, id string) error {
	m.do()
	return m.scripted.Nudge(ctx, workflowID, id)
}

// look makes the message that has the run told to look due.
func (b *box) due(kind string) {
	b.t.Helper()
	_, err := b.store.Pool().Exec(b.t.Context(), `update outbox set next_at = now() where kind = $1`, kind)
	require.NoError(b.t, err)
}

// A step whose answer nobody has seen is told to the run; one that was seen costs the run nothing.
func TestOnlyAnUnseenStepIsToldToTheRun(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	seen, unseen, passed := b.opened("acct-1"), b.opened("acct-2"), b.opened("acct-3")
	require.NoError(t, b.store.Acknowledge(t.Context(), seen, 1))
	_, err := b.store.Pool().Exec(t.Context(), `update registrations set acknowledged = version where id = $1`, passed) // by its next step
	require.NoError(t, err)
	require.Equal(t, 2, b.waits(postgres.MessageLook))
	b.due(postgres.MessageLook)
	b.run()
	b.eventually(func() bool { return b.waits(postgres.MessageLook) == 0 }, "the look was not carried")
	_, nudged := b.engine.told()
	assert.Equal(t, []string{unseen}, nudged)
}

// later makes an act whose caller was answered 202.
func (b *box) later(id string, act registration.Act) string {
	b.t.Helper()
	actID := registration.NewID("act")
	_, refusal, err := b.store.BeginAct(b.t.Context(), postgres.Act{
		ID: actID, RegistrationID: id, Act: act, Actor: registration.ByApplicant,
	}, dossier.PurposeCard, dossier.Card{Number: "6222020000000000"})
	require.NoError(b.t, err)
	require.Nil(b.t, refusal)
	deferred, err := b.store.DeferAct(b.t.Context(), actID)
	require.NoError(b.t, err)
	require.True(b.t, deferred)
	return actID
}

// An act that was answered 202 is offered to its run until a step has ended it, by whichever process.
func TestAnActAnsweredLaterIsOfferedUntilItIsDone(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	id := b.opened("acct-1")
	actID := b.later(id, registration.ActWithdraw)
	tries := 0
	b.engine.act = func(args registration.ActArgs) (registration.Answer, error) {
		if tries++; tries < 3 {
			return registration.Answer{}, engine.ErrStillWorking
		}
		result, err := b.store.Steps().Withdraw(context.Background(), registration.Step{Subject: args.RegistrationID, Actor: args.Actor, ActID: args.ActID})
		return registration.Answer{State: result.State, Version: result.Version}, err
	}
	b.run()
	b.eventually(func() bool { return b.waits(postgres.MessageAct) == 0 }, "it was not done")
	v, err := b.store.View(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, registration.Withdrawn, v.State)
	assert.False(t, v.Processing)
	_, nudged := b.engine.told()
	assert.Contains(t, nudged, id, "the run is given a task first")
	for _, args := range b.engine.offered {
		assert.Equal(t, actID, args.ActID)
	}
	assert.Equal(t, 0, b.waits(postgres.MessageLook), "its answer was seen")
}

// The row decides what a validator's no is worth: from a run that is behind, nothing.
func TestAnOfferedActIsEndedByTheRowAlone(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	id := b.opened("acct-1")
	b.later(id, registration.ActCard)
	b.engine.act = func(registration.ActArgs) (registration.Answer, error) {
		return registration.Answer{}, &registration.Refusal{Code: registration.CodeWrongState, State: registration.DetailsRequired}
	}
	stop := b.run()
	b.eventually(func() bool { b.engine.mu.Lock(); defer b.engine.mu.Unlock(); return len(b.engine.offered) >= 2 }, "it was not offered again")
	v, err := b.store.View(t.Context(), id)
	require.NoError(t, err)
	require.True(t, v.Processing, "a run that is behind ends nothing")
	stop()
	_, err = b.store.Steps().Withdraw(t.Context(), registration.Step{Subject: id, Actor: registration.ByApplicant})
	require.NoError(t, err)
	b.run()
	b.eventually(func() bool { return b.waits(postgres.MessageAct) == 0 }, "it was not ended")
	v, err = b.store.View(t.Context(), id)
	require.NoError(t, err)
	assert.False(t, v.Processing)
	require.NotNil(t, v.LastError)
	assert.Equal(t, registration.CodeWrongState, v.LastError.Code)
}

// An act that nobody could do in its time is over: its applicant finds it so.
func TestAnOfferedActEndsWithItsTime(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	id := b.opened("acct-1")
	b.later(id, registration.ActCard)
	_, err := b.store.Pool().Exec(t.Context(), `update acts set expires_at = now()`)
	require.NoError(t, err)
	b.run()
	b.eventually(func() bool { return b.waits(postgres.MessageAct) == 0 }, "it was not ended")
	v, err := b.store.View(t.Context(), id)
	require.NoError(t, err)
	assert.False(t, v.Processing)
	require.NotNil(t, v.LastError)
	assert.Equal(t, registration.CodeProviderUnavailable, v.LastError.Code)
	assert.Empty(t, b.engine.offered)
}

// The pauses between the tries grow while the engine is away. When it is back, what has waited for it goes on at once; what
// waits for anything else does not.
func TestWhatWaitedForTheEngineGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.engine.goes(true)
	b.leave(postgres.MessagePayout, "pay_first")
	_, err := b.store.Pool().Exec(t.Context(), `insert into outbox (kind, ref, created_at, next_at, attempts, last_error) values
		('payout', 'pay_old', now(), now() + interval '1 hour', 30, 'engine_unavailable'), ('notice', 'ntc_old', now(), now() + interval '1 hour', 30, 'engine_unavailable'),
		('notice', 'ntc_other', now(), now() + interval '1 hour', 30, 'failed')`)
	require.NoError(t, err)
	b.run()
	b.eventually(func() bool { started, _ := b.engine.told(); return len(started) >= 2 }, "the engine was not tried")
	b.engine.goes(false)
	b.eventually(func() bool { return b.waits(postgres.MessagePayout) == 0 && b.waits(postgres.MessageNotice) == 1 }, "they wait on")
	require.Equal(t, 1, b.waits(postgres.MessageNotice))
}

// unhurried is a box whose messages take longer to hasten than an engine may take to say that it is back.
type unhurried struct{ *postgres.Store }

func (s unhurried) HastenMessages(ctx context.Context, why string) error {
	select {
	case <-time.After(1500 * time.Millisecond):
		return s.Store.HastenMessages(ctx, why)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Many messages take their time to be let go on; an engine that is back does not wait for that to fit into a second.
func TestHasteningHasATimeOfItsOwn(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.relay.Box = unhurried{b.store}
	b.engine.goes(true)
	b.leave(postgres.MessagePayout, "pay_first")
	_, err := b.store.Pool().Exec(t.Context(), `insert into outbox (kind, ref, created_at, next_at, attempts, last_error) values
		('payout', 'pay_old', now(), now() + interval '1 hour', 30, 'engine_unavailable')`)
	require.NoError(t, err)
	b.run()
	b.eventually(func() bool { started, _ := b.engine.told(); return len(started) >= 1 }, "the engine was not tried")
	b.engine.goes(false)
	b.eventually(func() bool { return b.waits(postgres.MessagePayout) == 0 }, "it waits on")
}
