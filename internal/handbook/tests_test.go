package handbook_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Pages that promise name who holds it: `package/file_test.go: TestName`, and more tests of that file as `TestName`. A test that
// holds much is named with its file once, and without it anywhere on the page.
var (
	inFile  = regexp.MustCompile(`^([\w/]+_test\.go)(?:: (Test\w+))?$`)
	alone   = regexp.MustCompile(`^Test\w+$`)
	span    = regexp.MustCompile("`([^`]+)`")
	noTest  = "no test of its own"
	notOurs = "not ours to hold"
)

// TestTheTestsThatPagesNameExist, under that name, in that file.
func TestTheTestsThatPagesNameExist(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"failures.md", "security.md"} {
		has := map[string][]string{} // by file
		var named []string           // without a file
		for _, m := range span.FindAllStringSubmatch(read(t, filepath.Join("../../docs", page)), -1) {
			if found := inFile.FindStringSubmatch(m[1]); found != nil {
				has[found[1]] = testsIn(t, found[1])
				assert.True(t, found[2] == "" || slices.Contains(has[found[1]], found[2]), "%s: there is no %s", page, m[1])
			} else if alone.MatchString(m[1]) {
				named = append(named, m[1])
			}
		}
		assert.Greater(t, len(has), 15, page)
		all := slices.Concat(slices.Collect(maps.Values(has))...)
		for _, test := range named {
			assert.Contains(t, all, test, "%s: no file that it names has %s", page, test)
		}
	}
}

// TestEveryPromiseOfSecuritySaysWhoHoldsIt: a row without a test says so.
func TestEveryPromiseOfSecuritySaysWhoHoldsIt(t *testing.T) {
	t.Parallel()
	rows := 0
	for line := range strings.Lines(read(t, "../../docs/security.md")) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) < 3 || strings.TrimSpace(cells[0]) == "threat" || strings.HasPrefix(strings.TrimSpace(cells[0]), "---") {
			continue
		}
		rows++
		require.Len(t, cells, 3, line)
		held := strings.TrimSpace(cells[2])
		assert.True(t, strings.Contains(held, "Test") || strings.Contains(held, noTest) || strings.Contains(held, notOurs), "nobody holds: %s", line)
	}
	assert.Greater(t, rows, 30)
}

var declared = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// testsIn names the tests of a file, none if there is no such file.
func testsIn(t *testing.T, file string) (names []string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../..", file))
	if !assert.NoError(t, err) {
		return nil
	}
	for _, m := range declared.FindAllStringSubmatch(string(raw), -1) {
		names = append(names, m[1])
	}
	return names
}
