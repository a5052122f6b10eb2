package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// cloned are the tables that a registration's status is read from, or that grow with them, and what of each row must differ from its
// original's.
func cloned() map[string][]string {
	return map[string][]string{
		"vault_keys": {"subject"}, "vault_items": {"ref", "subject"}, "registrations": {"id", "account_id"}, "accounts": {"account_id", "registration_id"},
		"documents": {"id", "subject", "blob_key"}, "timeline": {"registration_id"}, "acts": {"id", "registration_id"}, "events": {"id", "registration_id", "account_id"},
	}
}

// unreconciled keeps the worker from looking for the runs of copies, which have none.
func unreconciled(r *roles) { r.worker["RECONCILE_EVERY"] = "24h" }

// clone fills the product's tables with copies of what is there, so many of each row, as superuser: no trigger runs, no key is checked. What must differ
// gets the tag, which may not have been used, and a number.
// The copies cannot be read by the product, and have no runs; they are in the way of what can, as in a database that is years old.
func clone(ctx context.Context, pool *pgxpool.Pool, tag string, times int) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `set local session_replication_role = replica`); err != nil {
			return err
		}
		for table, differing := range cloned() {
			if err := cloneTable(ctx, tx, table, differing, tag, times); err != nil {
				return fmt.Errorf("copy %s: %w", table, err)
			}
		}
		return nil
	})
}

func cloneTable(ctx context.Context, tx pgx.Tx, table string, differing []string, tag string, times int) error {
	rows, err := tx.Query(ctx, `select column_name from information_schema.columns
		where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER' and is_identity = 'NO' order by ordinal_position`, table)
	if err != nil {
		return err
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if len(columns) == 0 {
		return errors.New("there is no such table")
	}
	values := make([]string, len(columns))
	for i, column := range columns {
		columns[i] = pgx.Identifier{column}.Sanitize()
		values[i] = "t." + columns[i]
		for _, name := range differing {
			if name == column {
				values[i] += " || '-" + tag + "' || n"
			}
		}
	}
	name := pgx.Identifier{table}.Sanitize()
	_, err = tx.Exec(ctx, fmt.Sprintf(`insert into %s (%s) select %s from %s t, generate_series(1, %d) n`,
		name, strings.Join(columns, ", "), strings.Join(values, ", "), name, times))
	return err
}

// analyse has the planner know how large the tables are.
func analyse(ctx context.Context, pool *pgxpool.Pool) error {
	_, err := pool.Exec(ctx, `vacuum analyze`)
	return err
}
