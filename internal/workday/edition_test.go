package workday_test

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/workday"
)

func TestAnEditionChangesWithTheDaysAndWithNothingElse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "override.json")
	write(t, path, `{"years":{}}`)
	cal, err := workday.New(workday.WithOverride(path), workday.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	plain, err := workday.New()
	require.NoError(t, err)
	builtIn := plain.Edition()
	assert.Equal(t, builtIn, cal.Edition(), "an override of nothing")
	assert.Equal(t, "2002–2027", builtIn.Words)

	write(t, path, notice2028)
	with2028 := cal.Edition()
	assert.NotEqual(t, builtIn.Version, with2028.Version)
	assert.Equal(t, "2002–2027; HOLIDAYS_FILE: 2028 (a made-up notice)", with2028.Words)

	write(t, path, `{"years": {"2028": {"source": "by another name",
		"holidays": ["2028-10-01", "2028-01-04", "2028-01-03", "2028-01-02", "2028-01-01"], "workdays": ["2028-01-08"]}}}`)
	assert.Equal(t, with2028.Version, cal.Edition().Version, "the same days")

	write(t, path, `{"years":{}}`)
	assert.Equal(t, builtIn, cal.Edition(), "back again")

	// That 2028 is certain changes no day, and every deadline's mark.
	write(t, path, `{"years":{"2028":{"source":"x","holidays":["2028-01-01"]}}}`)
	assert.NotEqual(t, builtIn.Version, cal.Edition().Version)
}

func TestACompressedCalendarHasOneEdition(t *testing.T) {
	t.Parallel()
	one, same := workday.NewCompressed(time.Second, epoch), workday.NewCompressed(time.Second, epoch.In(time.Local))
	assert.Equal(t, one.Edition(), same.Edition())
	assert.NotEqual(t, one.Edition(), workday.NewCompressed(2*time.Second, epoch).Edition())
}
