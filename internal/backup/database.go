package backup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// snapshot is the database as it stands at one moment. It lasts as long as its transaction.
type snapshot struct {
	id      string
	takenAt time.Time
	schema  int64
	server  string
	tables  map[string]int64
	scans   map[string]string // a document's id, by the name of its scan
}

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// look shows fn the database at one moment, and keeps that moment for whoever knows its id as long as fn runs.
func look(ctx context.Context, databaseURL string, fn func(snapshot) error) error {
	conn, err := connect(ctx, databaseURL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it only read
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, conn, options, func(tx pgx.Tx) error {
		s, err := readSnapshot(ctx, tx)
		if err != nil {
			return err
		}
		return fn(s)
	})
}

func connect(ctx context.Context, databaseURL string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, errors.New("it is no PostgreSQL URL") // the cause would show its password
	}
	cfg.RuntimeParams["application_name"] = "shiming backup"
	cfg.ConnectTimeout = 10 * time.Second
	return pgx.ConnectConfig(ctx, cfg)
}

func readSnapshot(ctx context.Context, tx pgx.Tx) (s snapshot, err error) {
	err = tx.QueryRow(ctx, `select pg_export_snapshot(), now(), current_setting('server_version')`).Scan(&s.id, &s.takenAt, &s.server)
	if err != nil {
		return s, err
	}
	if s.schema, err = schemaOf(ctx, tx); err != nil {
		return s, err
	}
	if s.tables, err = countTables(ctx, tx); err != nil {
		return s, err
	}
	s.scans = map[string]string{}
	rows, err := tx.Query(ctx, `select id, subject || '/' || blob_key from documents`)
	if err != nil {
		return s, err
	}
	var id, name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		s.scans[name] = id
		return nil
	})
	return s, err
}

// schemaOf is the newest migration that a database has.
func schemaOf(ctx context.Context, q querier) (version int64, err error) {
	var known bool
	if err := q.QueryRow(ctx, `select to_regclass('public.goose_db_version') is not null`).Scan(&known); err != nil {
		return 0, err
	}
	if !known {
		return 0, errors.New("this database is not ours: it has never been migrated (starter migrate)")
	}
	err = q.QueryRow(ctx, `select coalesce(max(version_id), 0) from goose_db_version where is_applied`).Scan(&version)
	return version, err
}

func countTables(ctx context.Context, q querier) (map[string]int64, error) {
	rows, err := q.Query(ctx, `select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, name := range names {
		var n int64
		if err := q.QueryRow(ctx, "select count(*) from "+pgx.Identifier{name}.Sanitize()).Scan(&n); err != nil {
			return nil, fmt.Errorf("count %s: %w", name, err)
		}
		counts[name] = n
	}
	return counts, nil
}

// ServerMajor asks a server for its major version.
func ServerMajor(ctx context.Context, databaseURL string) (int, error) {
	conn, err := connect(ctx, databaseURL)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it only read
	var number int
	err = conn.QueryRow(ctx, `select current_setting('server_version_num')::int / 10000`).Scan(&number)
	return number, err
}
