package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTokensFileNamesTheLineAtFault(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("ab", 32)
	for name, c := range map[string]struct{ content, want string }{
		"too few fields":    {"platform platform\n", "line 1: want `name role sha256-of-token`"},
		"unknown role":      {"# ok\n\nboss admin " + sum + "\n", "line 3: the role must be"},
		"no hash":           {"p platform secret-token\n", "line 1: the third field"},
		"short hash":        {"p platform abcd\n", "line 1: the third field"},
		"name used twice":   {"p platform " + sum + "\np ops " + sum + "\n", "line 2: the name was used before"},
		"an issuer's name":  {"# two\np platform " + sum + "\nhttps://login.example.com#anna reviewer " + sum + "\n", "line 3: a name must not contain #"},
		"a mark at its end": {"anna# reviewer " + sum + "\n", "line 1: a name must not contain #"},
		"nothing in it":     {"# nobody\n", "holds no token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "tokens")
			require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
			_, err := readTokens(path)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "secret-token")
		})
	}
}

func TestNobodyMayCallIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	_, err := newCallers(Auth{}, time.Now)
	require.ErrorIs(t, err, errNobody)
	_, err = newCallers(Auth{OIDCIssuer: "https://login.example.com"}, time.Now)
	require.ErrorContains(t, err, "OIDC_AUDIENCE")
	for _, issuer := range []string{"https://login.example.com#a", "https://login.example.com/" + strings.Repeat("a", 255)} {
		_, err = newCallers(Auth{OIDCIssuer: issuer, OIDCAudience: audience}, time.Now)
		require.ErrorContains(t, err, "OIDC_ISSUER must")
	}
	_, err = newCallers(Auth{TokensFile: filepath.Join(t.TempDir(), "none")}, time.Now)
	require.ErrorContains(t, err, "API_TOKENS_FILE")
}
