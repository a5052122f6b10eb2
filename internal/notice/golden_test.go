package notice_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/notice"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden holds every kind, language and channel to a file a person can read.
func TestGolden(t *testing.T) {
	t.Parallel()
	var written []string
	for name, s := range samples() {
		kind := s.kind
		for _, locale := range bothLocales() {
			m := render(t, kind, locale, s.data)
			base := name + "." + locale
			parts := map[string]string{
				base + ".email.txt":  "Subject: " + m.Subject + "\n\n" + m.Text,
				base + ".email.html": m.HTML,
			}
			if slices.Contains(kind.Channels(), notice.SMS) {
				parts[base+".sms.txt"] = m.SMSTemplate + "\n" + notice.SMSText(m.SMSTemplate, m.SMSParams) + "\n"
			}
			for name, got := range parts {
				written = append(written, name)
				compare(t, name, got)
			}
		}
	}
	assertNoStrays(t, written)
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test ./internal/notice -update")
	assert.Equal(t, string(want), got, name)
}

// assertNoStrays finds files of kinds that no longer exist.
func assertNoStrays(t *testing.T, written []string) {
	t.Helper()
	entries, err := os.ReadDir("testdata")
	require.NoError(t, err)
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	assert.ElementsMatch(t, written, found)
}
