package storetest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/internal/vault"
)

// keysOf are the keys of each store's connections.
var keysOf sync.Map

// Unsealed opens what a store has sealed for a place.
func Unsealed[T any](t testing.TB, s *postgres.Store, place vault.Place, sealed []byte) (v T) {
	t.Helper()
	keys, known := keysOf.Load(s.Pool())
	require.True(t, known, "a store of this package's")
	wrapped, err := s.DataKey(t.Context(), place.Subject)
	require.NoError(t, err)
	plain, err := keys.(*vault.Keys).Open(wrapped, place, sealed) //nolint:forcetypeassert // nothing else is put in
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(plain, &v))
	return v
}

// Notices is what the notices tell that a condition of SQL names, the oldest first.
func Notices(t testing.TB, s *postgres.Store, where string, args ...any) (all []notice.Data) {
	t.Helper()
	type row struct {
		ID, SealedFor string
		Sealed        []byte
	}
	rows, err := s.Pool().Query(t.Context(), `select id, sealed_for, sealed from notices where `+where+` order by created_at, id`, args...)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	require.NoError(t, err)
	for _, n := range found {
		all = append(all, Unsealed[notice.Data](t, s, vault.Place{Subject: n.SealedFor, Purpose: dossier.PurposeNotice, Row: n.ID}, n.Sealed))
	}
	return all
}

// Dump is every row of a store's database as text, as a backup of it holds them.
func Dump(t testing.TB, s *postgres.Store) string {
	t.Helper()
	var dump strings.Builder
	rows, err := s.Pool().Query(t.Context(), `select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, table := range tables {
		var content string
		name := pgx.Identifier{table}.Sanitize()
		require.NoError(t, s.Pool().QueryRow(t.Context(), `select coalesce(string_agg(r::text, E'\n'), '') from `+name+` r`).Scan(&content))
		dump.WriteString(table + "\n" + content + "\n")
	}
	return dump.String()
}

// RequireNowhere looks for what nobody may find in a text, such as a dump: as it is, as bytes are printed, and in base64.
func RequireNowhere(t testing.TB, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		require.NotEmpty(t, secret)
		for _, written := range []string{secret, hex.EncodeToString([]byte(secret)), strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "=")} {
			if at := strings.Index(text, written); at >= 0 {
				require.Failf(t, "found", "%q in …%q…", secret, text[max(0, at-100):min(len(text), at+100)])
			}
		}
	}
}
