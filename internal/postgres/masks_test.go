package postgres_test

import (
	"io/fs"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/postgres"
)

// masks is the migration that shortens the masks of resident IDs.
const masks = 10

// TestMasksOnFileAreShortened: rows that an older release wrote show no more than new ones, also in submitted rounds.
func TestMasksOnFileAreShortened(t *testing.T) {
	t.Parallel()
	url := stacktest.Database(t, postgres.Migrate)
	cfg, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	db := stdlib.OpenDB(*cfg)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	dir, err := fs.Sub(postgres.Migrations, "migrations")
	require.NoError(t, err)
	provider, err := goose.NewProvider(goose.DialectPostgres, db, dir)
	require.NoError(t, err)
	_, err = provider.DownTo(t.Context(), masks-1)
	require.NoError(t, err)

	for _, sql := range []string{
		`insert into vault_keys (subject, wrapped) values ('reg_1', 'k'), ('clr_1', 'k'), ('clr_2', 'k')`,
		`insert into vault_items (ref, subject, purpose, sealed) values ('vlt_1', 'reg_1', 'applicant', 's'), ('vlt_2', 'clr_1', 'claim', 's'), ('vlt_3', 'clr_2', 'claim', 's')`,
		`insert into registrations (id, account_id, kind, name, locale, state, sequence, created_at, updated_at, last_act_at, state_since, applicant_ref, identity)
			values ('reg_1', 'acct-1', 'individual', 'Harbour Light', 'en', 'details_required', 1, now(), now(), now(), now(), 'vlt_1',
				'{"verified": true, "holder": "张*", "id_number": "440***********002X"}')`,
		`insert into registrations (id, account_id, kind, name, locale, state, sequence, created_at, updated_at, last_act_at, state_since, applicant_ref)
			values ('reg_2', 'acct-2', 'individual', 'Nobody', 'en', 'identity_required', 1, now(), now(), now(), now(), 'vlt_1')`,
		`insert into clearings (id, contested, account_id, registration_id, locale, state, sequence, created_at, updated_at, last_act_at, state_since, claim_ref, claim_fingerprint, claim)
			values ('clr_1', false, 'acct-1', 'reg_1', 'en', 'materials_required', 1, now(), now(), now(), now(), 'vlt_2', 'f', '{"holder": "李*", "id_number": "110***********7758"}'),
				('clr_2', true, null, null, 'en', 'materials_required', 1, now(), now(), now(), now(), 'vlt_3', 'f', '{"holder": "李*", "id_number": "110***********7758"}')`,
		`insert into reviews (subject_id, subject_kind, developer_kind, round, submitted_at, due_at, snapshot) values
			('reg_1', 'registration', 'individual', 1, now(), now(), '{"name": "Harbour Light", "identity": {"holder": "张*", "id_number": "440***********002X"}}'),
			('reg_1', 'registration', 'individual', 2, now(), now(), '{"name": "Harbour Light", "identity": null}'),
			('clr_1', 'clearing', null, 1, now(), now(), '{"claim": {"holder": "李*", "id_number": "110***********7758"}}')`,
	} {
		_, err := db.ExecContext(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	require.NoError(t, postgres.Migrate(t.Context(), url))

	read := func(sql string) (s string) {
		require.NoError(t, db.QueryRowContext(t.Context(), sql).Scan(&s), sql)
		return s
	}
	for sql, want := range map[string]string{
		`select identity ->> 'id_number' from registrations where id = 'reg_1'`:                                  "4****************X",
		`select identity ->> 'holder' from registrations where id = 'reg_1'`:                                     "张*",
		`select coalesce(identity::text, 'none') from registrations where id = 'reg_2'`:                          "none",
		`select claim ->> 'id_number' from clearings where id = 'clr_1'`:                                         "1****************8",
		`select snapshot #>> '{identity,id_number}' from reviews where subject_id = 'reg_1' and round = 1`:       "4****************X",
		`select snapshot ->> 'name' from reviews where subject_id = 'reg_1' and round = 1`:                       "Harbour Light",
		`select coalesce(snapshot ->> 'identity', 'none') from reviews where subject_id = 'reg_1' and round = 2`: "none",
		`select snapshot #>> '{claim,id_number}' from reviews where subject_id = 'clr_1'`:                        "1****************8",
		`select (compared_at = created_at)::text from clearings where id = 'clr_1'`:                              "true",
		`select (compared_at is null)::text from clearings where id = 'clr_2'`:                                   "true",
	} {
		assert.Equal(t, want, read(sql), sql)
	}
}
