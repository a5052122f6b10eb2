package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"shiming/internal/devstack"
)

// The databases of the one server, each of its owner, so that what is counted says whose it is.
const (
	productDatabase    = "shiming"
	temporalDatabase   = "temporal"
	visibilityDatabase = "temporal_visibility"
	productUser        = "shiming"
	temporalUser       = "temporal"
)

// durableServers are servers as in production: a PostgreSQL that waits for the disk and counts statements, and on it Temporal's
// server, its visibility and the product.
func durableServers(ctx context.Context, st *stack, progress io.Writer) (s *servers, err error) {
	s = &servers{namespace: "shiming"}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop(context.WithoutCancel(ctx)))
		}
	}()
	if err := s.startPostgres(ctx, st.path("postgres"), progress); err != nil {
		return s, err
	}
	password := rand.Text()
	if err := makeDatabases(ctx, s.admin, password); err != nil {
		return s, err
	}
	if s.database, err = asUser(s.admin, productUser, password, productDatabase); err != nil {
		return s, err
	}
	engine, err := asUser(s.admin, temporalUser, password, temporalDatabase)
	if err != nil {
		return s, err
	}
	err = s.startTemporal(ctx, st, engine, progress)
	return s, err
}

// postgresSettings stand behind initdb's own. No checkpoint falls into one round and not into another: after each, whole pages are
// written again.
const postgresSettings = `
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.max = 20000
shared_buffers = '256MB'
max_wal_size = '8GB'
checkpoint_timeout = '1h'
`

// startPostgres starts the server twice: pg_stat_statements counts only from a start on that its setting was there for.
func (s *servers) startPostgres(ctx context.Context, dir string, progress io.Writer) error {
	o := devstack.PostgresOptions{DataDir: dir, Progress: func(what string) { sayf(progress, "%s\n", what) }}
	first, err := devstack.StartPostgres(ctx, o)
	if err != nil {
		return err
	}
	err = appendTo(filepath.Join(dir, "postgresql.conf"), postgresSettings)
	if err := errors.Join(err, first.Stop(ctx)); err != nil {
		return err
	}
	if s.postgres, err = devstack.StartPostgres(ctx, o); err != nil {
		return err
	}
	s.admin, s.running = s.postgres.URL, append(s.running, s.postgres)
	return runSQL(ctx, s.admin, `create extension pg_stat_statements`)
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0) //nolint:gosec // a path of our own making
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func makeDatabases(ctx context.Context, admin, password string) error {
	var statements []string
	for _, user := range []string{productUser, temporalUser} {
		statements = append(statements, fmt.Sprintf("create role %s login password '%s'", user, password))
	}
	statements = append(statements,
		"alter database "+productDatabase+" owner to "+productUser,
		"create database "+temporalDatabase+" owner "+temporalUser,
		"create database "+visibilityDatabase+" owner "+temporalUser,
	)
	return runSQL(ctx, admin, statements...)
}

// asUser is the same server's address for somebody else.
func asUser(address, user, password, database string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("the server's address cannot be read")
	}
	u.User, u.Path = url.UserPassword(user, password), "/"+database
	return u.String(), nil
}

func runSQL(ctx context.Context, address string, statements ...string) (err error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
