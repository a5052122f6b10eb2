package backup

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/postgres"
	"shiming/internal/vault"
)

// The parts of a backup that can be put back.
const (
	PartDatabase = "database"
	PartScans    = "scans"
	PartEngine   = "engine"
)

// Target is where a backup is put back to.
type Target struct {
	DatabaseURL   string
	EngineURL     string
	VisibilityURL string
	Keys          *vault.Keys
	Blobs         *vault.Blobs
	Client        Client
	Say           func(string)

	Parts   []string // database, scans, engine
	Replace bool     // what the databases hold may be lost
	Force   bool     // nobody looks whether somebody uses them
}

// Outcome is what was put back.
type Outcome struct {
	Rows             int64 // of our database
	ScansPut         int
	ScansThereBefore int
}

// Check reads a whole backup and compares it with its manifest, and the keys with those that sealed it. Nothing is changed by it.
func Check(ctx context.Context, dir string, m Manifest, keys *vault.Keys) error {
	if err := verify(ctx, dir, m); err != nil {
		return err
	}
	if err := m.Keys.Fits(keys); err != nil {
		return fmt.Errorf("KEYS_FILE: %w: what this backup holds was sealed with others, so nobody could read it: give the key file that was in use on %s",
			err, m.TakenAt.Format("2006-01-02"))
	}
	return nil
}

// Restore puts a backup back that was checked. From the moment on at which our database has its rows it has [postgres.RestoringSchema] too: it
// is held until whoever calls this has it held by a row, also if they are killed before.
//
//	Scans come first and the database last, each whole or not at all, so that a restore which
//
// was interrupted is done again.
func Restore(ctx context.Context, dir string, m Manifest, to Target) (done Outcome, err error) {
	databases, err := to.databases(dir, m)
	if err != nil {
		return done, err
	}
	for _, one := range databases {
		if err := to.mayFill(ctx, one); err != nil {
			return done, fmt.Errorf("%s: %w", one.setting, err)
		}
	}
	if slices.Contains(to.Parts, PartScans) {
		to.Say("the scans…")
		if done.ScansPut, done.ScansThereBefore, err = putScans(ctx, dir, to.Blobs, to.Say); err != nil {
			return done, fmt.Errorf("BLOBS_URL: %w", err)
		}
	}
	for _, one := range databases {
		to.Say(one.what + "…")
		if err := to.fill(ctx, one); err != nil {
			return done, fmt.Errorf("%s: %w", one.setting, err)
		}
		if !one.ours {
			continue
		}
		for _, n := range m.Tables {
			done.Rows += n
		}
	}
	return done, nil
}

// database is one that is put back from a file.
type database struct {
	what, setting, url, file string
	ours                     bool // not the engine's
}

func (to Target) databases(dir string, m Manifest) (all []database, err error) {
	if slices.Contains(to.Parts, PartEngine) {
		if !m.Engine {
			return nil, errors.New("the backup has no database of the engine: leave the engine as it is, or start it empty, and its runs are rebuilt from rows")
		}
		for _, one := range []database{
			{what: "the engine's database", setting: "ENGINE_DATABASE_URL", url: to.EngineURL, file: engineFile},
			{what: "the engine's visibility", setting: "ENGINE_VISIBILITY_URL", url: to.VisibilityURL, file: visibilityFile},
		} {
			if _, has := m.Files[one.file]; !has {
				continue
			}
			if one.url == "" {
				return nil, fmt.Errorf("%s is not set: want where %s of the backup goes", one.setting, one.file)
			}
			one.file = filepath.Join(dir, one.file)
			all = append(all, one)
		}
	}
	if slices.Contains(to.Parts, PartDatabase) {
		all = append(all, database{what: "the database", setting: "DATABASE_URL", url: to.DatabaseURL, file: filepath.Join(dir, databaseFile), ours: true})
	}
	return all, nil
}

// replaced is the schema in which the tables wait that a backup takes the place of, until it is whole.
const replaced = "shiming_replaced"

// mayFill refuses a database that somebody uses, or that holds something.
func (to Target) mayFill(ctx context.Context, one database) error {
	conn, err := connect(ctx, one.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it only read
	if !to.Force {
		if err := unused(ctx, conn); err != nil {
			return err
		}
	}
	tables, err := countRelations(ctx, conn)
	if err != nil {
		return err
	}
	if tables > 0 && !to.Replace {
		return fmt.Errorf("the database holds %d tables: name an empty one, or say --replace, and they are lost", tables)
	}
	return nil
}

const (
	leaving = 3 * time.Second // how long whoever was just stopped may still be seen as connected
	looks   = 100 * time.Millisecond
)

// unused refuses a database that anybody else is connected to, and goes on being.
func unused(ctx context.Context, conn *pgx.Conn) error {
	for until := time.Now().Add(leaving); ; {
		err := connected(ctx, conn)
		if err == nil || time.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(looks):
		}
	}
}

// connected says who else is.
func connected(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `select distinct coalesce(nullif(application_name, ''), 'somebody') || coalesce(' at ' || host(client_addr), '')
		from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' order by 1`)
	if err != nil {
		return err
	}
	who, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(who) == 0 {
		return err
	}
	return fmt.Errorf("the database is in use (%s): stop the API, the workers and whoever else is connected, or say --force if it is none of ours", strings.Join(who, ", "))
}

func countRelations(ctx context.Context, conn *pgx.Conn) (n int, err error) {
	err = conn.QueryRow(ctx, `select count(*) from pg_class where relnamespace = to_regnamespace('public') and relkind in ('r', 'p', 'v', 'm', 'S')`).Scan(&n)
	return n, err
}

// fill puts what the database holds aside, takes the backup in, and only then lets go of it. A restore that was killed in between finds
// it there, and begins anew.
func (to Target) fill(ctx context.Context, one database) error {
	conn, err := connect(ctx, one.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))               //nolint:errcheck // every statement was answered
	marked, err := stands(ctx, conn, postgres.RestoringSchema) // a restore before this one was killed
	if err != nil {
		return err
	}
	aside, err := putAside(ctx, conn, one.ours)
	if err != nil {
		return err
	}
	if err := to.Client.restore(ctx, one.url, one.file); err != nil {
		return errors.Join(err, giveUp(context.WithoutCancel(ctx), conn, aside, one.ours && !marked))
	}
	_, err = conn.Exec(ctx, "drop schema if exists "+replaced+" cascade")
	return err
}

// putAside empties the schema. A backup comes in whole or not at all, so what stands there is whole; if nothing does, a restore was killed
// and what is aside is what was there. Ours is marked in the same moment: there are never rows of a backup without the mark, nor the mark
// beside rows of before.
func putAside(ctx context.Context, conn *pgx.Conn, ours bool) (aside bool, err error) {
	tables, err := countRelations(ctx, conn)
	if err != nil {
		return false, err
	}
	mark := ""
	if ours {
		mark = "create schema if not exists " + postgres.RestoringSchema + "; "
	}
	if tables == 0 {
		if _, err := conn.Exec(ctx, mark); err != nil {
			return false, err
		}
		return stands(ctx, conn, replaced)
	}
	_, err = conn.Exec(ctx, "begin; drop schema if exists "+replaced+" cascade; alter schema public rename to "+replaced+"; create schema public; "+mark+"commit")
	return true, err
}

func stands(ctx context.Context, conn *pgx.Conn, schema string) (yes bool, err error) {
	err = conn.QueryRow(ctx, `select to_regnamespace($1) is not null`, schema).Scan(&yes)
	return yes, err
}

// giveUp brings back what is aside, and takes the mark away if there was none before.
func giveUp(ctx context.Context, conn *pgx.Conn, aside, unmark bool) error {
	do := "begin; "
	if aside {
		do += "drop schema public cascade; alter schema " + replaced + " rename to public; "
	}
	if unmark {
		do += "drop schema " + postgres.RestoringSchema + "; "
	}
	_, err := conn.Exec(ctx, do+"commit")
	return err
}
