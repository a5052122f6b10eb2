package main

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack"
)

const downWithin = 40 * time.Second

func status(t *testing.T, url string) int {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

func page(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	return string(raw)
}

// One start, because each takes seconds: what the ready file promises, a worker that is killed, an orderly end, and
// what is kept.
func TestDevComesUpLivesAndEnds(t *testing.T) {
	t.Parallel()
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "ready.json")
	for _, d := range []string{dir, filepath.Dir(dir)} { // PostgreSQL's own user passes through
		require.NoError(t, os.Chmod(d, 0o755))
	}
	data := filepath.Join(dir, "data")
	p := run(t, freePorts("dev", "--working-day", "5s", "--data-dir", data, "--ready-file", file, "--metrics-addr", "127.0.0.1:0")...)
	ready := p.ready(file)

	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.Equal(t, []string{"api_url", "database_url", "sandbox_url", "temporal_address", "tokens", "ui_url"}, slices.Sorted(maps.Keys(ready)))
	assert.Equal(t, []string{"ops", "platform", "reviewer"}, slices.Sorted(maps.Keys(ready["tokens"].(map[string]any))))
	assert.Less(t, status(t, ready["api_url"].(string)+"/readyz"), 300)
	assert.Equal(t, 200, status(t, ready["sandbox_url"].(string)+"/"))
	assert.Equal(t, 200, status(t, ready["ui_url"].(string)))

	assert.Equal(t, 404, status(t, ready["api_url"].(string)+"/metrics"))
	p.says("  metrics  ")
	metrics := regexp.MustCompile(`http://127\.0\.0\.1:\d+/metrics`).FindString(p.stderr.String())
	shown := page(t, metrics)
	assert.Contains(t, shown, `shiming_http_requests_total{operation="readyz",status="200"}`)
	assert.Contains(t, shown, "shiming_http_connections ")
	assert.Equal(t, 404, status(t, strings.TrimSuffix(metrics, "/metrics")+"/readyz"))

	first := p.children("worker")
	require.Len(t, first, 1)
	p.kill("worker")
	p.says("the worker died (signal: killed)")
	require.Eventually(t, func() bool {
		now := p.children("worker")
		return len(now) == 1 && now[0] != first[0]
	}, downWithin, 50*time.Millisecond)

	all := p.children("")
	assert.GreaterOrEqual(t, len(all), 3)
	p.signal(syscall.SIGTERM)
	assert.Zero(t, p.ends(downWithin))
	assert.True(t, gone(all))
	assert.NoFileExists(t, file)

	// Again, in the same folder: the same tokens.
	p = run(t, freePorts("dev", "--working-day", "5s", "--data-dir", data, "--ready-file", file)...)
	assert.Equal(t, ready["tokens"], p.ready(file)["tokens"])
	p.signal(syscall.SIGINT)
	assert.Zero(t, p.ends(downWithin))
}

func TestDevEndsWithItsServers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ready.json")
	p := run(t, freePorts("dev", "--ephemeral", "--ready-file", file)...)
	p.ready(file)
	all := p.children("")
	p.kill("postgres")
	assert.Equal(t, 1, p.ends(downWithin))
	assert.Contains(t, p.stderr.String(), "PostgreSQL ended unexpectedly")
	assert.True(t, gone(all))
	assert.NoFileExists(t, file)
}

func TestDevCanBeStoppedWhileItStarts(t *testing.T) {
	t.Parallel()
	p := run(t, freePorts("dev", "--ephemeral")...)
	p.says("starting PostgreSQL")
	p.signal(syscall.SIGINT)
	assert.Zero(t, p.ends(downWithin))
	assert.Empty(t, p.children(""))
}

func TestDevSaysWhichPortIsInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, taken.Close()) })
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)

	for flag, value := range map[string]string{
		"--api-addr": taken.Addr().String(), "--metrics-addr": taken.Addr().String(), "--sandbox-addr": taken.Addr().String(), "--temporal-port": port, "--ui-port": port,
	} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			p := run(t, append(freePorts("dev", "--ephemeral"), flag, value)...)
			assert.Equal(t, 1, p.ends(downWithin))
			assert.Contains(t, p.stderr.String(), "port "+port+" is in use")
			assert.Contains(t, p.stderr.String(), flag)
			assert.NotContains(t, p.stderr.String(), "starting", "nothing was started")
		})
	}
}

func TestDevSaysAtOnceThatItsReadyFileCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, file := range []string{filepath.Join(dir, "missing", "ready.json"), dir} {
		p := run(t, freePorts("dev", "--ephemeral", "--ready-file", file)...)
		assert.Equal(t, 1, p.ends(downWithin))
		assert.Contains(t, p.stderr.String(), "--ready-file")
		assert.Contains(t, p.stderr.String(), file)
		assert.NotContains(t, p.stderr.String(), "starting", "nothing was started")
		assert.DirExists(t, dir)
	}
}

// Nothing is kept: so nothing of the caller's is used that keeps.
func TestEphemeralLeavesNothingOnServersOfTheCallers(t *testing.T) {
	t.Parallel()
	pg, err := devstack.StartPostgres(t.Context(), devstack.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pg.Stop(context.Background())) })
	before := databases(t, pg.URL)

	file := filepath.Join(t.TempDir(), "ready.json")
	nobody := "127.0.0.1:1"
	p := runWith(t, []string{"DATABASE_URL=" + pg.URL, "TEMPORAL_ADDRESS=" + nobody}, freePorts("dev", "--ephemeral", "--ready-file", file)...)
	ready := p.ready(file)
	assert.NotEqual(t, pg.URL, ready["database_url"])
	assert.NotEqual(t, nobody, ready["temporal_address"])
	assert.Len(t, databases(t, pg.URL), len(before)+1)
	p.signal(syscall.SIGTERM)
	assert.Zero(t, p.ends(downWithin))
	assert.Equal(t, before, databases(t, pg.URL))

	conn, err := pgx.Connect(t.Context(), pg.URL)
	require.NoError(t, err)
	var tables int
	require.NoError(t, conn.QueryRow(t.Context(), "select count(*) from information_schema.tables where table_schema = 'public'").Scan(&tables))
	require.NoError(t, conn.Close(t.Context()))
	assert.Zero(t, tables)
}

func databases(t *testing.T, url string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	rows, err := conn.Query(t.Context(), "select datname from pg_database order by 1")
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	return names
}
