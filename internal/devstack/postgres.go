package devstack

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	postgresName  = "PostgreSQL"
	postgresUser  = "postgres"
	databaseName  = "shiming"
	readyWithin   = 60 * time.Second
	readyPoll     = 20 * time.Millisecond
	startAttempts = 5
)

// PostgresOptions says where a development server keeps its data and where it listens.
type PostgresOptions struct {
	DataDir  string // kept between runs; empty: a temporary folder, removed by Stop, without durability
	SpareDir string // keeps the data if the server's user may not enter DataDir, which is then a link; default /var/lib/shiming-dev
	Port     int    // on 127.0.0.1; 0: a free one
	Log      *slog.Logger
	Progress func(string) // told what takes long; may be nil
}

// Postgres is a running server.
type Postgres struct {
	// URL opens the database "shiming" as superuser. It holds the server's random password.
	URL string

	process *process
	data    *dataDir
	stopped stopOnce
}

// StartPostgres starts a server and returns when it answers queries. The server outlives ctx: end it with Stop.
//
// The server binaries are those installed (PATH, /usr/lib/postgresql), else ones downloaded once. As root it runs as user
// `postgres` or `nobody`, which it gives the data folder to; where that user may not enter, the data is kept elsewhere and
// linked to. A port that is taken is a [*PortInUseError].
func StartPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	as, err := serverIdentity()
	if err != nil {
		return nil, err
	}
	data, err := openDataDir(o.DataDir, cmp.Or(o.SpareDir, spareDir), as)
	if err != nil {
		return nil, err
	}
	if data.link != "" {
		o.Progress(fmt.Sprintf("PostgreSQL keeps its data in %s: it runs as user %s, who may not enter %s", data.path, as.name, filepath.Dir(data.link)))
	}
	pg, err := startPostgresIn(ctx, data, o)
	if err != nil {
		if closeErr := data.close(); closeErr != nil {
			o.Log.Warn("cannot remove the data folder", "error", closeErr)
		}
		return nil, err
	}
	return pg, nil
}

func startPostgresIn(ctx context.Context, data *dataDir, o PostgresOptions) (*Postgres, error) {
	major, err := data.version()
	if err != nil {
		return nil, err
	}
	bin, err := findPostgres(ctx, data.as, major, o.Progress)
	if err != nil {
		return nil, err
	}
	if major == "" {
		if err := data.initialise(ctx, bin); err != nil {
			return nil, err
		}
	}
	password, err := data.password()
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		pg, retry, err := launchPostgres(ctx, bin, data, password, o)
		if err == nil || !retry || attempt == startAttempts {
			return pg, err
		}
		o.Log.Debug("PostgreSQL did not start, trying again", "error", err)
	}
}

// launchPostgres makes one attempt. Worth another is a lost race for a free port, and a data folder whose last owner
// was killed and whose server is still shutting down.
func launchPostgres(ctx context.Context, bin postgresBin, data *dataDir, password string, o PostgresOptions) (pg *Postgres, retry bool, err error) {
	port, err := choosePort(o.Port, postgresName)
	if err != nil {
		return nil, false, err
	}
	end := syscall.SIGINT // "fast": rolls back, then writes everything down
	if data.ephemeral() {
		end = syscall.SIGQUIT // "immediate": nothing is worth writing down
	}
	proc, err := start(command{
		name: postgresName, path: bin.tool("postgres"), args: postgresArgs(data, port), env: postgresEnv(),
		as: data.as, end: end, log: o.Log,
	})
	if err != nil {
		return nil, false, err
	}
	pg = &Postgres{URL: postgresURL(port, password), process: proc, data: data}
	if err := pg.awaitReady(ctx); err != nil {
		tail := proc.out.tail()
		if stopErr := proc.Stop(ctx); stopErr != nil {
			o.Log.Warn("cannot stop PostgreSQL", "error", stopErr)
		}
		switch {
		case strings.Contains(tail, "Address already in use") && o.Port != 0:
			return nil, false, &PortInUseError{Port: port, What: postgresName}
		case strings.Contains(tail, "Address already in use"):
			return nil, true, err
		case strings.Contains(tail, "postmaster.pid"):
			return nil, waitForOwner(ctx), fmt.Errorf("data folder %s is in use: %w", data.path, err)
		}
		return nil, false, err
	}
	return pg, false, nil
}

// waitForOwner gives a dying server a moment to leave its data folder.
func waitForOwner(ctx context.Context) bool {
	select {
	case <-time.After(500 * time.Millisecond):
		return true
	case <-ctx.Done():
		return false
	}
}

// awaitReady returns when the server's database can be used.
func (pg *Postgres) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		err := ensureDatabase(ctx, pg.URL)
		if err == nil {
			return nil
		}
		select {
		case <-pg.process.done:
			return pg.process.died()
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL was not ready in time: %w (%w)", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// ensureDatabase connects, making the database on the first start.
func ensureDatabase(ctx context.Context, databaseURL string) error {
	conf, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return fmt.Errorf("parse own URL: %w", err)
	}
	name := conf.Database
	conf.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, conf)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // only a probe
	var exists bool
	if err := conn.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, name).Scan(&exists); err != nil {
		return err
	}
	if exists {
		return nil
	}
	_, err = conn.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize())
	return err
}

// PID is the server's process id, for tests that kill it.
func (pg *Postgres) PID() int { return pg.process.cmd.Process.Pid }

// Done closes when the server has ended, by Stop or by itself.
func (pg *Postgres) Done() <-chan struct{} { return pg.process.done }

// Stop ends the server (open transactions are rolled back) and removes an ephemeral data folder. It may be called
// again, and after the server died.
func (pg *Postgres) Stop(ctx context.Context) error {
	return pg.stopped.do(func() error {
		stopErr := pg.process.Stop(ctx)
		if err := pg.data.close(); err != nil {
			return fmt.Errorf("remove data folder: %w", err)
		}
		return stopErr
	})
}

func postgresURL(port int, password string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(postgresUser, password), Host: hostPort(port),
		Path: "/" + databaseName, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// postgresArgs keep statements and row values, which are personal data, out of the server's log.
func postgresArgs(data *dataDir, port int) []string {
	settings := []string{
		"listen_addresses=" + loopback,
		fmt.Sprintf("port=%d", port),
		"unix_socket_directories=",
		"max_connections=300",
		"timezone=UTC",
		"log_timezone=UTC",
		"log_min_error_statement=panic",
		"log_error_verbosity=terse",
	}
	if data.ephemeral() {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")
	}
	args := []string{"-D", data.path}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	return args
}

// postgresEnv is ours without the variables by which a shell points libpq and the server elsewhere.
func postgresEnv() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PG") && !strings.HasPrefix(v, "LC_") && !strings.HasPrefix(v, "LANG") {
			env = append(env, v)
		}
	}
	return append(env, "LC_ALL=C") // its messages are read above
}
