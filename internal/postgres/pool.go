package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"shiming/internal/vault"
	"shiming/internal/workday"
	"shiming/registration"
)

// Pool is how many connections a process opens at most, and as whom PostgreSQL shows them.
type Pool struct {
	Process     string // api, worker
	Connections int
	statements  func(sql string) // nil: nobody counts
}

// fewConnections is for a command that is given once and ends.
var fewConnections = Pool{Process: "command", Connections: 4}

const (
	connectWithin = 5 * time.Second
	pingWithin    = 5 * time.Second // of a connection that was idle, when it is taken
	spare         = 2               // connections kept ready for the next call
	oldest        = time.Hour       // a connection is replaced after that, and up to a tenth more so that not all are at once
	idlest        = 5 * time.Minute // a connection that nobody takes is closed after that
	examine       = 30 * time.Second
)

// keepAlive finds out within half a minute that a machine is gone, also where nothing is asked of it: of connections that listen.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// Option changes how a store is opened.
type Option func(*Pool)

// WithPool is for a process that serves.
func WithPool(p Pool) Option {
	return func(size *Pool) { p.statements, *size = size.statements, p }
}

// WithStatements calls each with the text of every statement that the store sends, begin and commit among them: for tests that
// count them.
func WithStatements(each func(sql string)) Option { return func(size *Pool) { size.statements = each } }

// Open connects to the database at url (postgres://…). Whoever finds all connections taken waits for one, first come first
// served, for as long as the context allows. [Store.Ping] tells whether the database answers.
func Open(ctx context.Context, url string, keys *vault.Keys, cal workday.Calendar, options ...Option) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("postgres: DATABASE_URL cannot be read: want postgres://user:password@host:port/database")
	}
	size := fewConnections
	for _, set := range options {
		set(&size)
	}
	size.configure(cfg)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("postgres: open: %w", err)
	}
	return &Store{
		pool: &connections{pool}, size: size, keys: keys, cal: cal, now: time.Now, seen: &sightings{}, answers: &answerKey{},
		ceilings: registration.DefaultCeilings(),
	}, nil
}

// configure sizes the pool. An API lends one connection to who listens to transitions, beside the pool.
func (p Pool) configure(cfg *pgxpool.Config) {
	cfg.ConnConfig.ConnectTimeout = connectWithin
	cfg.ConnConfig.DialFunc = (&net.Dialer{KeepAliveConfig: keepAlive}).DialContext
	cfg.ConnConfig.RuntimeParams["application_name"] = p.name()
	cfg.ConnConfig.Tracer = watch{p.statements}
	cfg.MaxConns = int32(p.Connections)
	if p.Process == "api" {
		cfg.MaxConns--
	}
	cfg.MinIdleConns = min(spare, cfg.MaxConns/5)
	cfg.MaxConnLifetime, cfg.MaxConnLifetimeJitter = oldest, oldest/10
	cfg.MaxConnIdleTime, cfg.HealthCheckPeriod, cfg.PingTimeout = idlest, examine, pingWithin
}

// name is how PostgreSQL shows the process's connections (pg_stat_activity.application_name): with how many it may open, so
// that others can count on them, and by a word of its own, so that two processes are two.
func (p Pool) name() string {
	return fmt.Sprintf("shiming %s %d %s", p.Process, p.Connections, registration.NewID("p")[2:10])
}

var named = regexp.MustCompile(`^shiming (?:api|worker) (\d+) `)

// room is how many connections there are for whom.
type room struct {
	allowed  int // by the server, to others than superusers
	promised int // to processes of the product, this one among them
	others   int // open just now, of anybody else
}

// CheckRoom fails if the server allows fewer connections than this process may open, and warns if it allows fewer than all
// processes that are there, and others, may.
func (s *Store) CheckRoom(ctx context.Context, log *slog.Logger) error {
	r, err := s.room(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("postgres: how many connections there are: %w", err)
	case s.size.Connections > r.allowed:
		return fmt.Errorf("DATABASE_CONNECTIONS is %d (set, or by the cores), and PostgreSQL allows %d: lower it, or raise max_connections", s.size.Connections, r.allowed)
	case r.promised+r.others > r.allowed:
		log.Warn("PostgreSQL allows fewer connections than may be opened: lower DATABASE_CONNECTIONS, or raise max_connections",
			"allowed", r.allowed, "this_process", s.size.Connections, "all_of_ours", r.promised, "of_others_now", r.others)
	}
	return nil
}

func (s *Store) room(ctx context.Context) (room, error) {
	r := room{promised: s.size.Connections}
	// The server's, less what it keeps for superusers and for a reserved role, and the bounds of database and role, if any.
	err := s.pool.QueryRow(ctx, `select least(current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
			- coalesce(current_setting('reserved_connections', true), '0')::int, nullif(d.datconnlimit, -1), nullif(u.rolconnlimit, -1))
		from pg_database d, pg_roles u where d.datname = current_database() and u.rolname = current_user`).Scan(&r.allowed)
	if err != nil {
		return r, err
	}
	own := s.pool.Config().ConnConfig.RuntimeParams["application_name"]
	rows, err := s.pool.Query(ctx, `select coalesce(application_name, ''), count(*)::int from pg_stat_activity
		where backend_type = 'client backend' and application_name is distinct from $1 group by 1`, own)
	if err != nil {
		return r, err
	}
	var name string
	var open int
	_, err = pgx.ForEachRow(rows, []any{&name, &open}, func() error {
		if m := named.FindStringSubmatch(name); m != nil {
			may, _ := strconv.Atoi(m[1]) // digits
			r.promised += may
		} else {
			r.others += open
		}
		return nil
	})
	return r, err
}
