package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// takeCompany hands in the nth company as the run does.
func takeCompany(w *workflowtest.World, step registration.Step, n int) (registration.StepResult, error) {
	return handIn(w, step, workflowtest.Company(n))
}

func handIn(w *workflowtest.World, step registration.Step, company dossier.Company) (registration.StepResult, error) {
	ctx := context.Background()
	step.ActID = registration.NewID("act")
	begun, refusal, err := w.Store.BeginAct(ctx, postgres.Act{ID: step.ActID, RegistrationID: step.Subject, Act: registration.ActCompany, Actor: step.Actor},
		dossier.PurposeCompany, company)
	if refusal != nil || err != nil {
		return registration.StepResult{Refusal: refusal}, err
	}
	step.InputRef = *begun.InputRef
	return w.Store.Steps().TakeCompany(ctx, step)
}

// capped is the world with other ceilings.
func capped(w *workflowtest.World, c registration.Ceilings) { w.Store = w.Store.WithCeilings(c) }

func findings(t *testing.T, s *postgres.Store, kind registration.FindingKind, subject string) int {
	t.Helper()
	return one[int](t, s, `select count(*) from findings where kind = $1 and subject = $2 and resolved_at is null`, kind, subject)
}

// Twelve ask for a payment at once, five may be made. Who is refused has used nothing up, and the next day has five again.
func TestPaymentsNeverPassTheDaysCeiling(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	capped(w, registration.Ceilings{Payments: 5})
	var steps []registration.Step
	for n := range 12 {
		steps = append(steps, companyRequired(t, w, fmt.Sprintf("acct-%d", n), n))
	}
	midnight := time.Date(2026, 6, 2, 0, 0, 0, 0, w.Now().Location())
	codes := rushOf(12, func(n int) registration.Code {
		result, err := takeCompany(w, steps[n], n)
		if !assert.NoError(t, err) {
			return "failed"
		}
		if result.Refusal != nil {
			assert.WithinDuration(t, midnight, *result.Refusal.RetryAt, 0)
		}
		return codeOf(result.Refusal)
	})
	require.Equal(t, map[registration.Code]int{"": 5, registration.CodeSpendingPaused: 7}, codes)
	require.Equal(t, 5, w.Count(`select count(*) from payments`))
	require.Equal(t, 12+5, w.Count(`select count(*) from acts where verification`), "twelve sessions, five companies")
	for kind, at := range map[registration.FindingKind]string{registration.FindingSpendingHigh: "4 of 5 payments", registration.FindingSpendingCeiling: "5 of 5 payments"} {
		require.Equal(t, 1, findings(t, w.Store, kind, "payments"))
		require.Equal(t, 1, mailed(t, w.Store, kind), "once a day")
		require.Contains(t, one[string](t, w.Store, `select tried from findings where kind = $1`, kind), at)
	}
	spent, ends, err := w.Store.SpentToday(t.Context())
	require.NoError(t, err)
	require.WithinDuration(t, midnight, ends, 0)
	require.Equal(t, postgres.Spent{Kind: postgres.SpendPayments, Used: 5, Ceiling: 5}, spent[0])

	for n := range 12 { // asked before anything is written
		refusal, err := w.Store.PaymentBarred(t.Context(), steps[n].Subject, new(workflowtest.Company(n)))
		require.NoError(t, err)
		paid := w.Count(`select count(*) from payments where registration_id = $1`, steps[n].Subject) == 1
		require.Equal(t, map[bool]registration.Code{true: "", false: registration.CodeSpendingPaused}[paid], codeOf(refusal), "what is being proven costs nothing")
	}
	require.NoError(t, w.Store.ResolveHealed(t.Context()))
	require.Equal(t, 1, findings(t, w.Store, registration.FindingSpendingCeiling, "payments"), "as long as the day lasts")

	w.Pass(midnight.Add(time.Second).Sub(w.Now()))
	require.NoError(t, w.Store.ResolveHealed(t.Context()))
	require.Zero(t, findings(t, w.Store, registration.FindingSpendingCeiling, "payments"))
	require.Zero(t, findings(t, w.Store, registration.FindingSpendingHigh, "payments"))
	codes = rushOf(12, func(n int) registration.Code {
		if w.Count(`select count(*) from payments where registration_id = $1`, steps[n].Subject) > 0 {
			return "paid"
		}
		result, err := takeCompany(w, steps[n], n)
		assert.NoError(t, err)
		return codeOf(result.Refusal)
	})
	require.Equal(t, map[registration.Code]int{"paid": 5, "": 5, registration.CodeSpendingPaused: 2}, codes)
	require.Equal(t, 2, mailed(t, w.Store, registration.FindingSpendingCeiling), "once a day")
}

// message is a notice about a registration, as a step writes it.
func message(t *testing.T, s *postgres.Store, about string, channel notice.Channel, recipient string) string {
	t.Helper()
	id := registration.NewID("ntc")
	_, err := s.Pool().Exec(t.Context(), `insert into notices (id, registration_id, event_key, kind, channel, recipient, locale, data, created_at)
		values ($1, case when $4 = 'registered' then $2 end, $1, case when $4 = 'registered' then 'approved' else 'finding' end, $3, $4, 'en', '{}', now())`,
		id, about, channel, recipient)
	require.NoError(t, err)
	return id
}

func TestMessagesNeverPassTheDaysCeiling(t *testing.T) {
	t.Parallel()
	for channel, kind := range map[notice.Channel]postgres.Spending{notice.SMS: postgres.SpendSMS, notice.Email: postgres.SpendMails} {
		t.Run(string(channel), func(t *testing.T) {
			t.Parallel()
			at := newClock()
			s := newStore(t).WithClock(at.now).WithCeilings(registration.Ceilings{SMS: 6, Mails: 6})
			about := opened(t, s, "acct-1")
			var ids []string
			for range 15 {
				ids = append(ids, message(t, s, about, channel, "registered"))
			}
			var taken atomic.Pointer[postgres.Notice]
			codes := rushOf(15, func(n int) registration.Code {
				one, err := s.TakeNotice(context.Background(), ids[n], patient)
				var met *postgres.CeilingError
				switch {
				case errors.As(err, &met):
					assert.Equal(t, kind, met.Kind)
					assert.WithinDuration(t, time.Date(2026, 6, 1, 16, 0, 0, 0, time.UTC), met.Until, 0, "midnight in Shanghai")
					assert.Nil(t, one)
					return "met"
				case assert.NoError(t, err):
					taken.Store(one)
					return "taken"
				}
				return "failed"
			})
			require.Equal(t, map[registration.Code]int{"taken": 6, "met": 9}, codes)
			require.Equal(t, 9, one[int](t, s, `select count(*) from notices where sending_at is null and unknown_tries = 0 and kind = 'approved'
				and refused_at is null and unsure_at is null and skipped_at is null`), "what waits is as it was")
			require.Equal(t, 1, findings(t, s, registration.FindingSpendingCeiling, string(kind)))
			require.Equal(t, 1, mailed(t, s, registration.FindingSpendingHigh))

			for range 3 { // what tells ops and reviewers gets through
				for _, house := range []string{"ops", "reviewers"} {
					n, err := s.TakeNotice(t.Context(), message(t, s, about, notice.Email, house), patient)
					require.NoError(t, err)
					require.NotNil(t, n)
				}
			}
			// A try that did nothing at all has cost nothing, said once or twice.
			require.NoError(t, s.NoticeUntouched(t.Context(), taken.Load()))
			require.NoError(t, s.NoticeUntouched(t.Context(), taken.Load()))
			require.EqualValues(t, 5, one[int64](t, s, `select used from spending where kind = $1`, kind))
			at.pass(14 * time.Hour)
			n, err := s.TakeNotice(t.Context(), message(t, s, about, channel, "registered"), patient)
			require.NoError(t, err)
			require.NotNil(t, n, "the next day")
		})
	}
}

func TestFourFifthsAreToldOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t).WithCeilings(registration.Ceilings{SMS: 10})
	about := opened(t, s, "acct-1")
	for n := range 9 {
		_, err := s.TakeNotice(t.Context(), message(t, s, about, notice.SMS, "registered"), patient)
		require.NoError(t, err)
		require.Equal(t, n >= 7, mailed(t, s, registration.FindingSpendingHigh) == 1, n)
	}
	require.Zero(t, mailed(t, s, registration.FindingSpendingCeiling))
}

// A setting that was lowered during the day tells ops too, and one that was raised lets what waits go on.
func TestACeilingThatIsChangedDuringTheDay(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	about := opened(t, s, "acct-1")
	take := func(ceiling int) error {
		_, err := s.WithCeilings(registration.Ceilings{SMS: ceiling}).TakeNotice(t.Context(), message(t, s, about, notice.SMS, "registered"), patient)
		return err
	}
	for range 3 {
		require.NoError(t, take(100))
	}
	require.Zero(t, mailed(t, s, registration.FindingSpendingCeiling))
	var met *postgres.CeilingError
	require.ErrorAs(t, take(2), &met)
	require.ErrorAs(t, take(2), &met)
	require.Equal(t, 1, mailed(t, s, registration.FindingSpendingCeiling))
	require.NoError(t, take(100))
}

func TestOldDaysAreForgotten(t *testing.T) {
	t.Parallel()
	at := newClock()
	s := newStore(t).WithClock(at.now)
	_, err := s.TakeNotice(t.Context(), message(t, s, opened(t, s, "acct-1"), notice.SMS, "registered"), patient)
	require.NoError(t, err)
	at.pass(30 * 24 * time.Hour)
	require.NoError(t, s.PruneSpending(t.Context()))
	require.Equal(t, 1, one[int](t, s, `select count(*) from spending`))
	at.pass(24 * time.Hour)
	require.NoError(t, s.PruneSpending(t.Context()))
	require.Zero(t, one[int](t, s, `select count(*) from spending`))
}
