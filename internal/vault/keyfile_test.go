package vault

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/testing/fakekms"
)

func TestGenerateKeyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "keys.json")
	require.NoError(t, GenerateKeyFile(path))
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	}
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	require.ErrorIs(t, GenerateKeyFile(path), os.ErrExist)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after, "an existing file stays")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "no temporary file stays")

	require.ErrorIs(t, GenerateKeyFile(filepath.Join(dir, "missing", "keys.json")), os.ErrNotExist)
}

func TestLoadKeysRefusesWhatOthersMayRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no such bits")
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, GenerateKeyFile(path))
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o644} {
		require.NoError(t, os.Chmod(path, mode))
		_, err := LoadKeys(path)
		require.ErrorContains(t, err, "chmod 600", mode)
	}
	require.NoError(t, os.Chmod(path, 0o400))
	_, err := LoadKeys(path)
	require.NoError(t, err)
}

func TestLoadKeysRefusesMalformedFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, GenerateKeyFile(path))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	var f map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(good, &f))
	with := func(name string, value json.RawMessage) string {
		changed := map[string]json.RawMessage{}
		maps.Copy(changed, f)
		delete(changed, name)
		if value != nil {
			changed[name] = value
		}
		b, err := json.Marshal(changed)
		require.NoError(t, err)
		return string(b)
	}
	for name, c := range map[string]struct{ content, want string }{
		"empty":                {"", "malformed"},
		"not JSON":             {"secret", "malformed"},
		"cut off":              {string(good[:len(good)/2]), "malformed"},
		"unknown field":        {with("masterkey", f["master"]), "malformed"},
		"no master":            {with("master", nil), "master key"},
		"no fingerprint":       {with("fingerprint", nil), "fingerprint key"},
		"no engine":            {with("engine", nil), "engine key"},
		"keys mixed up":        {with("fingerprint", f["engine"]), "fingerprint key"},
		"keys mixed up, again": {with("engine", f["fingerprint"]), "engine key"},
		"empty keyset":         {with("master", json.RawMessage("{}")), "master key"},
	} {
		path := filepath.Join(t.TempDir(), "keys.json")
		require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
		_, err := LoadKeys(path)
		require.ErrorContains(t, err, c.want, name)
		require.ErrorContains(t, err, path, name)
		assert.NotContains(t, err.Error(), "secret", name)
	}
	_, err = LoadKeys(filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = LoadKeys(t.TempDir())
	require.Error(t, err)
}

func TestLoadKMS(t *testing.T) {
	t.Parallel()
	uri, err := fakekms.NewKeyURI()
	require.NoError(t, err)
	client, err := fakekms.NewClient(uri)
	require.NoError(t, err)
	registry.RegisterKMSClient(client) // this URI's alone
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, GenerateKMSKeyFile(uri, path))
	require.ErrorIs(t, GenerateKMSKeyFile(uri, path), os.ErrExist)

	keys, err := LoadKMS(uri, path)
	require.NoError(t, err)
	again, err := LoadKMS(uri, path)
	require.NoError(t, err)
	wrapped := newTestSubject(t, keys, "reg_1")
	sealed, err := keys.Seal(wrapped, place("reg_1", "card"), 64, []byte("secret"))
	require.NoError(t, err)
	got, err := again.Open(wrapped, place("reg_1", "card"), sealed)
	require.NoError(t, err)
	assert.Equal(t, "secret", string(got))
	assert.Equal(t, keys.Fingerprint("d", "v"), again.Fingerprint("d", "v"))

	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotContains(t, string(b), `"keyData"`, "nothing in clear")
	_, err = LoadKeys(path)
	require.Error(t, err, "the KMS is the master key")

	t.Run("keys mixed up", func(t *testing.T) {
		var f keyFile
		require.NoError(t, json.Unmarshal(b, &f))
		f.Engine, f.Fingerprint = f.Fingerprint, f.Engine
		mixed := filepath.Join(t.TempDir(), "keys.json")
		require.NoError(t, createKeyFile(mixed, f))
		_, err = LoadKMS(uri, mixed)
		require.ErrorContains(t, err, "fingerprint key")
	})
	t.Run("a development file", func(t *testing.T) {
		development := filepath.Join(t.TempDir(), "keys.json")
		require.NoError(t, GenerateKeyFile(development))
		_, err = LoadKMS(uri, development)
		require.ErrorContains(t, err, "in clear")
	})
	t.Run("no client", func(t *testing.T) {
		_, err = LoadKMS("aws-kms://nobody", path)
		require.ErrorContains(t, err, "KMS")
		require.Error(t, GenerateKMSKeyFile("aws-kms://nobody", strings.TrimSuffix(path, ".json")))
	})
}
