package handbook_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryPackageSaysWhatItPromisesAndRefuses, as the README has it.
func TestEveryPackageSaysWhatItPromisesAndRefuses(t *testing.T) {
	t.Parallel()
	const root = "../.."
	said := map[string]string{} // by folder
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.ContainsAny(d.Name()[:1], "._"), d.IsDir() && d.Name() == "testdata":
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err == nil {
			said[filepath.Dir(path)] += file.Doc.Text()
		}
		return err
	}))
	require.Greater(t, len(said), 30)
	for folder, doc := range said {
		assert.Regexp(t, `(?i)promise`, doc, folder)
		assert.Regexp(t, `(?i)refuse`, doc, folder)
	}
}
