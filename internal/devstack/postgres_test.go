//go:build linux

package devstack

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// postgresWith starts a server that ends with the test.
func postgresWith(t *testing.T, o PostgresOptions) *Postgres {
	t.Helper()
	pg, err := StartPostgres(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pg.Stop(context.Background())) })
	return pg
}

func connect(t *testing.T, databaseURL string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // some tests kill its server
	return conn
}

func setting(t *testing.T, conn *pgx.Conn, name string) string {
	t.Helper()
	var value string
	require.NoError(t, conn.QueryRow(t.Context(), "select current_setting($1)", name).Scan(&value))
	return value
}

func TestPostgresServesLoopbackOnlyAndLeavesNothing(t *testing.T) {
	t.Parallel()
	pg := postgresWith(t, PostgresOptions{})
	conn := connect(t, pg.URL)
	for name, want := range map[string]string{
		"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "300",
		"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "TimeZone": "UTC", "server_encoding": "UTF8",
		"log_min_error_statement": "panic", // no statement with somebody's data in the log
	} {
		assert.Equal(t, want, setting(t, conn, name), name)
	}
	assert.Equal(t, "shiming", conn.Config().Database)

	require.DirExists(t, pg.data.temp)
	require.NoError(t, pg.Stop(t.Context()))
	assert.NoDirExists(t, pg.data.temp)
	assert.True(t, closed(pg.Done()))
	assert.NoError(t, pg.Stop(t.Context()), "a second Stop")
}

func TestPostgresWantsItsPassword(t *testing.T) {
	t.Parallel()
	pg := postgresWith(t, PostgresOptions{})
	u, err := url.Parse(pg.URL)
	require.NoError(t, err)
	for _, user := range []*url.Userinfo{url.UserPassword("postgres", "wrong"), url.User("postgres")} {
		u.User = user
		_, err := pgx.Connect(t.Context(), u.String())
		require.ErrorContains(t, err, "password authentication failed")
	}
}

func TestPostgresDeathIsSeen(t *testing.T) {
	t.Parallel()
	pg := postgresWith(t, PostgresOptions{})
	require.NoError(t, pg.process.cmd.Process.Kill())
	awaitClosed(t, pg.Done())
	require.NoError(t, pg.Stop(t.Context()))
	assert.NoDirExists(t, pg.data.temp)
}

func TestPostgresStopHasAnEnd(t *testing.T) {
	t.Parallel()
	pg := postgresWith(t, PostgresOptions{})
	suspend(t, pg.process.cmd.Process.Pid) // deaf to SIGINT now
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.NoError(t, pg.Stop(ctx))
	assert.True(t, closed(pg.Done()))
}

func TestPostgresNamesATakenPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port

	_, err = StartPostgres(t.Context(), PostgresOptions{Port: taken})
	var inUse *PortInUseError
	require.ErrorAs(t, err, &inUse)
	assert.Equal(t, PortInUseError{Port: taken, What: "PostgreSQL"}, *inUse)
	assert.EqualError(t, inUse, fmt.Sprintf("port %d, wanted for PostgreSQL, is in use", taken))
}

func TestPostgresKeepsItsDataFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openTempDir(t), "kept", "data")
	first := postgresWith(t, PostgresOptions{DataDir: dir})
	conn := connect(t, first.URL)
	assert.Equal(t, "on", setting(t, conn, "fsync"))
	_, err := conn.Exec(t.Context(), "create table kept as select 42 as answer")
	require.NoError(t, err)

	_, err = StartPostgres(t.Context(), PostgresOptions{DataDir: dir})
	require.ErrorContains(t, err, "data folder "+dir+" is in use", "two servers on one folder")

	// Not even a crash loses what was committed.
	require.NoError(t, first.process.cmd.Process.Kill())
	awaitClosed(t, first.Done())

	second := postgresWith(t, PostgresOptions{DataDir: dir})
	var answer int
	require.NoError(t, connect(t, second.URL).QueryRow(t.Context(), "select answer from kept").Scan(&answer))
	assert.Equal(t, 42, answer)
	require.NoError(t, second.Stop(t.Context()))
	assert.DirExists(t, dir)
	left, err := os.ReadDir(filepath.Dir(dir))
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing but the data folder stays")
}

func TestPostgresRefusesAnotherVersionsData(t *testing.T) {
	t.Parallel()
	dir := openTempDir(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte("9\n"), 0o644))
	_, err := StartPostgres(t.Context(), PostgresOptions{DataDir: dir})
	require.ErrorContains(t, err, "made by PostgreSQL 9")
}

func TestPostgresKilledInSetUpLeavesNoHalfCluster(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openTempDir(t), "data")
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	_, err := StartPostgres(ctx, PostgresOptions{DataDir: dir})
	require.Error(t, err)
	assert.NoFileExists(t, filepath.Join(dir, "PG_VERSION"))
	postgresWith(t, PostgresOptions{DataDir: dir})
}

func TestRemoveLeftoversSparesTheLiving(t *testing.T) {
	t.Parallel()
	in := t.TempDir()
	old := time.Now().Add(-time.Hour)
	make := func(name string) string {
		dir := filepath.Join(in, name)
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, ephemeralPID), nil, 0o600))
		require.NoError(t, os.Chtimes(dir, old, old))
		return dir
	}
	dead, alive, other := make(ephemeralDir+"dead"), make(ephemeralDir+"alive"), make("other")
	young := filepath.Join(in, ephemeralDir+"young")
	require.NoError(t, os.Mkdir(young, 0o700))
	owner, err := TryLock(filepath.Join(alive, ephemeralPID))
	require.NoError(t, err)
	require.NotNil(t, owner)

	removeLeftovers(in)
	assert.NoDirExists(t, dead)
	assert.DirExists(t, alive)
	assert.DirExists(t, young)
	assert.DirExists(t, other)
	require.NoError(t, owner.Unlock())
}

func TestInstalledPostgres(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	install := func(dir, version string, tools ...string) string {
		dir = filepath.Join(root, dir)
		require.NoError(t, os.MkdirAll(dir, 0o755))
		for _, tool := range tools {
			script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
			require.NoError(t, os.WriteFile(filepath.Join(dir, tool), []byte(script), 0o755))
		}
		return dir
	}
	lone := install("lone", "17.1", "postgres")
	onPath := install("path", "15.3", "postgres", "initdb")
	nine := install("lib/9/bin", "9.6.24", "postgres", "initdb")
	eighteen := install("lib/18/bin", "18beta1", "postgres", "initdb")
	wrong := install("lib/x/bin", "unknown", "postgres", "initdb")
	require.DirExists(t, wrong)

	found := installedPostgres(t.Context(), []string{"", ".", lone, onPath}, filepath.Join(root, "lib/*/bin"))
	assert.Equal(t, []postgresBin{{onPath, 15}, {eighteen, 18}, {nine, 9}}, found)

	first, ok := pickPostgres(found, "")
	assert.True(t, ok)
	assert.Equal(t, onPath, first.dir)
	matching, ok := pickPostgres(found, "9")
	assert.True(t, ok)
	assert.Equal(t, nine, matching.dir)
	_, ok = pickPostgres(found, "12")
	assert.False(t, ok)
	assert.Equal(t, "15, 18, 9", versionsOf(found))
}

func TestPostgresOfRootRunsAsSomebodyElse(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	pg := postgresWith(t, PostgresOptions{})
	require.NotNil(t, pg.data.as)
	assert.Equal(t, strconv.Itoa(int(pg.data.as.uid)), statusOf(t, pg.process.cmd.Process.Pid, "Uid"))
}

// A checkout below root's home must do: the data is kept where the server may go, and found again from its folder.
func TestPostgresOfRootKeepsDataWhereItsUserMayGo(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	closedDir, spare := filepath.Join(openTempDir(t), "closed"), filepath.Join(openTempDir(t), "spare")
	require.NoError(t, os.Mkdir(closedDir, 0o700))
	var said []string
	o := PostgresOptions{DataDir: filepath.Join(closedDir, "data"), SpareDir: spare, Progress: func(what string) { said = append(said, what) }}

	first := postgresWith(t, o)
	assert.Equal(t, spare, filepath.Dir(first.data.path))
	require.Len(t, said, 1)
	assert.Contains(t, said[0], first.data.path)
	assert.Contains(t, said[0], closedDir)
	_, err := connect(t, first.URL).Exec(t.Context(), "create table kept (n int)")
	require.NoError(t, err)
	require.NoError(t, first.Stop(t.Context()))

	second := postgresWith(t, o)
	assert.Equal(t, first.data.path, second.data.path)
	_, err = connect(t, second.URL).Exec(t.Context(), "select from kept")
	require.NoError(t, err)
	require.NoError(t, second.Stop(t.Context()))

	// A folder that was removed to start anew gets a new database.
	require.NoError(t, os.Remove(o.DataDir))
	third := postgresWith(t, o)
	_, err = connect(t, third.URL).Exec(t.Context(), "select from kept")
	require.ErrorContains(t, err, "does not exist")
}

func TestPostgresDataThatIsThereIsNotMoved(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	closedDir := filepath.Join(openTempDir(t), "closed")
	require.NoError(t, os.MkdirAll(filepath.Join(closedDir, "data"), 0o700))
	_, err := StartPostgres(t.Context(), PostgresOptions{DataDir: filepath.Join(closedDir, "data"), SpareDir: openTempDir(t)})
	require.ErrorContains(t, err, "may not enter "+closedDir)
}

// Whoever made the data folder a link themselves, relative or not, has their data where it leads, whoever they run as.
func TestPostgresDataFolderMayBeALink(t *testing.T) {
	t.Parallel()
	dir := openTempDir(t)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "home"), 0o711))
	link := filepath.Join(dir, "home", "postgres")
	require.NoError(t, os.Symlink("../disk", link))
	for range 2 { // made, then found again
		var said []string
		pg := postgresWith(t, PostgresOptions{DataDir: link, Progress: func(what string) { said = append(said, what) }})
		require.NoError(t, pg.Stop(t.Context()))
		assert.NotContains(t, strings.Join(said, "\n"), "may not enter")
		assert.FileExists(t, filepath.Join(dir, "disk", "PG_VERSION"))
	}
}

// A link is ours if it leads to where we keep the data of a user who may not enter; nobody else has such a one.
func TestOnlyALinkToSpareIsOurs(t *testing.T) {
	t.Parallel()
	dir := openTempDir(t)
	spare := filepath.Join(dir, "spare")
	require.NoError(t, os.Mkdir(spare, 0o711))
	other := &identity{name: "other", uid: uint32(os.Geteuid())} // may enter what we may
	for name, tc := range map[string]struct {
		to   string
		as   *identity
		ours bool
	}{
		"to spare":                {filepath.Join(spare, "postgres-x"), other, true},
		"to spare, relative":      {"spare/postgres-x", other, true},
		"elsewhere":               {filepath.Join(dir, "disk"), other, false},
		"elsewhere, relative":     {"disk", other, false},
		"of nobody but the user":  {filepath.Join(spare, "postgres-x"), nil, false},
		"the user's and relative": {"disk", nil, false},
	} {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		require.NoError(t, os.Symlink(tc.to, path))
		d, err := openDataDir(path, spare, tc.as)
		require.NoError(t, err, name)
		if tc.ours {
			assert.Equal(t, path, d.link, name)
			assert.Equal(t, filepath.Join(spare, "postgres-x"), d.path, name)
		} else {
			assert.Empty(t, d.link, name)
			assert.Equal(t, path, d.path, name)
		}
	}
}

// openTempDir is a temporary folder that every user may enter; t.TempDir is the caller's alone.
func openTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "devstack-test-") //nolint:usetesting // see above
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, fs.FileMode(0o755)))
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func awaitClosed(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the server's end was not noticed")
	}
}
