package meter

import (
	"context"
	"maps"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Work is what was done in one database.
type Work struct {
	Statements int64 // as pg_stat_statements counts calls, without those that only begin or end a transaction
	Controls   int64 // begin, commit, rollback
	Commits    int64 // transactions, as pg_stat_database counts them
	WAL        int64 // bytes, as pg_stat_statements counts them
}

func (w Work) minus(o Work) Work {
	return Work{w.Statements - o.Statements, w.Controls - o.Controls, w.Commits - o.Commits, w.WAL - o.WAL}
}

// Statement is one of a database's, with its values taken out.
type Statement struct{ Database, Text string }

// Uses says how often a statement was made and what it took.
type Uses struct {
	Calls int64
	Rows  int64
	WAL   int64   // bytes
	Ms    float64 // of execution
}

func (u Uses) minus(o Uses) Uses {
	return Uses{u.Calls - o.Calls, u.Rows - o.Rows, u.WAL - o.WAL, u.Ms - o.Ms}
}

// Database is what a server's databases had done at a time, by their name. The role that counts is left out.
type Database struct {
	At         time.Time
	Work       map[string]Work
	Statements map[Statement]Uses
	TotalWAL   int64 // also of commits, vacuum and whatever else is nobody's statement
}

// Since is what was done from a look to a later one.
func (d Database) Since(o Database) Database {
	diff := Database{At: d.At, Work: map[string]Work{}, Statements: map[Statement]Uses{}, TotalWAL: d.TotalWAL - o.TotalWAL}
	for name := range maps.Keys(d.Work) {
		diff.Work[name] = d.Work[name].minus(o.Work[name])
	}
	for statement, uses := range d.Statements {
		if u := uses.minus(o.Statements[statement]); u.Calls > 0 {
			diff.Statements[statement] = u
		}
	}
	return diff
}

const statementsQuery = `
select d.datname, s.query, sum(s.calls)::bigint, sum(s.rows)::bigint, sum(s.wal_bytes)::bigint, sum(s.total_exec_time)
from pg_stat_statements s join pg_database d on d.oid = s.dbid join pg_roles r on r.oid = s.userid
where r.rolname <> current_user
group by 1, 2`

var control = regexp.MustCompile(`(?i)^\s*(begin|start transaction|commit|rollback)\b`)

// Statements looks at statements and WAL. They are counted as soon as a statement has ended.
func Statements(ctx context.Context, pool *pgxpool.Pool) (Database, error) {
	d := Database{At: time.Now(), Work: map[string]Work{}, Statements: map[Statement]Uses{}}
	rows, err := pool.Query(ctx, statementsQuery)
	if err != nil {
		return d, err
	}
	var s Statement
	var u Uses
	_, err = pgx.ForEachRow(rows, []any{&s.Database, &s.Text, &u.Calls, &u.Rows, &u.WAL, &u.Ms}, func() error {
		d.add(s, u)
		return nil
	})
	if err != nil {
		return d, err
	}
	return d, pool.QueryRow(ctx, `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint`).Scan(&d.TotalWAL)
}

func (d Database) add(s Statement, u Uses) {
	d.Statements[s] = u
	w := d.Work[s.Database]
	if control.MatchString(s.Text) {
		w.Controls += u.Calls
	} else {
		w.Statements += u.Calls
	}
	w.WAL += u.WAL
	d.Work[s.Database] = w
}

// CommitsLag is how long it takes at most until a connection that fell idle has said how many transactions it had.
const CommitsLag = 11 * time.Second

// Commits looks at transactions: those of connections that have been idle for [CommitsLag], and of the others somewhat fewer.
func Commits(ctx context.Context, pool *pgxpool.Pool) (map[string]int64, error) {
	rows, err := pool.Query(ctx, `select datname, xact_commit from pg_stat_database where datname is not null`)
	if err != nil {
		return nil, err
	}
	commits := map[string]int64{}
	var name string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error {
		commits[name] = n
		return nil
	})
	return commits, err
}

// Disk is how large the databases are, in bytes.
func Disk(ctx context.Context, pool *pgxpool.Pool) (map[string]int64, error) {
	rows, err := pool.Query(ctx, `select datname, pg_database_size(oid) from pg_database where not datistemplate`)
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	var name string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error {
		sizes[name] = n
		return nil
	})
	return sizes, err
}
