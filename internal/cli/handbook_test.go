package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const handbook = "../../docs/commands.md"

const begin, end = "<!-- commands -->\n", "<!-- /commands -->\n"

// The page's list of commands is what the commands say of themselves.
func TestTheHandbookIsWhatTheCommandsSay(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(handbook)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(raw), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	filled := before + begin + described(t) + end + after
	if *update {
		require.NoError(t, os.WriteFile(handbook, []byte(filled), 0o600))
	}
	assert.Equal(t, filled, string(raw), "docs/commands.md is out of date: run go test ./internal/cli -run Handbook -update")
}

// calling heads the flags that most commands have alike; the page shows them once.
const calling = "\nCalling the API:\n"

// described is every command's help, below its group's heading.
func described(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	_, common, found := strings.Cut(help(t, []string{"submit"}), calling)
	require.True(t, found)
	fmt.Fprintf(&b, "\n## Flags of every command that calls the API\n\nThe last only where something is changed.\n\n```text\n%s```\n", common)
	group := ""
	for _, node := range newParser(t, &b).Model.Leaves(true) {
		if g := node.ClosestGroup(); g != nil && g.Title != group {
			group = g.Title
			fmt.Fprintf(&b, "\n## %s\n", strings.TrimSuffix(group, ":"))
		}
		path := strings.TrimPrefix(node.FullPath(), "starter ")
		own, _, _ := strings.Cut(help(t, strings.Fields(path)), calling)
		fmt.Fprintf(&b, "\n### %s\n\n```text\n%s```\n", path, own)
	}
	return b.String() + "\n"
}

func help(t *testing.T, path []string) string {
	t.Helper()
	var b bytes.Buffer
	parser := newParser(t, &b)
	require.NoError(t, kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 100}).Apply(parser))
	_, _ = parser.Parse(append(path, "--help")) // what is missing after it is no matter
	return b.String()
}
