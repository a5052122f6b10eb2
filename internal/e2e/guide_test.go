package e2e

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/problem"
)

const guidePage = "../../docs/integration.md"

// block is a fenced piece of a page: what stands after the fence, and the lines, the first of which has a number.
type block struct {
	info  string
	first int
	lines []string
}

func blocks(t *testing.T, page string) []block {
	t.Helper()
	f, err := os.Open(page)
	require.NoError(t, err)
	defer f.Close()
	var all []block
	inside := false
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		info, fence := strings.CutPrefix(lines.Text(), "```")
		switch {
		case fence && !inside:
			all = append(all, block{info: info, first: n + 1})
			inside = true
		case fence:
			inside = false
		case inside:
			all[len(all)-1].lines = append(all[len(all)-1].lines, lines.Text())
		}
	}
	require.NoError(t, lines.Err())
	require.False(t, inside, "a fence is not closed")
	return all
}

// says is a line of a shell block with what it prints: `jq -r .state <<<"$answer"    # => approved`.
var says = regexp.MustCompile(`^(.*?)\s+# => (.*)$`)

// script makes one program of the page's shell blocks, which compares what lines print with what the page says they do. A line
// that reads a here-document is compared as a whole with it.
func script(t *testing.T, all []block) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("set -euo pipefail\nsaid() { test \"$1\" = \"$2\" || { echo \"line $3 printed: $1\" >&2; echo \"the page says: $2\" >&2; exit 1; }; }\n")
	for _, one := range all {
		if one.info != "sh" {
			continue
		}
		for i := 0; i < len(one.lines); i++ {
			number, m := one.first+i, says.FindStringSubmatch(one.lines[i])
			if m == nil {
				fmt.Fprintln(&b, one.lines[i])
				continue
			}
			fmt.Fprintf(&b, "said \"$(%s\n", m[1])
			if strings.Contains(m[1], "<<'JSON'") {
				for i++; ; i++ {
					require.Less(t, i, len(one.lines), "a here-document without an end")
					fmt.Fprintln(&b, one.lines[i])
					if one.lines[i] == "JSON" {
						break
					}
				}
			}
			fmt.Fprintf(&b, ")\" %s %d\n", quoted(m[2]), number)
		}
	}
	return b.String()
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// guideTools are what the guide's commands need.
var guideTools = []string{"bash", "curl", "jq", "go"}

// TestTheChecksBringWhatTheGuideNeeds: without one of them the checks would fail for a reason that is none of the guide's.
func TestTheChecksBringWhatTheGuideNeeds(t *testing.T) {
	t.Parallel()
	checks, err := os.ReadFile("../../.ci/run")
	require.NoError(t, err)
	named := regexp.MustCompile(`(?m)^guide_tools=\((.*)\)$`).FindSubmatch(checks)
	require.NotNil(t, named)
	assert.Equal(t, guideTools, append([]string{"bash"}, append(strings.Fields(string(named[1])), "go")...), "bash runs the checks, and they look for Go")
}

// TestGuide does everything that the guide for integrators says, from top to bottom, and holds it to what it says comes out.
func TestGuide(t *testing.T) {
	t.Parallel()
	for _, tool := range guideTools {
		if _, err := exec.LookPath(tool); err != nil && os.Getenv("CI") == "" {
			t.Skip("the guide's commands need " + tool)
		}
	}
	w := newWorld(t)
	all := blocks(t, guidePage)
	// Inside the module, so that the Go programs find what they import, and hidden from the go command's patterns.
	dir := "_guide-" + strconv.Itoa(os.Getpid())
	require.NoError(t, os.Mkdir(dir, 0o700))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	for _, one := range all {
		name, isFile := strings.CutPrefix(one.info, "go file=")
		require.True(t, isFile || one.info == "sh", "line %d: nobody runs a block of %q", one.first, one.info)
		if isFile {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(one.lines, "\n")+"\n"), 0o600))
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "scan.png"), scan("first"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "better-scan.png"), scan("better"), 0o600))
	free := listen(t)
	receiver := free.Addr().String()
	require.NoError(t, free.Close())

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, "bash", "-c", script(t, all))
	run.Dir, run.WaitDelay = dir, 5*time.Second
	run.Env = append(os.Environ(), "SHIMING_URL="+w.apiURL, "SHIMING_TOKEN=platform", "REVIEWER_TOKEN=reviewer", "SANDBOX_URL="+w.sandboxURL,
		"RECEIVER_ADDR="+receiver, "RECEIVER_URL=http://"+receiver+"/shiming", "BANK_WEBHOOK_SECRET="+w.secret)
	said, err := run.CombinedOutput()
	require.NoError(t, err, "%s", said)
}

// TestGuideNamesEveryCode with its status.
func TestGuideNamesEveryCode(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(guidePage)
	require.NoError(t, err)
	for _, e := range problem.Entries() {
		assert.Contains(t, string(page), fmt.Sprintf("| %d | `%s` | ", e.Status, e.Code))
	}
}
