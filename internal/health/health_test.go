package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/health"
)

var quiet = slog.New(slog.DiscardHandler)

func well(context.Context) error { return nil }

func onTime(context.Context) (time.Duration, error) { return 0, nil }

// asked is what a checker answers.
func asked(t *testing.T, c *health.Checker) (status int, said map[string]any) {
	t.Helper()
	out := httptest.NewRecorder()
	c.Ready(out, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
	require.NoError(t, json.Unmarshal(out.Body.Bytes(), &said))
	if out.Code != 200 {
		require.NotEmpty(t, out.Header().Get("Retry-After"))
	}
	return out.Code, said
}

func TestAProcessIsReadyIfEveryPartIs(t *testing.T) {
	t.Parallel()
	broken := func(context.Context) error { return errors.New("broken") }
	for name, one := range map[string]struct {
		parts  health.Parts
		status int
		said   map[string]any
	}{
		"all":      {health.Parts{Database: well, Engine: well, Storage: well, OutboxLate: onTime}, 200, map[string]any{"status": "ok", "database": "ok", "engine": "ok", "storage": "ok", "outbox": "ok", "outbox_late_seconds": 0.0}},
		"database": {health.Parts{Database: broken, Engine: well}, 503, map[string]any{"status": "unavailable", "database": "unavailable", "engine": "ok"}},
		"engine":   {health.Parts{Database: well, Engine: broken}, 503, map[string]any{"status": "unavailable", "database": "ok", "engine": "unavailable"}},
		"storage":  {health.Parts{Database: well, Storage: broken}, 503, map[string]any{"status": "unavailable", "database": "ok", "storage": "unavailable"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, said := asked(t, health.New(one.parts, nil, quiet))
			require.Equal(t, one.status, status)
			require.Equal(t, one.said, said)
		})
	}
}

// What waits for a provider waits in every process alike: none is taken out of rotation for it.
func TestALateOutboxIsSaidAndChangesNoStatus(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		late   time.Duration
		err    error
		outbox string
	}{"a little": {59 * time.Second, nil, "ok"}, "late": {90 * time.Second, nil, "late"}, "unreadable": {0, errors.New("away"), "unknown"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := health.New(health.Parts{Database: well, OutboxLate: func(context.Context) (time.Duration, error) { return one.late, one.err }}, nil, quiet)
			status, said := asked(t, c)
			require.Equal(t, 200, status)
			require.Equal(t, one.outbox, said["outbox"])
			if one.err == nil {
				require.InDelta(t, one.late.Seconds(), said["outbox_late_seconds"], 0)
			}
		})
	}
}

func TestAProcessThatIsToldToStopIsNotReadyAtOnce(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	c := health.New(health.Parts{Database: well}, stopping, quiet)
	status, _ := asked(t, c)
	require.Equal(t, 200, status)
	close(stopping)
	status, said := asked(t, c)
	require.Equal(t, 503, status)
	require.Equal(t, map[string]any{"status": "stopping"}, said)
	out := httptest.NewRecorder()
	c.Alive(out, nil)
	require.Equal(t, 200, out.Code, "it lives")
}

// A part that hangs, and does not even heed its time, costs whoever asks a bounded time, and is asked once.
func TestAPartThatHangsIsAskedOnce(t *testing.T) {
	t.Parallel()
	hung, times := make(chan struct{}), atomic.Int64{}
	c := health.New(health.Parts{Database: well, Storage: func(context.Context) error {
		times.Add(1)
		<-hung
		return nil
	}}, nil, quiet)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			status, said := asked(t, c)
			if status != 503 || said["storage"] != "unavailable" || said["database"] != "ok" {
				t.Errorf("%d %v", status, said)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, times.Load())
	close(hung)
	require.Eventually(t, func() bool { status, _ := asked(t, c); return status == 200 }, 20*time.Second, 10*time.Millisecond)
}
