package devstack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The client's version is the server's, or the next newer: an older one cannot read it, and what a newer one writes it may not read.
func TestTheClientFitsTheServer(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	install := func(version string, tools ...string) string {
		dir := filepath.Join(root, version)
		require.NoError(t, os.MkdirAll(dir, 0o755))
		for _, tool := range tools {
			require.NoError(t, os.WriteFile(filepath.Join(dir, tool), []byte("#!/bin/sh\necho 'pg_dump (PostgreSQL) "+version+"'\n"), 0o755))
		}
		return dir
	}
	dirs := []string{
		"", ".", install("18.1", "pg_dump", "pg_restore"), install("15.3", "pg_dump", "pg_restore"), install("17.11", "pg_dump", "pg_restore"),
		install("16.2", "pg_dump"), install("unknown", "pg_dump", "pg_restore"),
	}
	found := clientsIn(t.Context(), dirs)
	require.Len(t, found, 3, "whole ones alone")
	for server, want := range map[int]int{14: 15, 15: 15, 16: 17, 17: 17, 18: 18} {
		got, err := pickClient(found, server)
		require.NoError(t, err)
		assert.Equal(t, want, got.Major, "server %d", server)
		assert.Equal(t, filepath.Dir(got.Dump), filepath.Dir(got.Restore))
	}
	_, err := pickClient(found, 19)
	require.ErrorContains(t, err, "the newest here is of PostgreSQL 18: install postgresql-client-19")
	_, err = pickClient(nil, 17)
	require.ErrorContains(t, err, "none is installed")
}
