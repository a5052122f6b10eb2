package postgres_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/deadlines"
	"shiming/internal/devstack/stacktest"
	"shiming/internal/postgres"
	"shiming/internal/statement"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// shape is everything that a schema consists of, a line a part.
func shape(t *testing.T, url string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	rows, err := conn.Query(t.Context(), `
		select 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') || ' ' || is_identity
			|| ' ' || coalesce(generation_expression, '') from information_schema.columns where table_schema = 'public' and table_name <> 'goose_db_version'
		union all select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
			where connamespace = 'public'::regnamespace and conrelid <> 'goose_db_version'::regclass
		union all select 'index ' || indexdef from pg_indexes where schemaname = 'public' and tablename <> 'goose_db_version'
		union all select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
		union all select 'function ' || pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
		order by 1`)
	require.NoError(t, err)
	parts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return parts
}

// parted is in what two schemas differ, a line a part.
func parted(want, got []string) (all []string) {
	for _, part := range want {
		if !slices.Contains(got, part) {
			all = append(all, "missing: "+part)
		}
	}
	for _, part := range got {
		if !slices.Contains(want, part) {
			all = append(all, "left behind: "+part)
		}
	}
	return all
}

// eventful fills every table by what the product does, and says where it lies.
func eventful(t *testing.T) (*workflowtest.World, string) {
	t.Helper()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	ctx := t.Context()
	must := func(refusal *registration.Refusal, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Nil(t, refusal)
	}
	corrected := w.Individual("acct-1", 1)
	corrected.ProveCard(1)
	corrected.ToReview(1)
	require.Nil(t, corrected.Reject("contact.email", "documents.id_card_front"))
	corrected.Settle()
	corrected.Close()
	firm := w.Enterprise("corp-1", 2)
	firm.ToDeposit(2)
	require.NotNil(t, firm.Deposit(firm.WrongAmount()))
	_, err := w.Store.ResolvePayout(ctx, firm.App.RegistrationID, "act_ops", "ops:chen", "returned", "called the bank")
	require.NoError(t, err)
	firm.Settle()
	firm.Close()
	spent := w.Enterprise("corp-2", 3)
	spent.ToPayout(3)
	for range 2 {
		spent.BankSays("transfer.sent", "")
		spent.BankSays("transfer.returned", "account_closed")
		if refusal := spent.Company(workflowtest.Company(3)); refusal != nil {
			must(w.Store.GrantPayout(ctx, spent.App.RegistrationID, "ops:chen", "called the company"))
			require.Nil(t, spent.Company(workflowtest.Company(3)))
		}
		spent.Settle()
	}
	spent.Close()
	w.ApproveIndividual("acct-3", 4)
	claim := w.Contest(4)
	claim.ToReview()
	claim.ApproveTwice()
	claim.Close()
	require.NotZero(t, w.Count(`select count(*) from objections`))

	require.NoError(t, w.Store.PausePayouts(ctx, "ops:chen", "the bank called"))
	require.NoError(t, w.Store.ResumePayouts(ctx, "ops:chen", "it called again"))
	require.NoError(t, w.Store.Find(ctx, registration.FindingRunBehind, corrected.App.RegistrationID, "acct-1", "looked twice"))
	finding := w.Strings(`select id from findings where subject = $1`, corrected.App.RegistrationID)[0]
	require.NoError(t, w.Store.ResolveFinding(ctx, finding, "ops:chen", "told it by hand"))
	mail := w.Strings(`select id from notices where accepted_at is not null limit 1`)[0]
	_, err = w.Store.Pool().Exec(ctx, `update notices set accepted_at = null, refused_at = now() where id = $1`, mail)
	require.NoError(t, err)
	must(w.Store.AcceptNotice(ctx, postgres.NoticeWord{NoticeID: mail, By: "ops:chen", Reason: "it came"}))
	_, _, err = w.Store.BeginAct(ctx, postgres.Act{ID: "act_open", RegistrationID: corrected.App.RegistrationID, Act: registration.ActWithdraw, Actor: registration.ByApplicant}, "", nil)
	require.NoError(t, err)

	require.NoError(t, w.Store.NewSubject(ctx, postgres.IdempotencySubject))
	_, _, err = w.Store.ClaimKey(ctx, request("/a"), time.Now(), time.Minute)
	require.NoError(t, err)
	require.NoError(t, w.Store.AnswerKey(ctx, request("/a"), postgres.KeptAnswer{Status: 200, Body: []byte("{}")}))
	_, err = w.Store.AddEndpoint(ctx, "static:shop", &postgres.Endpoint{ID: "whe_1", URL: "https://example.com", Events: []registration.WebhookEvent{"registration.state_changed"}}, "whsec_1")
	require.NoError(t, err)
	_, err = w.Store.PingEndpoint(ctx, "static:shop", "whe_1", "whd_1")
	require.NoError(t, err)
	held, err := w.Store.Lease(ctx, "reconcile", "me", time.Minute)
	require.NoError(t, err)
	require.True(t, held)
	keeper := &deadlines.Keeper{Book: w.Store, Calendar: w.Store.Calendar(), Every: time.Minute, Now: w.Now, Log: slog.New(slog.DiscardHandler)}
	require.NoError(t, keeper.Round(ctx))
	require.NoError(t, w.Store.AskStatement(ctx, statement.DayOf(w.Now()), "ops:chen"))
	require.NoError(t, w.Store.Hold(ctx, "restored", time.Time{}))
	free, err := w.Store.KeepLost(ctx, postgres.LostTransfer{Key: "shm_lost", At: w.Now(), AccountLast4: "0001", AmountFen: 42, State: "sent"})
	require.NoError(t, err)
	require.True(t, free)
	require.NoError(t, w.Store.EndHold(ctx, "ops:chen", "repaired", 7))
	require.NoError(t, w.Store.Repaired(ctx, corrected.App.RegistrationID, postgres.RepairTold, "ops:chen", "it did not move"))
	for _, sql := range []string{ // what no step of one test leads to
		`insert into lost_transfer_refusals (key, details, bank_fingerprint, at) values ('shm_lost', 'x', 'x', now())`,
		`insert into deadline_moves (change_id, subject, what, from_at, to_at, told, at)
			select id, 'reg_x', 'review', now(), now() + interval '1 day', true, now() from calendar_changes limit 1`,
		`insert into webhook_attempts (delivery_id, number, at, duration_ms, status, signature) values ('whd_1', 1, now(), 1, 204, 'x')`,
		`insert into case_callers (subject_id, caller, since) select id, 'https://login.example.com#anna', now() from registrations`,
		`insert into act_addresses (act_id, address, at) select id, 'x', now() from acts limit 1`,
		`insert into findings (id, kind, subject, since, seen_at, tried, day) select 'fnd_' || d, 'statement_differs', 'pay_x', now(), now(), 'looked', current_date - d
			from generate_series(1, 2) d`,
		`insert into statement_sightings (day, payment_id, reference) select current_date, id, 'R1' from payments limit 1`,
		`insert into attempts (scope, caller, fingerprint, act_id, at) values ('contest', 'static:shop', 'x', 'act_x', now())`,
	} {
		_, err := w.Store.Pool().Exec(ctx, sql)
		require.NoError(t, err, sql)
	}
	for _, table := range w.Strings(`select tablename from pg_tables where schemaname = 'public'`) {
		assert.NotZero(t, w.Count(`select count(*) from `+table), "%s is empty: have something happen that fills it", table)
	}
	return w, w.Store.Pool().Config().ConnString()
}

// A release that must be taken back can be: with rows in every table each migration goes back, what stands is what stood before it,
// and the same rows go forward again.
func TestMigrationsGoBackAndForward(t *testing.T) {
	t.Parallel()
	versions, err := postgres.Versions()
	require.NoError(t, err)
	require.True(t, slices.IsSorted(versions))
	before := map[int64][]string{}
	fresh := stacktest.Database(t, func(ctx context.Context, url string) error { return postgres.MigrateTo(ctx, url, versions[0]) })
	for _, v := range versions {
		require.NoError(t, postgres.MigrateTo(t.Context(), fresh, v))
		before[v] = shape(t, fresh)
	}
	w, url := eventful(t)
	registrations := w.Strings(`select id from registrations order by id`)
	first := versions[0]
	require.NoError(t, postgres.MigrateBack(t.Context(), url, first, func(stands int64) {
		assert.Empty(t, parted(before[stands], shape(t, url)), "back at %d", stands)
	}))
	assert.Equal(t, registrations, w.Strings(`select id from registrations order by id`), "nothing has been lost on the way")
	require.NoError(t, postgres.Migrate(t.Context(), url))
	assert.Empty(t, parted(before[versions[len(versions)-1]], shape(t, url)), "forward again")
	assert.Equal(t, registrations, w.Strings(`select id from registrations order by id`))
	require.NoError(t, postgres.MigrateBack(t.Context(), url, 0, func(int64) {}))
	assert.Empty(t, shape(t, url), "nothing is left behind")
	require.NoError(t, postgres.Migrate(t.Context(), url))
}
