package registration_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/registration"
	"shiming/registration/diagram"
)

func TestTheReadmeShowsTheTable(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	filled, err := diagram.Fill(string(page))
	require.NoError(t, err)
	assert.Equal(t, filled, string(page), "README.md is out of date: run go generate ./registration")
}

func TestEveryRowIsShown(t *testing.T) {
	t.Parallel()
	drawn := append(registration.Kinds(), registration.IdentityClearing)
	for _, kind := range drawn {
		begin, end := "<!-- diagram:"+string(kind)+" -->\n", "<!-- /diagram:"+string(kind)+" -->\n"
		var page strings.Builder
		for _, k := range drawn {
			page.WriteString("<!-- diagram:" + string(k) + " -->\n<!-- /diagram:" + string(k) + " -->\n")
		}
		filled, err := diagram.Fill(page.String())
		require.NoError(t, err)
		_, section, _ := strings.Cut(filled, begin)
		section, _, _ = strings.Cut(section, end)
		for _, row := range registration.Table(kind) {
			assert.True(t, showsRow(section, row), "%s: %+v is neither drawn nor listed", kind, row)
		}
	}
}

// showsRow reports whether a section has the row's arrow, or lists it below.
func showsRow(section string, row registration.Transition) bool {
	from := string(row.From)
	if row.From == registration.None {
		from = "[*]"
	}
	for line := range strings.Lines(section) {
		arrow, labels, drawn := strings.Cut(strings.TrimSpace(line), ": ")
		if drawn && arrow == from+" --> "+string(row.To) && strings.Contains(labels, string(row.Event)) {
			return row.Guard == registration.Always || strings.Contains(labels, "["+string(row.Guard)+"]")
		}
		if cells := strings.Split(line, " | "); len(cells) == 3 && lists(cells, row) {
			return true
		}
	}
	return false
}

// lists reads one line of the table below a diagram: event, from, to.
func lists(cells []string, row registration.Transition) bool {
	to := "`" + string(row.To) + "` |\n"
	if row.To == row.From {
		to = "the same |\n"
	}
	event := "| `" + string(row.Event) + "`"
	if row.Guard != registration.Always {
		event += " [" + string(row.Guard) + "]"
	}
	if cells[0] != event || cells[2] != to {
		return false
	}
	named := strings.Contains(cells[1], "`"+string(row.From)+"`")
	return named != strings.HasPrefix(cells[1], "every open state")
}

func TestAPageWithoutMarkersIsRefused(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"none":     "# A page\n",
		"one":      "<!-- diagram:individual -->\n<!-- /diagram:individual -->\n",
		"no end":   "<!-- diagram:individual -->\n<!-- diagram:enterprise -->\n<!-- /diagram:enterprise -->\n",
		"no third": "<!-- diagram:individual -->\n<!-- /diagram:individual -->\n<!-- diagram:enterprise -->\n<!-- /diagram:enterprise -->\n",
		"swapped":  "<!-- /diagram:individual -->\n<!-- diagram:individual -->\n<!-- diagram:enterprise -->\n<!-- /diagram:enterprise -->\n",
	} {
		_, err := diagram.Fill(page)
		assert.ErrorContains(t, err, "the page lacks", name)
	}
}

func TestTheRestOfThePageStays(t *testing.T) {
	t.Parallel()
	page := "before\n<!-- diagram:individual -->\na stale drawing\n<!-- /diagram:individual -->\nbetween\n" +
		"<!-- diagram:enterprise -->\na stale drawing\n<!-- /diagram:enterprise -->\n" +
		"<!-- diagram:clearing -->\n<!-- /diagram:clearing -->\nafter\n"
	once, err := diagram.Fill(page)
	require.NoError(t, err)
	twice, err := diagram.Fill(once)
	require.NoError(t, err)
	assert.Equal(t, once, twice)
	assert.True(t, strings.HasPrefix(once, "before\n<!-- diagram:individual -->\n```mermaid\n"))
	assert.Contains(t, once, "<!-- /diagram:individual -->\nbetween\n<!-- diagram:enterprise -->\n")
	assert.True(t, strings.HasSuffix(once, "<!-- /diagram:clearing -->\nafter\n"))
	assert.NotContains(t, once, "a stale drawing")
}
