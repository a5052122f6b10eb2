//go:build linux

package devstack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChildDiesLoudlyAndStopsQuietly(t *testing.T) {
	t.Parallel()
	c, err := StartChild(ChildOptions{Name: "failing", Path: "/bin/sh", Args: []string{"-c", "echo last words; exit 3"}})
	require.NoError(t, err)
	<-c.Done()
	require.ErrorContains(t, c.Died(), "exit status 3")
	require.ErrorContains(t, c.Died(), "last words")
	require.NoError(t, c.Stop(t.Context()))

	c, err = StartChild(ChildOptions{Name: "waiting", Path: "/bin/sleep", Args: []string{"60"}})
	require.NoError(t, err)
	require.True(t, alive(c.PID()))
	require.NoError(t, c.Stop(t.Context()))
	assert.False(t, alive(c.PID()))
}

func TestBuildProgramIsQuickWhenNothingChanged(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	gocache := filepath.Join(t.TempDir(), "gocache")
	t.Setenv("GOCACHE", gocache)
	t.Setenv("GOFLAGS", "-mod=mod")

	dir := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	write("go.mod", "module example.com/x\n\ngo 1.26\n")
	write("main.go", "package main\n\nfunc main() {}\n")

	path, err := BuildProgram(t.Context(), dir, ".")
	require.NoError(t, err)
	assert.Contains(t, path, cache)
	built, err := os.Stat(path)
	require.NoError(t, err)

	_, err = BuildProgram(t.Context(), dir, ".")
	require.NoError(t, err)
	again, err := os.Stat(path)
	require.NoError(t, err)
	assert.True(t, os.SameFile(built, again), "not linked again")

	write("main.go", "package main\n\nfunc main() { no }\n")
	_, err = BuildProgram(t.Context(), dir, ".")
	require.ErrorContains(t, err, "undefined: no")
}
