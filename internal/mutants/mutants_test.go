package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkout is a module with one function and a test of it, under git.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":      "module m\n\ngo 1.26\n",
		"m.go":        "package m\n\nfunc two() int { return 1 + 1 }\n\nfunc three() int { return 3 }\n",
		"m_test.go":   "package m\n\nimport \"testing\"\n\nfunc TestTwo(t *testing.T) {\n\tif two() != 2 {\n\t\tt.Fail()\n\t}\n}\n\nfunc TestNever(t *testing.T) { t.Fail() }\n",
		".gitignore":  "ignored\n",
		"ignored":     "not copied",
		"deep/in/a/f": "copied",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	require.NoError(t, exec.CommandContext(t.Context(), "git", "-C", dir, "init", "--quiet").Run())
	return dir
}

func TestMutants(t *testing.T) {
	t.Parallel()
	dir := checkout(t)
	c, err := newCopy(t.Context(), dir)
	require.NoError(t, err)
	t.Cleanup(c.remove)
	assert.FileExists(t, filepath.Join(c.dir, "deep/in/a/f"))
	assert.NoFileExists(t, filepath.Join(c.dir, "ignored"))
	go1 := func(name string) []string { return []string{"go", "test", "./...", "-run", "^" + name + "$"} }
	for name, one := range map[string]struct {
		m          mutant
		fate, said string
	}{
		"noticed":            {mutant{file: "m.go", test: go1("TestTwo"), old: "1 + 1", new: "1 + 2"}, fateKilled, ""},
		"not noticed":        {mutant{file: "m.go", test: go1("TestTwo"), old: "return 3", new: "return 4"}, fateSurvived, ""},
		"not there":          {mutant{file: "m.go", test: go1("TestTwo"), old: "5", new: "6"}, fateUnfit, "0 times"},
		"there twice":        {mutant{file: "m.go", test: go1("TestTwo"), old: "return", new: ""}, fateUnfit, "2 times"},
		"no file":            {mutant{file: "n.go", test: go1("TestTwo"), old: "5", new: "6"}, fateUnfit, "n.go"},
		"does not compile":   {mutant{file: "m.go", test: go1("TestTwo"), old: "1 + 1", new: "one"}, fateUnfit, "undefined: one"},
		"fails by itself":    {mutant{file: "m.go", test: go1("TestNever"), old: "1 + 1", new: "1 + 2"}, fateUnfit, "with nothing broken"},
		"there is no test":   {mutant{file: "m.go", test: go1("TestNone"), old: "1 + 1", new: "1 + 2"}, fateUnfit, "no tests to run"},
		"there is no binary": {mutant{file: "m.go", test: []string{"no-such-program"}, old: "1 + 1", new: "1 + 2"}, fateUnfit, "no-such-program"},
	} {
		fate, said := c.try(t.Context(), one.m)
		assert.Equal(t, one.fate, fate, name)
		assert.Contains(t, said, one.said, name)
		whole, err := os.ReadFile(filepath.Join(c.dir, "m.go"))
		require.NoError(t, err)
		assert.Contains(t, string(whole), "return 1 + 1", "mended")
	}
	var out bytes.Buffer
	require.NoError(t, c.tryAll(t.Context(), &out, []mutant{{name: "noticed", file: "m.go", test: go1("TestTwo"), old: "1 + 1", new: "1 + 2"}}))
	assert.Contains(t, out.String(), "all 1 were killed")
	require.Error(t, c.tryAll(t.Context(), &out, []mutant{{name: "not noticed", file: "m.go", test: go1("TestTwo"), old: "return 3", new: "return 4"}}))
	assert.Contains(t, out.String(), fateSurvived)
}

func TestLists(t *testing.T) {
	t.Parallel()
	list, err := parse("about\n\n=== a\nfile: f.go\ntest: go test ./f -run X\n--- old\n\tx\n\ty\n--- new\n\n=== b\nfile: g.go\ntest: go vet\n--- old\nz\n--- new\n\tw\n")
	require.NoError(t, err)
	assert.Equal(t, []mutant{
		{"a", "f.go", []string{"go", "test", "./f", "-run", "X"}, "\tx\n\ty", ""},
		{"b", "g.go", []string{"go", "vet"}, "z", "\tw"},
	}, list)
	for _, bad := range []string{"", "=== a\n", "=== a\nfile: f\n--- old\nx\n--- new\ny\n", "=== a\nfile: f\ntest: t\n--- old\n--- new\ny\n", "=== a\nfile: f\ntest: t\n--- old\nx\n"} {
		_, err := parse(bad)
		assert.Error(t, err, "%q", bad)
	}
	ours, err := os.ReadFile("list.txt")
	require.NoError(t, err)
	_, err = parse(string(ours))
	assert.NoError(t, err)
}
