package web_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A listener of the product that is not made here has none of the bounds.
func TestEveryServerIsMadeHere(t *testing.T) {
	t.Parallel()
	const root = "../.."
	made := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.ContainsAny(d.Name()[:1], "._") || path == filepath.Join(root, "bench")): // it measures beside a bare one
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		raw, err := os.ReadFile(path)
		if n := strings.Count(string(raw), "http.Server{"); n > 0 {
			require.Equal(t, "../../internal/web/server.go", filepath.ToSlash(path))
			made += n
		}
		return err
	}))
	require.Equal(t, 1, made)
}
