package compose

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"shiming/internal/devstack"
	"shiming/internal/devstack/stacktest"
)

const operationsPage = "../../docs/operations.md"

// TestTheOperationsPageSetsUpANamespace types what the page says to type.
func TestTheOperationsPageSetsUpANamespace(t *testing.T) {
	t.Parallel()
	var typed []string
	for line := range lines(t, operationsPage) {
		if strings.HasPrefix(line, "temporal operator ") {
			typed = append(typed, strings.ReplaceAll(line, "--namespace shiming", "--namespace typed"))
		}
	}
	require.GreaterOrEqual(t, len(typed), 2)
	at := stacktest.TemporalEndpoint(t)
	bin := t.TempDir()
	require.NoError(t, os.Symlink(at.CLI, filepath.Join(bin, "temporal")))
	script := exec.CommandContext(t.Context(), "sh", "-ec", strings.Join(typed, "\n"))
	script.Env = []string{"PATH=" + bin, "HOME=" + bin, "TEMPORAL_ADDRESS=" + at.Address}
	said, err := script.CombinedOutput()
	require.NoError(t, err, "%s", said)
	engineIsReady(t, client.Options{HostPort: at.Address, Namespace: "typed"})
}

// TestDatabasesAreMadeAsTheyAreWritten runs the file's psql on a server of its own: whatever server the other tests
// were given is none to make roles on.
func TestDatabasesAreMadeAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	psql := beside(t, "postgres", "psql")
	pg, err := devstack.StartPostgres(t.Context(), devstack.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pg.Stop(context.Background())) })
	server, err := url.Parse(pg.URL)
	require.NoError(t, err)
	password, _ := server.User.Password()
	admin := as(server, server.User.Username(), password, "postgres")
	require.NoError(t, query(t, admin, "drop database shiming"), "the server comes with one; the image has none")

	vars := environment(project(t).Services["databases"])
	for _, next := range []string{"", "changed"} { // a second time, as when the file is started again with new passwords
		vars["SHIMING_DB_PASSWORD"] += next
		vars["TEMPORAL_DB_PASSWORD"] += next
		script := exec.CommandContext(t.Context(), "sh", "-ec", strings.Join(project(t).Services["databases"].Command, "\n"))
		script.Env = []string{"PATH=" + filepath.Dir(psql) + string(filepath.ListSeparator) + os.Getenv("PATH")}
		for name, value := range vars {
			script.Env = append(script.Env, name+"="+value)
		}
		script.Env = append(script.Env, "PGHOST="+server.Hostname(), "PGPORT="+server.Port(), "PGPASSWORD="+password)
		said, err := script.CombinedOutput()
		require.NoError(t, err, "%s", said)
	}
	for _, role := range []string{"shiming", "temporal"} {
		for _, database := range []string{"shiming", "temporal", "temporal_visibility"} {
			err := query(t, as(server, role, vars[strings.ToUpper(role)+"_DB_PASSWORD"], database), "create table mine (n int)")
			if strings.HasPrefix(database, role) {
				assert.NoError(t, err, "%s in %s", role, database)
			} else {
				assert.ErrorContains(t, err, "permission denied", "%s in %s", role, database)
			}
		}
	}
}

// beside finds a program in the folder of another. Debian has psql without a server too, and then not the version.
func beside(t *testing.T, server, tool string) string {
	t.Helper()
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	require.NoError(t, err)
	for _, folder := range append(folders, filepath.SplitList(os.Getenv("PATH"))...) {
		_, noServer := exec.LookPath(filepath.Join(folder, server))
		path, noTool := exec.LookPath(filepath.Join(folder, tool))
		if noServer == nil && noTool == nil {
			return path
		}
	}
	t.Skip("there is no " + tool + " beside a server to run the file's set-up with")
	return ""
}

func as(server *url.URL, role, password, database string) string {
	u := *server
	u.User, u.Path = url.UserPassword(role, password), "/"+database
	return u.String()
}

func query(t *testing.T, address, sql string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	require.NoError(t, conn.Close(ctx))
	return err
}
