package main

import (
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, args ...string) (commands, error) {
	t.Helper()
	var cmd commands
	parser, err := kong.New(&cmd, kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
	require.NoError(t, err)
	_, err = parser.Parse(args)
	return cmd, err
}

func TestDevDefaults(t *testing.T) {
	t.Parallel()
	cmd, err := parse(t, "dev")
	require.NoError(t, err)
	assert.Equal(t, stackOptions{
		APIAddr: "127.0.0.1:8080", SandboxAddr: "127.0.0.1:8090", TemporalPort: 7233, UIPort: 8233, SettleDelay: 3 * time.Second,
	}, cmd.Dev.options())
	assert.Zero(t, cmd.Dev.WorkingDay)
	assert.Equal(t, ".shiming", filepath.Base(cmd.Dev.DataDir))
	assert.Equal(t, slog.LevelWarn, cmd.Dev.LogLevel)

	cmd, err = parse(t, "demo")
	require.NoError(t, err)
	assert.Equal(t, time.Minute, cmd.Demo.WorkingDay)
}

func TestFlagsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"dev", "--working-day", "-5s"},
		{"dev", "--working-day", "5"},
		{"dev", "--settle-delay", "0s"},
		{"dev", "--temporal-port", "70000"},
		{"dev", "--ui-port", "7233"},
		{"demo", "--working-day", "0s"},
		{"dev", "--unknown"},
		{"keys"},
	} {
		_, err := parse(t, args...)
		assert.Error(t, err, "%v", args)
	}
}
