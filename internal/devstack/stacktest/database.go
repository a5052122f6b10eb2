package stacktest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"shiming/internal/devstack"
)

// Migrate brings an empty database to the schema that tests expect. It must close its connections.
type Migrate func(ctx context.Context, url string) error

// dropWithin bounds the clean-up after a test.
const dropWithin = 30 * time.Second

// Database returns the URL of a database for this test alone, dropped when it ends. migrate (may be nil) runs once a package,
// on a template that each test's database is a copy of; it is known by its code, so it must not be a closure over
// what differs from test to test.
func Database(t testing.TB, migrate Migrate) string {
	t.Helper()
	s := stackOf(t)
	pg := s.postgres.get(t, startPostgres)
	template, err := pg.template(t.Context(), migrate)
	if err != nil {
		t.Fatalf("stacktest: prepare database: %v", err)
	}
	name := randomName("test")
	if err := pg.create(t.Context(), name, template); err != nil {
		t.Fatalf("stacktest: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), dropWithin)
		defer cancel()
		if err := pg.drop(ctx, name); err != nil {
			t.Errorf("stacktest: %v", err)
		}
	})
	return pg.urlOf(name)
}

// postgresServer is where databases are made: the server at DATABASE_URL, or one of our own.
type postgresServer struct {
	own  *devstack.Postgres // nil: DATABASE_URL's
	url  *url.URL
	pool *pgxpool.Pool

	mu        sync.Mutex
	templates map[uintptr]*migrated // by migrate function
}

// migrated is a template, or why there is none.
type migrated struct {
	once sync.Once
	name string
	err  error
}

func startPostgres(ctx context.Context) (*postgresServer, error) {
	pg := &postgresServer{templates: map[uintptr]*migrated{}}
	address := os.Getenv("DATABASE_URL")
	if address == "" {
		own, err := devstack.StartPostgres(ctx, devstack.PostgresOptions{Progress: progress})
		if err != nil {
			return nil, err
		}
		pg.own, address = own, own.URL
	}
	if err := pg.open(ctx, address); err != nil {
		if pg.own != nil {
			err = errors.Join(err, pg.own.Stop(ctx))
		}
		return nil, err
	}
	return pg, nil
}

func (pg *postgresServer) open(ctx context.Context, address string) (err error) {
	if pg.url, err = url.Parse(address); err != nil {
		return errors.New("DATABASE_URL is not a URL") // the cause would show its password
	}
	conf, err := pgxpool.ParseConfig(address)
	if err != nil {
		return errors.New("DATABASE_URL is not a PostgreSQL URL")
	}
	conf.MaxConns = 4
	if pg.pool, err = pgxpool.NewWithConfig(ctx, conf); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := pg.pool.Ping(ctx); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return nil
}

// stop drops the templates and ends the server, if it is ours.
func (pg *postgresServer) stop(ctx context.Context) error {
	defer pg.pool.Close()
	if pg.own != nil {
		return pg.own.Stop(ctx)
	}
	var err error
	for _, m := range pg.templates {
		if m.name != "" {
			err = errors.Join(err, pg.drop(ctx, m.name))
		}
	}
	return err
}

// template returns the database to copy.
func (pg *postgresServer) template(ctx context.Context, migrate Migrate) (string, error) {
	if migrate == nil {
		return "template0", nil
	}
	key := reflect.ValueOf(migrate).Pointer()
	pg.mu.Lock()
	m := pg.templates[key]
	if m == nil {
		m = &migrated{}
		pg.templates[key] = m
	}
	pg.mu.Unlock()
	m.once.Do(func() {
		name := randomName("template")
		if m.err = pg.create(ctx, name, "template0"); m.err != nil {
			return
		}
		m.name = name
		m.err = migrate(ctx, pg.urlOf(name))
	})
	return m.name, m.err
}

func (pg *postgresServer) create(ctx context.Context, name, template string) error {
	_, err := pg.pool.Exec(ctx, fmt.Sprintf("create database %s template %s", quote(name), quote(template)))
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}

func (pg *postgresServer) drop(ctx context.Context, name string) error {
	if _, err := pg.pool.Exec(ctx, fmt.Sprintf("drop database if exists %s with (force)", quote(name))); err != nil {
		return fmt.Errorf("drop database: %w", err)
	}
	return nil
}

func (pg *postgresServer) urlOf(name string) string {
	u := *pg.url
	u.Path = "/" + name
	return u.String()
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func randomName(kind string) string {
	return "shiming_" + kind + "_" + strings.ToLower(rand.Text())
}
