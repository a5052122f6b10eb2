package main

import (
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const quickly = 20 * time.Second

func TestCommandsSayWhichSettingsAreMissing(t *testing.T) {
	t.Parallel()
	for command, names := range map[string][]string{
		"serve":   {"DATABASE_URL", "KEYS_FILE", "BLOBS_URL", "WALLET_URL", "BANK_WEBHOOK_SECRETS"},
		"sandbox": {"BANK_WEBHOOK_URL", "WALLET_WEBHOOK_URL", "WEBHOOK_SECRET"},
		"migrate": {"DATABASE_URL"},
		"backup":  {"DATABASE_URL", "KEYS_FILE", "BLOBS_URL"},
		"drill":   {"KEYS_FILE"},
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			args := []string{command}
			if command == "backup" || command == "drill" {
				args = append(args, t.TempDir())
			}
			p := run(t, args...)
			assert.Equal(t, 1, p.ends(quickly))
			for _, name := range names {
				assert.Contains(t, p.stderr.String(), name+" is not set: want ")
			}
		})
	}
}

func TestKeysAreNeverReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	p := run(t, "keys", path)
	require.Zero(t, p.ends(quickly))
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	p = run(t, "keys", path)
	assert.Equal(t, 1, p.ends(quickly))
	assert.Contains(t, p.stderr.String(), "exists and stays as it is")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

func TestSandboxServesUntilItIsToldToStop(t *testing.T) {
	t.Parallel()
	p := runWith(t, []string{
		"SANDBOX_ADDR=127.0.0.1:0", "BANK_WEBHOOK_URL=http://127.0.0.1:1/bank", "WALLET_WEBHOOK_URL=http://127.0.0.1:1/wallet",
		"WEBHOOK_SECRET=" + newWebhookSecret(),
	}, "sandbox")
	p.says("serving the sandbox")
	addr := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(p.stderr.String())
	assert.Equal(t, 200, status(t, "http://"+addr+"/healthz"))
	p.signal(syscall.SIGTERM)
	assert.Zero(t, p.ends(quickly))
}
