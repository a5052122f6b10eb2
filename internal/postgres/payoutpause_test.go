package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// announcedPayments makes n payments whose notice has been taken, and returns their ids.
func announcedPayments(t *testing.T, w *workflowtest.World, n int) (ids []string) {
	t.Helper()
	for i := range n {
		step := companyRequired(t, w, fmt.Sprintf("acct-%d", i), i)
		result, err := takeCompany(w, step, i)
		require.NoError(t, err)
		require.Nil(t, result.Refusal)
		err = w.Store.PaymentNotified(t.Context(), newest(w, step))
		require.NoError(t, err)
		ids = append(ids, newest(w, step))
	}
	return ids
}

func TestPausingIsIdempotentAndTold(t *testing.T) {
	t.Parallel()
	at := newClock()
	s := newStore(t).WithClock(at.now)
	now := func() postgres.PayoutPause {
		t.Helper()
		p, err := s.PayoutPauseNow(t.Context())
		require.NoError(t, err)
		return p
	}
	require.Equal(t, postgres.PayoutPause{}, now())
	require.NoError(t, s.ResumePayouts(t.Context(), "ops:chen", "for nothing"))
	require.Equal(t, postgres.PayoutPause{}, now(), "nothing was paused")
	require.NoError(t, s.PausePayouts(t.Context(), "ops:chen", "the bank has called"))
	first := at.now()
	at.pass(time.Minute)
	require.NoError(t, s.PausePayouts(t.Context(), "ops:zhang", "me too"))
	p := now()
	require.True(t, p.Paused)
	require.Equal(t, []string{"ops:chen", "the bank has called"}, []string{p.By, p.Reason})
	require.WithinDuration(t, first, p.Since, 0)
	require.Equal(t, 1, findings(t, s, registration.FindingPayoutsPaused, "payouts"))
	require.Equal(t, 1, mailed(t, s, registration.FindingPayoutsPaused))

	// Somebody resolves the finding and not the pause: it is found again.
	require.NoError(t, s.ResolveFinding(t.Context(), one[string](t, s, `select id from findings`), "ops:zhang", "seen"))
	require.NoError(t, s.FindPaused(t.Context()))
	require.Equal(t, 1, findings(t, s, registration.FindingPayoutsPaused, "payouts"))

	require.NoError(t, s.ResumePayouts(t.Context(), "ops:zhang", "the bank has called again"))
	p = now()
	require.False(t, p.Paused)
	require.Equal(t, "ops:zhang", p.By)
	require.Zero(t, findings(t, s, registration.FindingPayoutsPaused, "payouts"))
	require.Equal(t, 1, one[int](t, s, `select count(*) from notices where kind = 'payouts_resumed' and recipient = 'ops'`))
	require.NoError(t, s.FindPaused(t.Context()))
	require.Zero(t, findings(t, s, registration.FindingPayoutsPaused, "payouts"))

	require.NoError(t, s.PausePayouts(t.Context(), "ops:chen", "again"))
	require.Equal(t, 2, mailed(t, s, registration.FindingPayoutsPaused), "told at once, though within the hour")
}

// While payments are paused none is begun, not by an act either, and who is refused has lost nothing.
func TestNothingIsPaidWhilePaused(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	ids := announcedPayments(t, w, 2)
	asked, err := w.Store.TakeOrder(t.Context(), ids[0])
	require.NoError(t, err)
	require.NoError(t, asked.Barred)
	require.NoError(t, w.Store.PausePayouts(t.Context(), "ops:chen", "the bank has called"))
	again, err := w.Store.TakeOrder(t.Context(), ids[0])
	require.NoError(t, err)
	require.True(t, again.Asked && again.Barred != nil, "it may have been paid: it is asked after, and not sent")
	_, err = w.Store.TakeOrder(t.Context(), ids[1])
	require.ErrorIs(t, err, postgres.ErrPaused)
	require.Equal(t, 1, w.Count(`select count(*) from payments where ordered_at is null`))
	p, err := w.Store.PayoutPauseNow(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, p.Waiting)

	step := companyRequired(t, w, "acct-9", 9)
	result, err := takeCompany(w, step, 9)
	require.NoError(t, err)
	require.Equal(t, registration.CodeSpendingPaused, result.Refusal.Code)
	require.Nil(t, result.Refusal.RetryAt, "nobody knows when")
	require.Equal(t, registration.CompanyRequired, result.State)
	require.Zero(t, w.Count(`select count(*) from acts where registration_id = $1 and act = 'company' and verification`, step.Subject), "it does not count")
	require.Equal(t, 2, w.Count(`select coalesce(sum(used), 0) from spending where kind = 'payments'`))

	// A payment's notice waits too, unless the payment was announced before.
	notices := func(id string) []string {
		return w.Strings(`select id from notices where event_key = 'payment_requested/' || $1::text order by channel`, id)
	}
	_, err = w.Store.TakeNotice(t.Context(), notices(ids[1])[0], patient)
	require.NoError(t, err, "the other channel of one that was announced")
	_, err = w.Store.Pool().Exec(t.Context(), `update notices set held = true, sending_at = null where event_key = 'payment_requested/' || $1::text`, ids[1])
	require.NoError(t, err)
	_, err = w.Store.TakeNotice(t.Context(), notices(ids[1])[0], patient)
	require.ErrorIs(t, err, postgres.ErrPaused)
	require.Equal(t, 1, w.Count(`select coalesce(sum(used), 0) from spending where kind = 'mails'`), "what waits has cost nothing")

	require.NoError(t, w.Store.ResumePayouts(t.Context(), "ops:chen", "the bank has called again"))
	order, err := w.Store.TakeOrder(t.Context(), ids[1])
	require.NoError(t, err)
	require.False(t, order.Asked || order.Barred != nil)
}

// lockedOut requires that do waits for whoever holds a lock, and goes on when they let go.
func lockedOut(t *testing.T, s *postgres.Store, hold string, do func(ctx context.Context) error) {
	t.Helper()
	ctx := context.Background()
	tx, err := s.Pool().Begin(ctx)
	require.NoError(t, err)
	defer tx.Rollback(ctx)
	_, err = tx.Exec(ctx, hold)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	require.Eventually(t, func() bool {
		return one[bool](t, s, `select exists (select from pg_locks where locktype = 'advisory' and not granted
			and database = (select oid from pg_database where datname = current_database()))`)
	}, 10*time.Second, 5*time.Millisecond, "it does not wait")
	require.Empty(t, done)
	require.NoError(t, tx.Rollback(ctx))
	require.NoError(t, <-done)
}

// Whoever is told that payments are paused is told the truth: the answer waits for what is just being ordered, announced or made,
// and what comes after it waits for the answer.
func TestNoPaymentIsBegunAfterAPauseIsAnswered(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	lockedOut(t, w.Store, `select pg_advisory_xact_lock_shared(hashtextextended('payouts', 9))`, func(ctx context.Context) error { return w.Store.PausePayouts(ctx, "ops:chen", "now") })
	require.NoError(t, w.Store.ResumePayouts(t.Context(), "ops:chen", "go on"))
	ids := announcedPayments(t, w, 1)
	const alone = `select pg_advisory_xact_lock(hashtextextended('payouts', 9))`
	lockedOut(t, w.Store, alone, func(ctx context.Context) error {
		_, err := w.Store.TakeOrder(ctx, ids[0])
		return err
	})
	step := companyRequired(t, w, "acct-9", 9)
	var made registration.StepResult
	lockedOut(t, w.Store, alone, func(context.Context) (err error) {
		made, err = takeCompany(w, step, 9)
		return err
	})
	require.Nil(t, made.Refusal)
	held := w.Strings(`select id from notices where held and event_key = 'payment_requested/' || $1::text`, newest(w, step))
	lockedOut(t, w.Store, alone, func(ctx context.Context) error {
		_, err := w.Store.TakeNotice(ctx, held[0], patient)
		return err
	})
}

// What ops wrote is sealed with the word that it was written to.
func TestAPausesReasonOpensForItAlone(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	require.NoError(t, s.PausePayouts(t.Context(), "olive", "the bank's statement shows a payment twice"))
	require.NoError(t, s.ResumePayouts(t.Context(), "olive", "it was the bank's own slip"))
	now, err := s.PayoutPauseNow(t.Context())
	require.NoError(t, err)
	require.Equal(t, "it was the bank's own slip", now.Reason)
	_, err = s.Pool().Exec(t.Context(), `update payout_switches set sealed_reason = (select sealed_reason from payout_switches where word = 'pause') where word = 'resume'`)
	require.NoError(t, err)
	_, err = s.PayoutPauseNow(t.Context())
	require.ErrorIs(t, err, vault.ErrSealed)
}
