package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/storetest"
	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// found opens a finding.
func found(t testing.TB, s *postgres.Store, kind registration.FindingKind, subject string) {
	t.Helper()
	require.NoError(t, s.Find(t.Context(), kind, subject, "", "looked twice"))
}

// mailed counts the mails to ops about findings of a kind.
func mailed(t testing.TB, s *postgres.Store, kind registration.FindingKind) int {
	t.Helper()
	count := 0
	for _, d := range storetest.Notices(t, s, `kind = 'finding' and recipient = 'ops' and channel = 'email'`) {
		if d.Detail == string(kind) {
			count++
		}
	}
	return count
}

// newestMail is what the mail of the newest finding told of says.
func newestMail(t testing.TB, s *postgres.Store) (d notice.Data) {
	t.Helper()
	all := storetest.Notices(t, s, `kind = 'finding'`)
	return all[len(all)-1]
}

func announced(t testing.TB, s *postgres.Store) int {
	t.Helper()
	return one[int](t, s, `select count(*) from events where type = 'finding.opened'`)
}

func TestOpsIsToldOfAKindOnceAnHour(t *testing.T) {
	t.Parallel()
	const kind = registration.FindingUndelivered
	at := newClock()
	s := newStore(t).WithClock(at.now)
	found(t, s, kind, "ntc_1")
	require.Equal(t, 1, mailed(t, s, kind))
	require.Equal(t, 1, announced(t, s))
	assert.Equal(t, notice.Data{RegistrationID: "ntc_1", Detail: string(kind), Open: 1}, newestMail(t, s))

	found(t, s, kind, "ntc_1")
	at.pass(time.Minute)
	found(t, s, kind, "ntc_2")
	at.pass(time.Minute)
	found(t, s, kind, "ntc_3")
	at.pass(57 * time.Minute)
	require.NoError(t, s.TellFindings(t.Context()))
	require.Equal(t, 1, mailed(t, s, kind), "within the hour")
	found(t, s, registration.FindingPayoutFailed, "pay_1")
	require.Equal(t, 1, mailed(t, s, registration.FindingPayoutFailed), "another kind")

	at.pass(time.Minute)
	require.NoError(t, s.TellFindings(t.Context()))
	require.Equal(t, 2, mailed(t, s, kind), "two in one mail")
	require.Equal(t, 3, announced(t, s))
	assert.Equal(t, notice.Data{RegistrationID: "ntc_3", Detail: string(kind), Open: 3}, newestMail(t, s))

	at.pass(2 * time.Hour)
	require.NoError(t, s.TellFindings(t.Context()))
	found(t, s, kind, "ntc_3")
	assert.Equal(t, 2, mailed(t, s, kind), "nothing new")
}

func TestNobodyIsToldOfWhatIsGone(t *testing.T) {
	t.Parallel()
	const kind = registration.FindingRunBehind
	at := newClock()
	s := newStore(t).WithClock(at.now)
	found(t, s, kind, "reg_1")
	found(t, s, kind, "reg_2")
	require.NoError(t, s.Gone(t.Context(), kind, "reg_2"))
	at.pass(2 * time.Hour)
	require.NoError(t, s.TellFindings(t.Context()))
	assert.Equal(t, 1, mailed(t, s, kind))
	found(t, s, kind, "reg_2")
	assert.Equal(t, 2, mailed(t, s, kind), "there again")
}

// A swarm, found by several processes at once, is told of once; what was found meanwhile is told of an hour later.
func TestTwoAtOnceTellOnce(t *testing.T) {
	t.Parallel()
	const kind = registration.FindingRunFailing
	at := newClock()
	s := newStore(t).WithClock(at.now)
	for round := range 20 {
		var do []func()
		errs := make([]error, 4)
		for i := range errs {
			do = append(do, func() {
				errs[i] = s.Find(context.Background(), kind, fmt.Sprintf("reg_%d_%d", round, i), "", "looked twice")
			})
		}
		atOnce(append(do, func() { assert.NoError(t, s.TellFindings(context.Background())) })...)
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, round+1, mailed(t, s, kind))
		require.Equal(t, round+1, announced(t, s))
		at.pass(time.Hour)
	}
	require.NoError(t, s.TellFindings(t.Context()))
	assert.Zero(t, one[int](t, s, `select count(*) from findings where told_at is null`))
}

// A transaction that finds something waits for none that is telling of the kind.
func TestTellingHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	const kind = registration.FindingMessageUnsure
	s := newStore(t)
	tx, err := s.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	require.NoError(t, s.FindIn(t.Context(), tx, kind, "ntc_1"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, s.Find(ctx, kind, "ntc_2", "", "asked twice"))
	require.Zero(t, mailed(t, s, kind), "the other does it")
	require.NoError(t, tx.Rollback(ctx))
	require.NoError(t, s.TellFindings(ctx))
	assert.Equal(t, 1, mailed(t, s, kind), "unless it came to nothing")
	assert.Equal(t, "ntc_2", newestMail(t, s).RegistrationID)
}

// What another step is just seeing again is told of when that step is through.
func TestTellingWaitsForNobody(t *testing.T) {
	t.Parallel()
	const kind = registration.FindingUndelivered
	at := newClock()
	s := newStore(t).WithClock(at.now)
	found(t, s, kind, "ntc_1")
	found(t, s, kind, "ntc_2")
	at.pass(time.Hour)
	tx, err := s.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	require.NoError(t, s.FindIn(t.Context(), tx, kind, "ntc_2"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, s.TellFindings(ctx))
	require.Equal(t, 1, mailed(t, s, kind))
	require.NoError(t, tx.Commit(ctx))
	require.NoError(t, s.TellFindings(ctx))
	assert.Equal(t, 2, mailed(t, s, kind))
}

func TestPlatformsAreToldOfFindings(t *testing.T) {
	t.Parallel()
	at := newClock()
	s := newStore(t).WithClock(at.now)
	subscribed(t, s, registration.EventStateChanged)
	mine := subscribed(t, s, registration.EventFindingOpened)
	id := opened(t, s, "acct-1")
	for _, about := range []struct{ subject, account string }{{id, "acct-1"}, {"clr_1", ""}, {"act_1", ""}} {
		relayed(t, s)
		require.NoError(t, s.Find(t.Context(), registration.FindingRunAhead, about.subject, "acct-1", "nothing"))
		var deliveries []*postgres.Outgoing
		for _, d := range relayed(t, s) {
			out, err := s.TakeDelivery(t.Context(), d.ID, d.Round)
			require.NoError(t, err)
			deliveries = append(deliveries, out)
		}
		require.Len(t, deliveries, 1)
		assert.Equal(t, mine, deliveries[0].EndpointID)
		event := deliveries[0].Event
		finding := one[string](t, s, `select id from findings where subject = $1`, about.subject)
		assert.Equal(t, postgres.Event{
			ID: event.ID, Type: registration.EventFindingOpened, SubjectID: finding, AccountID: about.account, To: "run_ahead", At: event.At,
		}, event, "what may be a contested claim's names no account")
		assert.Equal(t, at.now(), event.At.UTC())
		at.pass(time.Hour)
	}
}

// What a step finds and does not commit was not found.
func TestAFindingIsItsStepsOwn(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	err := pgx.BeginFunc(t.Context(), s.Pool(), func(tx pgx.Tx) error {
		require.NoError(t, s.FindIn(t.Context(), tx, registration.FindingRunAhead, "reg_1"))
		return context.Canceled
	})
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, one[int](t, s, `select (select count(*) from findings) + (select count(*) from notices) + (select count(*) from events)`))
}

// A step holds its registration's row while it finds something about it; who resolves takes the two in the same order.
func TestResolvingAndFindingDoNotLockEachOtherOut(t *testing.T) {
	t.Parallel()
	const kind = registration.FindingRunBehind
	s := newStore(t)
	id := opened(t, s, "acct-1")
	found(t, s, kind, id)
	finding := one[string](t, s, `select id from findings where subject = $1`, id)
	step, err := s.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer step.Rollback(context.WithoutCancel(t.Context()))
	_, err = step.Exec(t.Context(), `select from registrations where id = $1 for update`, id)
	require.NoError(t, err)
	resolved := make(chan error, 1)
	go func() { resolved <- s.ResolveFinding(context.Background(), finding, "ops:zhang", "told again") }()
	require.Eventually(t, func() bool {
		return one[bool](t, s, `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`)
	}, 10*time.Second, 10*time.Millisecond, "it waits for the step")
	require.NoError(t, s.FindIn(t.Context(), step, kind, id))
	require.NoError(t, step.Commit(t.Context()))
	require.NoError(t, <-resolved)
	assert.Equal(t, []string{"opened", "finding_resolved:run_behind"}, one[[]string](t, s, `select array_agg(event order by id) from timeline where registration_id = $1`, id))
}

// The reason of a payment's finding opens for that finding alone, whichever payment it is said to be about.
func TestAPaymentsFindingOpensForItAlone(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	ids := announcedPayments(t, w, 2)
	var found []string
	for _, id := range ids {
		require.NoError(t, w.Store.Find(t.Context(), registration.FindingPayoutFailed, id, "", "its workflow failed"))
		found = append(found, one[string](t, w.Store, `select id from findings where subject = $1`, id))
		require.NoError(t, w.Store.ResolveFinding(t.Context(), found[len(found)-1], "ops:zhang", "asked the bank about "+id))
	}
	reason := func() (string, error) {
		f, err := w.Store.FindingOf(t.Context(), found[0])
		if err != nil {
			return "", err
		}
		return *f.Reason, nil
	}
	said, err := reason()
	require.NoError(t, err)
	require.Equal(t, "asked the bank about "+ids[0], said)
	_, err = w.Store.Pool().Exec(t.Context(), `update findings set subject = $2 where id = $1`, found[0], ids[1]+"x")
	require.NoError(t, err)
	_, err = reason()
	require.ErrorIs(t, err, postgres.ErrForeign)
	_, err = w.Store.Pool().Exec(t.Context(), `update findings set subject = $2, sealed_reason = (select sealed_reason from findings where id = $3) where id = $1`, found[0], ids[0], found[1])
	require.NoError(t, err)
	_, err = reason()
	require.ErrorIs(t, err, postgres.ErrForeign)
}
