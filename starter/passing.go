package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// dropWithin bounds the removal of a passing database.
const dropWithin = 10 * time.Second

// passingDatabase lives as long as a run that keeps nothing, on a server that is not ours. The database that
// DATABASE_URL names is left alone: what the run wrote would stay there, sealed by keys that are gone.
type passingDatabase struct {
	url, name string
	server    string // DATABASE_URL
}

func makePassingDatabase(ctx context.Context, server string) (*passingDatabase, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" {
		return nil, errors.New("DATABASE_URL is no PostgreSQL URL") // the cause would show its password
	}
	p := &passingDatabase{server: server, name: "shiming_dev_" + strings.ToLower(rand.Text()[:12])}
	u.Path = "/" + p.name
	p.url = u.String()
	if err := p.ask(ctx, "create database "+pgx.Identifier{p.name}.Sanitize()+" template template0"); err != nil {
		return nil, fmt.Errorf("DATABASE_URL: nothing is to be kept, so a database of its own is made on that server: %w (without DATABASE_URL a server is started here)", err)
	}
	return p, nil
}

// drop removes the database even when nobody waits for an orderly end any more.
func (p *passingDatabase) drop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropWithin)
	defer cancel()
	if err := p.ask(ctx, "drop database if exists "+pgx.Identifier{p.name}.Sanitize()+" with (force)"); err != nil {
		return fmt.Errorf("the database %s stays on the server at DATABASE_URL: %w", p.name, err)
	}
	return nil
}

func (p *passingDatabase) ask(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, p.server)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}
