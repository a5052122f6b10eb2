//go:build linux

package devstack

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeFinder finds nothing anywhere but what a test puts there.
func fakeFinder(t *testing.T) cliFinder {
	dir := t.TempDir()
	absent := errors.New("absent")
	return cliFinder{
		onPath:   func() (string, error) { return "", absent },
		cached:   func() []string { return []string{"", filepath.Join(dir, "cached")} },
		lockFile: func() (string, error) { return filepath.Join(dir, "lock"), nil },
		download: func(context.Context) (string, error) { return "", errors.New("offline") },
		build:    func(context.Context) (string, error) { return "", errors.New("no Go") },
		check: func(_ context.Context, path string) error {
			_, err := os.Stat(path)
			return err
		},
		progress: func(string) {},
	}
}

func TestFindTemporalPrefersWhatIsNearest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, nil, 0o755))
		return path
	}
	override, onPath, cached, downloaded, built := file("override"), file("temporal"), file("cached"), file("downloaded"), file("built")
	yields := func(path string) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return path, nil }
	}
	f := fakeFinder(t)
	_, err := f.find(t.Context())
	require.ErrorContains(t, err, "none could be downloaded (offline) or built: no Go")

	for _, next := range []struct {
		want string
		add  func()
	}{
		{built, func() { f.build = yields(built) }},
		{downloaded, func() { f.download = yields(downloaded) }},
		{cached, func() { f.cached = func() []string { return []string{cached} } }},
		{onPath, func() { f.onPath = func() (string, error) { return onPath, nil } }},
		{override, func() { f.override = override }},
	} {
		next.add()
		got, err := f.find(t.Context())
		require.NoError(t, err)
		assert.Equal(t, next.want, got)
	}
	f.override = filepath.Join(dir, "nowhere")
	_, err = f.find(t.Context())
	require.ErrorContains(t, err, "SHIMING_TEMPORAL_CLI", "what was asked for by name is not replaced silently")
}

func TestFindTemporalSkipsAnUnusableProgramOnPath(t *testing.T) {
	t.Parallel()
	f := fakeFinder(t)
	var told []string
	f.progress = func(s string) { told = append(told, s) }
	f.onPath = func() (string, error) { return "/old/temporal", nil }
	f.build = func(context.Context) (string, error) { return "built", nil }
	got, err := f.find(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "built", got)
	require.Len(t, told, 1)
	assert.Contains(t, told[0], "not using /old/temporal")
}

// Test packages run side by side: one of them builds, the rest wait for it.
func TestFindTemporalBuildsOnce(t *testing.T) {
	t.Parallel()
	f := fakeFinder(t)
	cached := f.cached()[1]
	var builds, waits atomic.Int32
	waiting := make(chan struct{})
	f.build = func(context.Context) (string, error) {
		builds.Add(1)
		<-waiting // until somebody else wants it too
		return cached, os.WriteFile(cached, nil, 0o755)
	}
	f.progress = func(string) {
		if waits.Add(1) == 3 {
			close(waiting)
		}
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			got, err := f.find(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, cached, got)
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, builds.Load())
}

func TestFindTemporalGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	f := fakeFinder(t)
	name, err := f.lockFile()
	require.NoError(t, err)
	held, err := TryLock(name)
	require.NoError(t, err)
	defer func() { assert.NoError(t, held.Unlock()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = f.find(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestCheckTemporal(t *testing.T) {
	t.Parallel()
	for says, wantErr := range map[string]string{
		"temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)": "",
		"temporal version 2.0.0 (Server 2.0.0, UI 3.0.0)":   "",
		"temporal version 1.1.0 (Server 1.25.0, UI 2.30.3)": "needed is 1.28",
		"Temporal, the other one":                           "is not Temporal's CLI",
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "temporal")
			require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\necho '"+says+"'\n"), 0o755))
			err := checkTemporal(t.Context(), path)
			if wantErr == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, wantErr)
			}
		})
	}
	assert.Error(t, checkTemporal(t.Context(), "/nowhere/temporal"))
}

func TestTemporalSource(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	deep := filepath.Join(root, "internal", "x")
	tools := filepath.Join(root, "tools")
	require.NoError(t, os.MkdirAll(deep, 0o755))
	require.NoError(t, os.MkdirAll(tools, 0o755))
	assert.Empty(t, findTemporalSourceFrom(deep).target("bin"))
	_, err := findTemporalSourceFrom(deep).build(t.Context(), root, func(string) {})
	require.ErrorContains(t, err, "SHIMING_TEMPORAL_CLI")

	mod := "module m\n\nrequire (\n\tgithub.com/temporalio/cli-x v9.9.9\n\tgithub.com/temporalio/cli v1.5.1 // indirect\n)\n"
	require.NoError(t, os.WriteFile(filepath.Join(tools, "go.mod"), []byte(mod), 0o600))
	found := findTemporalSourceFrom(deep)
	assert.Equal(t, temporalSource{dir: tools, version: "v1.5.1", pins: found.pins}, found)

	mod += "\nrequire modernc.org/sqlite v1.51.0 // indirect\n"
	require.NoError(t, os.WriteFile(filepath.Join(tools, "go.mod"), []byte(mod), 0o600))
	assert.NotEqual(t, found.target("bin"), findTemporalSourceFrom(deep).target("bin"), "the same version built of other things is another program")

	assert.NotEmpty(t, findTemporalSource().dir, "this repository pins it")
}

// The build itself, on a module that takes a second instead of minutes.
func TestTemporalBuildTellsAndFails(t *testing.T) {
	t.Parallel()
	dir, bin := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module m\n"), 0o600))
	var told []string
	_, err := temporalSource{dir: dir, version: "v1.5.1"}.build(t.Context(), bin, func(s string) { told = append(told, s) })
	require.ErrorContains(t, err, "no required module provides package github.com/temporalio/cli/cmd/temporal")
	require.NotEmpty(t, told)
	assert.Contains(t, told[0], "building the Temporal engine from source, once")
	left, err := os.ReadDir(bin)
	require.NoError(t, err)
	assert.Empty(t, left)
}
