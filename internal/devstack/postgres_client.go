package devstack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// PostgresClient is an installed version of PostgreSQL's programs for dumps.
type PostgresClient struct {
	Dump, Restore string // the programs' paths
	Major         int
}

// FindPostgresClient returns installed programs that can dump a server of that major version: of the same one if they are there, for what
// a newer one writes an older server may not read, else of the next newer. They are looked for in /usr/lib/postgresql and on PATH.
func FindPostgresClient(ctx context.Context, server int) (PostgresClient, error) {
	packaged, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return PostgresClient{}, err
	}
	dirs := slices.Concat(packaged, filepath.SplitList(os.Getenv("PATH")))
	return pickClient(clientsIn(ctx, dirs), server)
}

func pickClient(found []PostgresClient, server int) (PostgresClient, error) {
	fits := slices.DeleteFunc(slices.Clone(found), func(c PostgresClient) bool { return c.Major < server })
	if len(fits) > 0 {
		return slices.MinFunc(fits, func(a, b PostgresClient) int { return a.Major - b.Major }), nil
	}
	has := "none is installed"
	if len(found) > 0 {
		has = fmt.Sprintf("the newest here is of PostgreSQL %d", slices.MaxFunc(found, func(a, b PostgresClient) int { return a.Major - b.Major }).Major)
	}
	return PostgresClient{}, fmt.Errorf("pg_dump and pg_restore of PostgreSQL %d or newer are needed, and %s: install postgresql-client-%d, or put its programs on PATH",
		server, has, server)
}

func clientsIn(ctx context.Context, dirs []string) (found []PostgresClient) {
	for _, dir := range dirs {
		if c, ok := inspectClient(ctx, dir); ok {
			found = append(found, c)
		}
	}
	return found
}

var dumpVersion = regexp.MustCompile(`^pg_dump \(PostgreSQL\) (\d+)`)

func inspectClient(ctx context.Context, dir string) (c PostgresClient, ok bool) {
	if !filepath.IsAbs(dir) {
		return c, false
	}
	c = PostgresClient{Dump: program(filepath.Join(dir, "pg_dump")), Restore: program(filepath.Join(dir, "pg_restore"))}
	for _, path := range []string{c.Dump, c.Restore} {
		if _, err := exec.LookPath(path); err != nil {
			return c, false
		}
	}
	cmd := exec.CommandContext(ctx, c.Dump, "--version")
	cmd.Env = postgresEnv()
	out, err := cmd.Output()
	if err != nil {
		return c, false
	}
	m := dumpVersion.FindSubmatch(out)
	if m == nil {
		return c, false
	}
	c.Major, err = strconv.Atoi(string(m[1]))
	return c, err == nil
}
