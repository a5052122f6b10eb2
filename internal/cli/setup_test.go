package cli_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/cli"
)

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func TestTokenIsShownOnceWithItsLine(t *testing.T) {
	t.Parallel()
	got := command{}.run(t.Context(), t, "token", "new", "--role", "reviewer", "--name", "zhang", "--json")
	require.Equal(t, cli.Done, got.code, got.errOut)
	var made struct{ Token, Line, Name, Role string }
	require.NoError(t, json.Unmarshal([]byte(got.out), &made))
	assert.Equal(t, "zhang reviewer "+hashOf(made.Token), made.Line)
	assert.GreaterOrEqual(t, len(made.Token), 26)

	again := command{}.run(t.Context(), t, "token", "new", "--role", "reviewer", "--name", "zhang")
	assert.Contains(t, again.out, "line for API_TOKENS_FILE  zhang reviewer ")
	assert.NotContains(t, again.out, made.Token)
}

func TestTokenIsAddedToAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "api-tokens")
	require.NoError(t, os.WriteFile(file, []byte("# ours\nold ops "+hashOf("old")), 0o600)) // without a last newline
	got := command{}.run(t.Context(), t, "token", "new", "--role", "platform", "--name", "shop", "--file", file)
	require.Equal(t, cli.Done, got.code, got.errOut)
	token := strings.TrimSpace(got.out)
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "# ours\nold ops "+hashOf("old")+"\nshop platform "+hashOf(token)+"\n", string(raw))

	got = command{}.run(t.Context(), t, "token", "new", "--role", "ops", "--name", "shop", "--file", file)
	assert.Equal(t, cli.Refused, got.code, "with two of a name the API would not start")
	assert.Empty(t, got.out)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, raw, after)

	fresh := filepath.Join(t.TempDir(), "new")
	require.Equal(t, cli.Done, command{}.run(t.Context(), t, "token", "new", "--role", "ops", "--name", "a", "--file", fresh).code)
	info, err := os.Stat(fresh)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestHealth(t *testing.T) {
	t.Parallel()
	api := newAPI(t, map[string]http.HandlerFunc{
		"GET /readyz":  answer(200, `{"status": "ok"}`),
		"GET /healthz": answer(503, `{"database": "unavailable"}`),
		"GET /slow":    func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	})
	assert.Equal(t, result{out: "ok\n"}, command{}.run(t.Context(), t, "health", api.URL+"/readyz"))
	got := command{}.run(t.Context(), t, "health", api.URL+"/healthz")
	assert.Equal(t, cli.Refused, got.code)
	assert.Equal(t, "starter: not well: 503 Service Unavailable {\"database\": \"unavailable\"}\n", got.errOut)
	assert.Equal(t, cli.Refused, command{}.run(t.Context(), t, "health", api.URL+"/slow", "--timeout", "50ms").code)
}
