package handbook_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/config"
	"shiming/internal/handbook"
)

const page = "../../docs/operations.md"

func TestTheTableIsWhatTheProcessesRead(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(page)
	require.NoError(t, err)
	filled, err := handbook.Fill(string(raw))
	require.NoError(t, err)
	assert.Equal(t, filled, string(raw), "docs/operations.md is out of date: run go generate ./internal/handbook")
}

func TestEverySettingHasALine(t *testing.T) {
	t.Parallel()
	filled, err := handbook.Fill("<!-- settings -->\n<!-- /settings -->\n")
	require.NoError(t, err)
	for process, names := range map[string][]string{
		"api": config.Names[config.API](), "worker": config.Names[config.Worker](),
		"sandbox": config.Names[config.Sandbox](), "migrate": config.Names[config.Migrate](),
		"calendar": config.Names[config.Calendar](),
	} {
		assert.NotEmpty(t, names)
		for _, name := range names {
			line := lineOf(filled, name)
			require.NotEmpty(t, line, "%s has no line", name)
			cells := strings.Split(strings.ReplaceAll(line, `\|`, ""), "|")
			require.Len(t, cells, 6, line)
			assert.Contains(t, cells[2], process, name)
			assert.NotEmpty(t, strings.TrimSpace(cells[4]), "%s does not say what it is", name)
		}
	}
	assert.Contains(t, lineOf(filled, "BANK_URL"), "**required**")
	assert.Contains(t, lineOf(filled, "RATE_LIMIT"), "`200`")
}

func lineOf(page, setting string) string {
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "| `"+setting+"` |") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func TestAPageWithoutMarkersIsRefused(t *testing.T) {
	t.Parallel()
	_, err := handbook.Fill("# Operations\n")
	require.Error(t, err)
	_, err = handbook.Fill("<!-- settings -->\n")
	require.Error(t, err)
}
