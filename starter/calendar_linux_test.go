package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack"
	"shiming/internal/postgres"
)

// holidays writes a file of holidays.
func holidays(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "holidays.json")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestTheCalendarShowsDaysWithTheirSource(t *testing.T) {
	t.Parallel()
	file := holidays(t, `{"years":{"2029":{"source":"国办发明电〔2028〕9号","holidays":["2028-12-30","2029-01-01"]}}}`)
	for name, c := range map[string]struct {
		variables []string
		args      []string
		has       []string
	}{
		"a published year": {nil, []string{"2027"}, []string{
			"2027, published: 国务院办公厅关于2027年部分节假日安排的通知",
			"2027-02-14  Sun  make-up working day  春节    yes      国务院办公厅关于2027年部分节假日安排的通知",
			"Provisional as well: 25 to 31 December, which the notice of 2028 may still arrange.",
		}},
		"one that is not": {nil, []string{"2031"}, []string{
			"2031, not published: computed from the regulation, and provisional",
			"2031-10-01  Wed  holiday       国庆节、中秋节  provisional  《全国年节及纪念日放假办法》（2024年修订）第二条",
			"2031-10-06  Mon  compensation  中秋节          provisional  《全国年节及纪念日放假办法》（2024年修订）第六条",
		}},
		"amended by a flag":      {nil, []string{"2029", "--holidays", file}, []string{"2028-12-30  Sat  holiday", "国办发明电〔2028〕9号"}},
		"amended by the setting": {[]string{"HOLIDAYS_FILE=" + file}, []string{"show", "2029"}, []string{"2029, published: 国办发明电〔2028〕9号"}},
		"for programs":           {nil, []string{"2026", "--json"}, []string{`"date":"2026-02-28","kind":"make-up working day","of":"春节","working":true,"provisional":false`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := runWith(t, c.variables, append([]string{"calendar"}, c.args...)...)
			require.Zero(t, p.ends(quickly))
			for _, text := range c.has {
				assert.Contains(t, p.stdout.String(), text)
			}
		})
	}
}

func TestWhichYearsTheCalendarShows(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]int{
		"2026-10-31T15:59:59Z": {2026}, "2026-10-31T16:00:00Z": {2026, 2027}, "2026-12-31T15:59:59Z": {2026, 2027}, "2026-12-31T16:00:00Z": {2027},
	} {
		now, err := time.Parse(time.RFC3339, s)
		require.NoError(t, err)
		assert.Equal(t, want, currentYears(now), s)
	}
}

// someDeadlines are two reviews, of which one's Wednesday may become a holiday and one was announced a day too long, and a
// payment whose notice has announced its day.
const someDeadlines = `
insert into vault_keys (subject, wrapped) select 'reg_' || n, '' from generate_series(1, 3) n;
insert into vault_items (ref, subject, purpose, sealed) select 'vlt_' || n, 'reg_' || n, 'applicant', '' from generate_series(1, 3) n;
insert into registrations (id, account_id, kind, name, locale, state, sequence, created_at, updated_at, last_act_at, state_since, applicant_ref, identity)
	select 'reg_' || n, 'acct-' || n, case n when 3 then 'enterprise' else 'individual' end, 'Somebody', 'en', case n when 3 then 'payout_pending' else 'under_review' end, 1,
		'2027-03-01', '2027-03-01', '2027-03-01', '2027-03-01', 'vlt_' || n, '{"verified": true}' from generate_series(1, 3) n;
insert into reviews (subject_id, subject_kind, developer_kind, round, submitted_at, due_at, snapshot) values
	('reg_1', 'registration', 'individual', 1, '2027-03-01 10:00+08', '2027-03-05 00:00+08', '{}'),
	('reg_2', 'registration', 'individual', 1, '2027-03-11 10:00+08', '2027-03-17 00:00+08', '{}');
insert into payments (id, registration_id, key, bank_fingerprint, bank_last4, company_ref, amount, state, requested_at, notified_at, expected_by, window_closes_at)
	values ('pay_1', 'reg_3', 'shm_1', '', '1234', 'vlt_3', '', 'sent', '2027-03-01 10:00+08', '2027-03-01 11:00+08', '2027-03-05 00:00+08', '2027-03-05 00:00+08');
insert into notices (id, registration_id, event_key, kind, channel, recipient, locale, data, created_at, accepted_at)
	values ('ntc_1', 'reg_3', 'payment_requested/pay_1', 'payment_requested', 'sms', 'registered', 'en', '{}', '2027-03-01 10:00+08', '2027-03-01 11:00+08');
`

// Nothing is changed, so the database may be asked by a release before this one's schema, or while all work on it.
func TestWhatAFileWouldMove(t *testing.T) {
	t.Parallel()
	pg, err := devstack.StartPostgres(t.Context(), devstack.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pg.Stop(context.Background())) })
	require.NoError(t, postgres.Migrate(t.Context(), pg.URL))
	conn, err := pgx.Connect(t.Context(), pg.URL)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), someDeadlines)
	require.NoError(t, err)
	database := []string{"DATABASE_URL=" + pg.URL}

	moves := holidays(t, `{"years":{"2027":{"source":"x","holidays":["2027-03-03"],"workdays":["2027-03-13"]}}}`)
	p := runWith(t, database, "calendar", "check", moves)
	require.Zero(t, p.ends(quickly))
	assert.Equal(t, strings.Join([]string{
		"ID     WHAT            FROM                     TO                       ANNOUNCED",
		"reg_3  deposit_window  2027-03-05 00:00 +08:00  2027-03-06 00:00 +08:00  yes",
		"reg_1  review          2027-03-05 00:00 +08:00  2027-03-06 00:00 +08:00  no",
		"reg_2  review          2027-03-17 00:00 +08:00  stays (never earlier)    no",
		"",
		"open deadlines: 3; would move later: 2; stay, though the file says an earlier day: 1; would become certain: 0; provisional: 0",
		"",
	}, "\n"), p.stdout.String())

	p = runWith(t, database, "calendar", "check", "--json", moves)
	require.Zero(t, p.ends(quickly))
	var found map[string]any
	require.NoError(t, json.Unmarshal([]byte(p.stdout.String()), &found))
	assert.EqualValues(t, 2, found["moves"])
	assert.Equal(t, "2027-03-06T00:00:00+08:00", found["deadlines"].([]any)[0].(map[string]any)["to"])

	// What is in force already moves nothing.
	p = runWith(t, append(database, "HOLIDAYS_FILE="+moves), "calendar", "check", holidays(t, `{"years":{}}`))
	require.Zero(t, p.ends(quickly))
	assert.Contains(t, p.stdout.String(), "open deadlines: 3; would move later: 0;")

	p = runWith(t, database, "calendar", "check", holidays(t, `{"years":{"2027":{"source":"x","holidays":["2027-02-30"]}}}`))
	assert.Equal(t, 1, p.ends(quickly))
	assert.Contains(t, p.stderr.String(), `"2027-02-30" is not a day`)
	p = runWith(t, append(database, "CALENDAR=compressed:5s@2026-11-23T10:00:00Z"), "calendar", "check", moves)
	assert.Zero(t, p.ends(quickly))
	assert.Contains(t, p.stderr.String(), "no file of holidays moves anything")
	p = runWith(t, nil, "calendar", "check", moves)
	assert.Equal(t, 1, p.ends(quickly))
	assert.Contains(t, p.stderr.String(), "DATABASE_URL is not set: want ")

	var touched int
	require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from registrations where version > 1`).Scan(&touched))
	assert.Zero(t, touched)
}
