package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/config"
)

// What dev gives its parts must be what they ask for, and nothing of the shell's must get between.
func TestSettingsSatisfyEveryPart(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "elsewhere:7233")
	t.Setenv("KMS_URI", "aws-kms://of-production")
	s := &stack{opts: stackOptions{APIAddr: "127.0.0.1:0", SandboxAddr: "127.0.0.1:0", SettleDelay: time.Second, DataDir: t.TempDir()}, databaseURL: "postgres://u:p@h/d"}
	require.NoError(t, s.takePorts())
	t.Cleanup(func() {
		assert.NoError(t, s.apiListener.Close())
		assert.NoError(t, s.sandboxListener.Close())
	})
	var err error
	s.home, err = openHome(s.opts.DataDir, 5*time.Second)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.home.close()) })

	_, err = config.From[config.API](s.apiSettings())
	require.NoError(t, err)
	_, err = config.From[config.Sandbox](s.sandboxSettings())
	require.NoError(t, err)
	worker := s.workerSettings(8081)
	_, err = config.From[config.Worker](worker)
	require.NoError(t, err)
	assert.NotContains(t, worker.environ(), "KMS_URI=aws-kms://of-production")
	assert.Contains(t, worker.environ(), "TEMPORAL_ADDRESS=elsewhere:7233")
}
