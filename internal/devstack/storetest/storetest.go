// Package storetest opens stores for tests.
//
// It promises each test a store on real PostgreSQL, over a database and with keys of its own, closed when the test ends. It
// refuses to stand in for the database, and to serve a package that does not run under stacktest.
package storetest

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/internal/workday"
)

// Open opens a store that counts working days by the State Council's calendar. It is closed when the test ends.
func Open(t testing.TB) *postgres.Store {
	t.Helper()
	cal, err := workday.New()
	require.NoError(t, err)
	return OpenBy(t, cal)
}

// OpenBy is [Open] with another calendar.
func OpenBy(t testing.TB, cal workday.Calendar) *postgres.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, vault.GenerateKeyFile(path))
	keys, err := vault.LoadKeys(path)
	require.NoError(t, err)
	store, err := postgres.Open(t.Context(), stacktest.Database(t, postgres.Migrate), keys, cal)
	require.NoError(t, err)
	keysOf.Store(store.Pool(), keys)
	t.Cleanup(store.Close)
	return store
}
