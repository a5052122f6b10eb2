package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHomeIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := openHome(dir, 0)
	require.NoError(t, err)
	require.NoError(t, first.close())
	second, err := openHome(dir, 0)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, second.close()) })
	assert.Equal(t, first.kept, second.kept)
	assert.Equal(t, "real", second.kept.Calendar)

	for _, name := range []string{first.keysFile(), first.keptFile(), first.tokensFile()} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

func TestTemporaryHomeGoesWithTheRun(t *testing.T) {
	t.Parallel()
	h, err := openHome("", time.Second)
	require.NoError(t, err)
	assert.DirExists(t, h.dir)
	assert.Empty(t, h.ifKept("postgres"))
	require.NoError(t, h.close())
	assert.NoDirExists(t, h.dir)
}

func TestTokensFileHoldsNoToken(t *testing.T) {
	t.Parallel()
	set := tokens{Platform: "one", Reviewer: "two", Ops: "three"}
	text := string(set.file())
	sum := sha256.Sum256([]byte("two"))
	assert.Contains(t, text, "dev-reviewer reviewer "+hex.EncodeToString(sum[:])+"\n")
	assert.Equal(t, 3, strings.Count(text, "\n"))
	assert.NotContains(t, text, "two")
}

func TestCompressedDaysAreCountedOnFromTheirFirstRun(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	first := calendarSetting("", 5*time.Second, now)
	assert.Equal(t, "compressed:5s@2026-11-23T10:00:00Z", first)
	assert.Equal(t, first, calendarSetting(first, 5*time.Second, now.Add(time.Hour)))
	assert.Equal(t, "compressed:1m0s@2026-11-23T10:00:00Z", calendarSetting(first, time.Minute, now))
	assert.Equal(t, "real", calendarSetting(first, 0, now))
}

// Whoever comes second must not change what the first one works with.
func TestHomeInUseIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := openHome(dir, 0)
	require.NoError(t, err)
	before, err := os.ReadFile(first.keptFile())
	require.NoError(t, err)

	_, err = openHome(dir, 5*time.Second)
	require.ErrorContains(t, err, "--data-dir")
	assert.ErrorContains(t, err, dir)
	after, err := os.ReadFile(first.keptFile())
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))

	require.NoError(t, first.close())
	second, err := openHome(dir, 5*time.Second)
	require.NoError(t, err)
	require.NoError(t, second.close())
}
