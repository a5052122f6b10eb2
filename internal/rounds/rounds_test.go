package rounds_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"shiming/internal/rounds"
)

// A round every minute, the first at once or after the first minute; trouble is said and ends nothing, also not when it is told to stop.
func TestRoundsGoOnUntilTheyAreEnded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run  func(context.Context, time.Duration, *slog.Logger, string, func(context.Context) error)
		want []time.Duration
	}{
		"every":   {rounds.Every, []time.Duration{time.Minute, 2 * time.Minute}},
		"at once": {rounds.AtOnce, []time.Duration{0, time.Minute, 2 * time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				var at []time.Duration
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
				defer cancel()
				c.run(ctx, time.Minute, slog.New(slog.NewTextHandler(&log, nil)), "the job met trouble", func(context.Context) error {
					at = append(at, time.Since(began))
					return errors.New("away")
				})
				assert.Equal(t, c.want, at)
				assert.Equal(t, len(c.want), strings.Count(log.String(), `level=WARN msg="the job met trouble" error=away`))
				assert.Equal(t, 150*time.Second, time.Since(began), "it ends with ctx")
			})
		})
	}
}
