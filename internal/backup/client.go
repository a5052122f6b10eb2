package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"shiming/internal/postgres"
)

// Client is where pg_dump and pg_restore are.
type Client struct{ Dump, Restore string }

// dump writes a database to a file, in PostgreSQL's custom format. snapshot, if not empty, is the state that it shows.
func (c Client) dump(ctx context.Context, databaseURL, snapshot, path string) error {
	args := []string{"--format=custom", "--no-owner", "--no-privileges", "--exclude-schema=" + replaced, "--exclude-schema=" + postgres.RestoringSchema, "--file=" + path}
	if snapshot != "" {
		args = append(args, "--snapshot="+snapshot)
	}
	return run(ctx, c.Dump, databaseURL, args...)
}

// restore fills an empty database from a file, wholly or not at all.
func (c Client) restore(ctx context.Context, databaseURL, path string) error {
	return run(ctx, c.Restore, databaseURL, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", path)
}

// run gives the password in the environment: everybody may read a command line.
func run(ctx context.Context, program, databaseURL string, args ...string) error {
	address, password, err := forLibpq(databaseURL)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, append(args, "--dbname="+address)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s: %w: %s", program, err, firstLines(said.String()))
	}
	return nil
}

// forLibpq takes out of a URL what only our own driver knows, and the password.
func forLibpq(databaseURL string) (address, password string, err error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return "", "", errors.New("the database's URL cannot be read") // the cause would show its password
	}
	query := u.Query()
	for name := range query {
		if strings.HasPrefix(name, "pool_") || name == "default_query_exec_mode" || name == "statement_cache_capacity" || name == "description_cache_capacity" {
			query.Del(name)
		}
	}
	u.RawQuery = query.Encode()
	password, _ = u.User.Password()
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String(), password, nil
}

// firstLines are enough to know what went wrong, and hold no rows.
func firstLines(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return strings.Join(lines[:min(len(lines), 3)], "; ")
}
