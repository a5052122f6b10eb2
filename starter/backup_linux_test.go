package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack"
	"shiming/internal/postgres"
	"shiming/internal/vault"
)

// keptStores is a database with its keys and scans, as settings.
func keptStores(t *testing.T) []string {
	t.Helper()
	pg, err := devstack.StartPostgres(t.Context(), devstack.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pg.Stop(context.Background())) })
	if _, err := clientFor(t.Context(), pg.URL); err != nil {
		t.Skip(err)
	}
	require.NoError(t, postgres.Migrate(t.Context(), pg.URL))
	keys := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, vault.GenerateKeyFile(keys))
	return []string{"DATABASE_URL=" + pg.URL, "KEYS_FILE=" + keys, "BLOBS_URL=" + t.TempDir(), "DRILL_DATABASE_URL=" + pg.URL}
}

func TestABackupIsTakenRehearsedAndPutBack(t *testing.T) {
	t.Parallel()
	stores, dir := keptStores(t), filepath.Join(t.TempDir(), "backups")
	does := func(code int, says string, args ...string) {
		t.Helper()
		p := runWith(t, stores, args...)
		require.Equal(t, code, p.ends(time.Minute), p.stderr.String())
		require.Contains(t, p.stdout.String()+p.stderr.String(), says)
	}
	does(1, "is not there", "drill", dir)
	require.NoError(t, os.Mkdir(dir, 0o700))
	does(1, "no whole backup", "drill", dir)
	does(0, "the keys are not in it", "backup", dir)
	does(0, "restored", "drill", dir)
	does(1, "amiss: the newest backup is", "drill", dir, "--within", "1ns")
	does(1, "--replace", "restore", dir)
	does(0, "and up to date", "restore", dir, "--replace")
	does(0, `"amiss":[]`, "drill", dir, "--json")

	other := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, vault.GenerateKeyFile(other))
	stores = append(stores, "KEYS_FILE="+other)
	does(1, "KEYS_FILE", "drill", dir)
	does(1, "give the key file that was in use on", "restore", dir, "--replace")
}
