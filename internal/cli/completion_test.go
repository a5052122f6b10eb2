package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/cli"
)

// goOn are the words by which a command line can go on.
func goOn(t *testing.T, words ...string) []string {
	t.Helper()
	got := command{}.run(t.Context(), t, append([]string{"__complete", "--"}, words...)...)
	require.Equal(t, cli.Done, got.code, got.errOut)
	var found []string
	for line := range strings.Lines(got.out) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		found = append(found, word)
	}
	return found
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		words []string
		want  []string
	}{
		{[]string{"app"}, []string{"apply"}},
		{[]string{"co"}, []string{"code", "company", "contact", "completion"}},
		{[]string{"review", "re"}, []string{"release", "reject"}},
		{[]string{"completion", ""}, []string{"bash", "zsh", "fish"}},
		{[]string{"document", "reg_1", "id_"}, []string{"id_card_front", "id_card_back"}},
		{[]string{"document", "reg_1", "id_card_front", ""}, []string{":files"}},
		{[]string{"document", "reg_1", "id_card_front", "x.png", ""}, nil},
		{[]string{"card", "reg_1", "--f"}, []string{"--from"}},
		{[]string{"card", "reg_1", "--from", ""}, []string{":files"}},
		{[]string{"list", "--kind", ""}, []string{"individual", "enterprise"}},
		{[]string{"list", "--kind=e"}, []string{"--kind=enterprise"}},
		{[]string{"list", "--kind", "individual", "--state", "app"}, []string{"approved"}},
		{[]string{"list", "--json", "--sta"}, []string{"--state"}},
		{[]string{"status", "-w", "reg_1", "--wa"}, []string{"--watch"}},
		{[]string{"payout", "re"}, []string{"request", "resolve"}},
		{[]string{"payout", "reg_1", "--idem"}, []string{"--idempotency-key"}},
		{[]string{"payout", "resolve", "reg_1", "--outcome", "f"}, []string{"failed"}},
		{[]string{"token", "new", "--role", ""}, []string{"platform", "reviewer", "ops"}},
		{[]string{"name", "reg_1", "--", "--"}, nil},
		{[]string{"nothing", "of", "ours", ""}, nil},
	} {
		assert.Equal(t, one.want, goOn(t, one.words...), "%q", one.words)
	}
	assert.NotContains(t, goOn(t, ""), "__complete")
	assert.Contains(t, goOn(t), "apply")
}

// script writes a shell's script to a file.
func script(t *testing.T, shell string) string {
	t.Helper()
	got := command{}.run(t.Context(), t, "completion", shell)
	require.Equal(t, cli.Done, got.code, got.errOut)
	path := filepath.Join(t.TempDir(), "starter."+shell)
	require.NoError(t, os.WriteFile(path, []byte(got.out), 0o600))
	return path
}

// has skips where a shell is not installed.
func has(t *testing.T, shell string) {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		t.Skipf("%s is not installed", shell)
	}
}

func TestScriptsParse(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			has(t, shell)
			out, err := exec.CommandContext(t.Context(), shell, "-n", script(t, shell)).CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.Empty(t, out)
		})
	}
}

// fakeStarter is a program that completes by a fixed list and shows what it was asked.
func fakeStarter(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	const program = `#!/bin/sh
printf '%s|' "$@" >"$(dirname "$0")/asked"
printf '%s\tOne: it.\n' --kind=enterprise --kind=individual
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "starter"), []byte(program), 0o700))
	return dir
}

// bash replaces only what follows the last "=": the script must offer no more than that.
func TestBashCompletes(t *testing.T) {
	t.Parallel()
	has(t, "bash")
	dir := fakeStarter(t)
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "bash", "-c", `
		source "$1"
		COMP_LINE='starter list --kind=' COMP_POINT=20
		_starter
		printf '%s\n' "${COMPREPLY[@]}"`, "bash", script(t, "bash"))
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Run(), out.String())
	assert.Equal(t, "enterprise\nindividual\n", out.String())
	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	require.NoError(t, err)
	assert.Equal(t, "__complete|--|list|--kind=|", string(asked))
}

func TestFishCompletes(t *testing.T) {
	t.Parallel()
	has(t, "fish")
	dir := fakeStarter(t)
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "fish", "--no-config", "-c", `source $argv[1]; complete -C 'starter list --kind='`, script(t, "fish"))
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "HOME="+dir)
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Run(), out.String())
	assert.Equal(t, "--kind=enterprise\tOne: it.\n--kind=individual\tOne: it.\n", out.String())
	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	require.NoError(t, err)
	assert.Equal(t, "__complete|--|list|--kind=|", string(asked))
}
